// SPDX-License-Identifier: BSD-3-Clause
// chaos list: the domains of this host, in xl's columns.
#include "chaos/any_domain.hpp"
#include "chaos/arguments.hpp"
#include "chaos/context.hpp"
#include "chaos/guest_text.hpp"
#include "chaos/json.hpp"
#include "chaos/output.hpp"
#include "chaos/verbs.hpp"

namespace chaos::cli {

namespace {

Result<std::vector<GuestInfo>> wanted(Host& host, const std::vector<std::string>& names, bool shells) {
    std::vector<GuestInfo> guests;
    if (names.empty()) {
        guests = TRY(chaos::list(host));
        if (!shells)
            std::erase_if(guests, [](const GuestInfo& guest) { return guest.shell; });
        return guests;
    }
    for (const std::string& name : names)
        guests.push_back(TRY(find_any(host, name)));
    return guests;
}

Result<ExitCode> run(Context& context, const Arguments& arguments) {
    Host& host = *TRY(context.host());
    const auto guests = TRY(wanted(host, arguments.positionals(), arguments.has("all")));
    const bool long_format = arguments.has("long");
    if (context.json) {
        Json members = Json::array();
        for (const GuestInfo& guest : guests) {
            Json member = json_of(guest);
            if (long_format)
                member["config"] = guest.record ? json_of(guest.record->current_config()) : Json(nullptr);
            members.push_back(std::move(member));
        }
        TRY(print_json(Json{{"guests", std::move(members)}}));
        return ExitCode::success;
    }
    if (long_format) {
        Json members = Json::array();
        for (const GuestInfo& guest : guests)
            members.push_back(xl_json_of(guest));
        TRY(print_json(members, 4));
        return ExitCode::success;
    }
    std::string table = list_heading;
    for (const GuestInfo& guest : guests)
        table += list_row(guest);
    TRY(print(table));
    return ExitCode::success;
}

constexpr const char* text[] = {"Prints one row for each domain of the host, or for those named: name, "
                                "domain id, memory in MiB, virtual CPUs online, state, and CPU time used. "
                                "Domains that another tool made are listed too; their name is shown as -.",
                                "The state has six places: r runs now, b blocked (waits for an event), p "
                                "paused, s shut down, c crashed, d dying. A guest of which none holds waits "
                                "for a CPU."};
constexpr Option options[] = {
    {'a', "all", Takes::nothing, nullptr,
     "Show shells too: domains that are prepared and wait for their guest, or whose guest is being made just now. "
     "Their name is shown as (shell)."},
    {'l', "long", Takes::nothing, nullptr,
     "Print a JSON array in the shape of 'xl list -l', with the configuration of each guest. With --json, "
     "add the configuration to each member of guests instead."},
};
constexpr Positional positionals[] = {
    {"GUEST", true, true, Completes::guest, "Show only these, each by name, domain id or UUID."}};
constexpr Example examples[] = {{"chaos list", "Show every domain."},
                                {"chaos list --json | jq -r '.guests[] | select(.state == \"crashed\").name'",
                                 "Names of the guests that crashed."}};
constexpr ExitCode exits[] = {ExitCode::host, ExitCode::no_such_guest};

} // namespace

constinit const Verb list_verb = {.name = "list",
                                  .summary = "Show the domains of this host",
                                  .text = text,
                                  .options = options,
                                  .positionals = positionals,
                                  .examples = examples,
                                  .exits = exits,
                                  .json_fields = domain_fields,
                                  .run = run};

} // namespace chaos::cli
