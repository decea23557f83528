// SPDX-License-Identifier: BSD-3-Clause
// chaos domid: the domain id of a guest.
#include "chaos/any_domain.hpp"
#include "chaos/arguments.hpp"
#include "chaos/context.hpp"
#include "chaos/json.hpp"
#include "chaos/output.hpp"
#include "chaos/verbs.hpp"

namespace chaos::cli {

namespace {

Result<ExitCode> run(Context& context, const Arguments& arguments) {
    Host& host = *TRY(context.host());
    const GuestInfo guest = TRY(find_any(host, arguments.positionals().front()));
    if (context.json)
        TRY(print_json(Json{{"guests", Json::array({json_of(guest)})}}));
    else
        TRY(print(std::to_string(raw(guest.domain.id)) + "\n"));
    return ExitCode::success;
}

constexpr const char* text[] = {
    "Prints the domain id of a guest. It changes when the guest is rebooted; the name "
    "and the UUID do not."};
constexpr Positional positionals[] = {
    {"GUEST", false, false, Completes::guest, "The guest, by name or UUID."}};
constexpr Example examples[] = {{"chaos domid web", "Print the domain id of guest web."}};
constexpr ExitCode exits[] = {ExitCode::host, ExitCode::no_such_guest};

} // namespace

constinit const Verb domid_verb = {.name = "domid",
                                   .summary = "Print the domain id of a guest",
                                   .text = text,
                                   .options = {},
                                   .positionals = positionals,
                                   .examples = examples,
                                   .exits = exits,
                                   .json_fields = domain_fields,
                                   .run = run};

} // namespace chaos::cli
