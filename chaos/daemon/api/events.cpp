// SPDX-License-Identifier: BSD-3-Clause
// /v1/events: what happens, as JSON lines that end when the client goes.
#include "chaos/daemon/api/api.hpp"
#include "chaos/daemon/api/shapes.hpp"
#include "libchaos/config/text.hpp"

namespace chaos::daemon::api {
namespace {

Result<std::uint32_t> read_kinds(std::string_view text) {
    std::uint32_t kinds = 0;
    while (!text.empty()) {
        const std::string_view word = text.substr(0, text.find(','));
        text.remove_prefix(std::min(word.size() + 1, text.size()));
        std::uint32_t bit = 0;
        for (std::size_t kind = 0; kind < event_kinds; ++kind)
            if (name_of(static_cast<EventKind>(kind)) == word)
                bit = 1u << kind;
        if (bit == 0)
            return Error(ErrorKind::invalid_argument, "there is no event of kind " + config::in_quotes(word))
                .advise("Kinds are created, ready, died, restarted, destroyed, shell_ready, shell_failed and "
                        "pool_changed.");
        kinds |= bit;
    }
    return kinds;
}

Result<EventFilter> read_filter(const Target& target) {
    TRY(has_only(target, {"kind", "guest", "flavour"}));
    EventFilter filter;
    if (const std::string* kinds = find(target, "kind"))
        filter.kinds = TRY(read_kinds(*kinds));
    if (const std::string* guest = find(target, "guest"))
        filter.guest = *guest;
    if (const std::string* flavour = find(target, "flavour"))
        filter.flavour = *flavour;
    return filter;
}

} // namespace

bool EventFilter::lets_through(const Event& event) const {
    return (kinds == 0 || (kinds >> static_cast<unsigned>(event.kind) & 1)) &&
           (guest.empty() || guest == event.guest) && (flavour.empty() || flavour == event.flavour);
}

void Api::follow_events(Call call) {
    auto filter = read_filter(call.target);
    if (!filter)
        return call.fail(filter.error());
    Response response;
    response.content_type = "application/x-ndjson";
    response.events = std::move(*filter);
    call.answer(std::move(response));
}

} // namespace chaos::daemon::api
