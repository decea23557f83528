// SPDX-License-Identifier: BSD-3-Clause
// The members of create --json, and the line of chaos -v.
#include "chaos/made_guest.hpp"

#include "chaos/json.hpp"
#include "chaos/output.hpp"

namespace chaos::cli {

Result<void> print_made(const std::vector<MadeGuest>& made) {
    Json guests = Json::array();
    for (const MadeGuest& one : made) {
        const PhaseTimes& times = one.guest.times;
        guests.push_back({{"name", one.guest.name},
                          {"id", raw(one.guest.id)},
                          {"uuid", one.guest.uuid.to_string()},
                          {"hit", one.hit},
                          {"pool", one.pool.empty() ? Json(nullptr) : Json(one.pool)},
                          {"queued_us", one.queued_us},
                          {"prepare_us", times.prepare_us},
                          {"execute_us", times.execute_us},
                          {"ready_us", times.ready_us > 0 ? Json(times.ready_us) : Json(nullptr)},
                          {"total_us", one.total_us}});
    }
    return print_json(Json{{"guests", std::move(guests)}});
}

void say_what_was_done(const MadeGuest& made) {
    const CreatedGuest& guest = made.guest;
    const auto ms = [](std::uint64_t us) { return static_cast<double>(us) / 1000.0; };
    std::string line = format("created guest %s as domain %d", guest.name.c_str(), raw(guest.id));
    if (made.by_daemon)
        line += made.hit ? " from pool " + made.pool : " by chaosd";
    line +=
        format(": prepare %.3f ms, execute %.3f ms", ms(guest.times.prepare_us), ms(guest.times.execute_us));
    if (guest.times.ready_us > 0)
        line += format(", ready %.3f ms later", ms(guest.times.ready_us));
    note(line);
}

} // namespace chaos::cli
