// SPDX-License-Identifier: BSD-3-Clause
// Breaks every promise a guest makes to its back-ends, to show that only its own devices suffer.
//
//   seed=1       another course of events; the kind of harm is seed modulo their number
//   seconds=5    for so long; then it says what became of its devices, and powers off
#include "command_line.hpp"
#include "harm.hpp"

#include <optional>

using namespace unikernel;

void unikernel::app_main(const BootInfo& boot) {
    const std::uint64_t seed = number_or(boot.command_line(), "seed", 1);
    const std::uint64_t end = monotonic_ns() + number_or(boot.command_line(), "seconds", 5) * 1'000'000'000;
    const Harm& harm = all_harms()[seed % all_harms().size()];
    Dice dice(seed);

    constexpr std::size_t most = 8;
    constinit static std::optional<Victim> victims[most];
    std::size_t count = 0;
    for (const auto type : {NOXS_DEVICE_VIF, NOXS_DEVICE_VBD}) {
        Device devices[most];
        const auto found = list_devices(type, devices);
        for (std::size_t i = 0; i < found && count < most; ++i) {
            victims[count++].emplace(type, devices[i]);
        }
    }
    print("hostile: seed {}: {}, on {} devices\n", seed, harm.name, count);
    for (std::size_t i = 0; i < count && harm.after_good_offer; ++i) {
        victims[i]->offer(static_cast<std::uint32_t>(dice.roll()));
        victims[i]->wait_for_back_end();
    }
    ready();
    std::uint64_t rounds = 0;
    for (; count > 0 && monotonic_ns() < end; ++rounds) {
        harm.once(*victims[dice.below(count)], dice);
        if (dice.one_in(8)) {
            sleep_ns(dice.below(2'000'000));
        }
    }
    for (std::size_t i = 0; i < count; ++i) {
        print("hostile: {} {} is in state {} after {} rounds\n", victims[i]->is_vif() ? "vif" : "vbd",
              victims[i]->id(), victims[i]->back_end_state(), rounds);
    }
}
