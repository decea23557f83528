// SPDX-License-Identifier: BSD-3-Clause
// chaos rename: gives a guest another name.
#include "chaos/any_domain.hpp"
#include "chaos/arguments.hpp"
#include "chaos/context.hpp"
#include "chaos/json.hpp"
#include "chaos/verbs.hpp"
#include "libchaos/domain/lifecycle.hpp"

namespace chaos::cli {

namespace {

Result<ExitCode> run(Context& context, const Arguments& arguments) {
    Host& host = *TRY(context.host());
    const std::string& new_name = arguments.positionals().back();
    TRY(check_guest_name(new_name));
    const GuestInfo guest = TRY(chaos::find(host, arguments.positionals().front()));
    TRY(chaos::rename(host, guest, new_name));
    if (!context.json)
        return ExitCode::success;
    const GuestInfo renamed = TRY(chaos::find(host, new_name));
    TRY(print_json(Json{{"guests", Json::array({json_of(renamed)})}}));
    return ExitCode::success;
}

constexpr const char* text[] = {
    "Gives a guest another name, at once and while it runs. A name is made of letters, digits, points, "
    "hyphens and underscores, at most 64 of them, the first a letter or a digit; it cannot be only digits."};
constexpr Positional positionals[] = {
    {"GUEST", false, false, Completes::guest, "The guest, by name, domain id or UUID."},
    {"NAME", false, false, Completes::nothing, "Its new name."}};
constexpr Example examples[] = {{"chaos rename web web-old", "Make room for another guest called web."}};
constexpr ExitCode exits[] = {ExitCode::host, ExitCode::no_such_guest, ExitCode::name_taken};

} // namespace

constinit const Verb rename_verb = {.name = "rename",
                                    .summary = "Give a guest another name",
                                    .text = text,
                                    .options = {},
                                    .positionals = positionals,
                                    .examples = examples,
                                    .exits = exits,
                                    .json_fields = domain_fields,
                                    .run = run};

} // namespace chaos::cli
