// SPDX-License-Identifier: BSD-3-Clause
// chaos domname: the name of a domain.
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
    const std::string& asked = arguments.positionals().front();
    const GuestInfo guest = TRY(find_any(host, asked));
    if (guest.name().empty())
        return Error(ErrorKind::not_found,
                     "domain " + asked + " was not made by chaos, which knows no name for it");
    if (context.json)
        TRY(print_json(Json{{"guests", Json::array({json_of(guest)})}}));
    else
        TRY(print(guest.name() + "\n"));
    return ExitCode::success;
}

constexpr const char* text[] = {"Prints the name of the guest with that domain id or UUID."};
constexpr Positional positionals[] = {
    {"ID", false, false, Completes::nothing, "The guest, by domain id or UUID."}};
constexpr Example examples[] = {{"chaos domname 32700", "Print the name of domain 32700."}};
constexpr ExitCode exits[] = {ExitCode::host, ExitCode::no_such_guest};

} // namespace

constinit const Verb domname_verb = {.name = "domname",
                                     .summary = "Print the name of a domain",
                                     .text = text,
                                     .options = {},
                                     .positionals = positionals,
                                     .examples = examples,
                                     .exits = exits,
                                     .json_fields = domain_fields,
                                     .run = run};

} // namespace chaos::cli
