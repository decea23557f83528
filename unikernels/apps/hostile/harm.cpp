// SPDX-License-Identifier: BSD-3-Clause
// Each of these breaks another promise of docs/noxs.md or of Xen's ring headers.
#include "harm.hpp"

#include <xen/grant_table.h>
#include <xen/io/blkif.h>
#include <xen/io/netif.h>

using namespace unikernel;

namespace {

constexpr std::size_t first_slot = 16; // in words
constexpr std::size_t words = page_size / 4;

std::uint32_t any_reference(const Victim& victim, Dice& dice) {
    return dice.one_in(2) ? victim.buffer_reference(dice.roll()) : dice.nasty();
}

/// The offer itself makes no sense.
void bad_offer(const Victim& victim, Dice& dice) {
    victim.half().features = dice.nasty();
    victim.half().ring_pages =
        dice.one_in(3) ? dice.nasty() : static_cast<std::uint32_t>(victim.ring_count());
    for (std::size_t i = 0; i < NOXS_MAXIMUM_RING_PAGES; ++i) {
        victim.half().ring_references[i] =
            dice.one_in(2) ? victim.ring_reference(i % victim.ring_count()) : dice.nasty();
    }
    victim.half().state = dice.one_in(4) ? dice.nasty() : std::uint32_t{NOXS_FRONTEND_OFFERED};
    victim.publish();
}

/// Offers, closes, offers again, faster than anybody can follow.
void fickle(const Victim& victim, Dice& dice) {
    for (int i = 0; i < 16; ++i) {
        victim.half().state = static_cast<std::uint32_t>(dice.below(3));
        victim.half().sequence = victim.half().sequence + (dice.one_in(4) ? dice.nasty() : 1);
        if (dice.one_in(3)) {
            victim.notify();
        }
    }
}

/// Ring indices that cannot be.
void wild_indices(const Victim& victim, Dice& dice) {
    auto* ring = victim.ring(dice.below(victim.ring_count()));
    ring[dice.below(4)] = dice.one_in(2) ? ring[0] + dice.nasty() : dice.nasty();
    victim.notify();
}

/// Requests that cannot be carried out, in proper places on the ring.
void bad_requests(const Victim& victim, Dice& dice) {
    const std::size_t number = dice.below(victim.ring_count());
    auto* ring = victim.ring(number);
    const std::uint32_t producer = ring[0];
    const std::uint64_t count = 1 + dice.below(30);
    for (std::uint32_t i = 0; i < count; ++i) {
        if (!victim.is_vif()) {
            auto* slot = reinterpret_cast<volatile std::uint8_t*>(ring + first_slot) +
                         (producer + i) % 32 * sizeof(blkif_request);
            blkif_request request{};
            request.operation = static_cast<std::uint8_t>(dice.one_in(4) ? dice.roll() : dice.below(8));
            request.nr_segments =
                static_cast<std::uint8_t>(dice.one_in(3) ? dice.nasty() : 1 + dice.below(11));
            request.handle = static_cast<blkif_vdev_t>(dice.one_in(3) ? dice.nasty() : 0);
            request.id = dice.roll();
            request.sector_number = dice.one_in(2)   ? dice.below(64)
                                    : dice.one_in(2) ? dice.roll()
                                                     : dice.nasty();
            for (auto& segment : request.seg) {
                segment.gref = any_reference(victim, dice);
                segment.first_sect = static_cast<std::uint8_t>(dice.one_in(3) ? dice.nasty() : 0);
                segment.last_sect = static_cast<std::uint8_t>(dice.one_in(3) ? dice.nasty() : 7);
            }
            for (std::size_t byte = 0; byte < sizeof(request); ++byte) {
                slot[byte] = reinterpret_cast<const std::uint8_t*>(&request)[byte];
            }
        } else if (number == 0) {
            auto* slot = ring + first_slot + (producer + i) % 256 * (sizeof(netif_tx_request) / 4);
            slot[0] = any_reference(victim, dice);
            slot[1] = dice.nasty() << 16 | (dice.one_in(2) ? 0 : dice.nasty() & 0xffff); // flags, offset
            slot[2] = dice.nasty() << 16 | (dice.nasty() & 0xffff);                      // size, id
        } else {
            auto* slot = ring + first_slot + (producer + i) % 256 * (sizeof(netif_rx_request) / 4);
            slot[0] = dice.nasty();
            slot[1] = any_reference(victim, dice);
        }
    }
    ring[0] = producer + static_cast<std::uint32_t>(count);
    victim.notify();
}

/// A frame without end: every request says that more follows.
void endless_frame(const Victim& victim, Dice& dice) {
    if (!victim.is_vif()) {
        return bad_requests(victim, dice);
    }
    auto* ring = victim.ring(0);
    const std::uint32_t producer = ring[0];
    const std::uint32_t room = 256 - (producer - ring[2]);
    const std::uint16_t flag = dice.one_in(3) ? NETTXF_more_data | NETTXF_extra_info : NETTXF_more_data;
    for (std::uint32_t i = 0; i < room; ++i) {
        auto* slot = ring + first_slot + (producer + i) % 256 * (sizeof(netif_tx_request) / 4);
        slot[0] = victim.buffer_reference(i);
        slot[1] = std::uint32_t{flag} << 16;
        slot[2] = std::uint32_t{60'000} << 16 | i;
    }
    ring[0] = producer + room;
    victim.notify();
}

/// Changes requests after they were shown, while the other side may be reading them.
void second_thoughts(const Victim& victim, Dice& dice) {
    bad_requests(victim, dice);
    for (int i = 0; i < 2'000; ++i) {
        auto* ring = victim.ring(dice.below(victim.ring_count()));
        ring[first_slot + dice.below(words - first_slot)] =
            dice.one_in(2) ? any_reference(victim, dice) : dice.nasty();
    }
}

/// Noise over whole rings, indices and all.
void scribble(const Victim& victim, Dice& dice) {
    for (int i = 0; i < 64; ++i) {
        victim.ring(dice.below(victim.ring_count()))[dice.below(words)] = dice.nasty();
    }
    victim.notify();
}

/// Noise over the control page: the toolstack's and the back-end's parts, too.
void scribble_control_page(const Victim& victim, Dice& dice) {
    for (int i = 0; i < 8; ++i) {
        const std::size_t word = dice.below(dice.one_in(4) ? words : 48);
        reinterpret_cast<volatile std::uint32_t*>(victim.control_page().data())[word] = dice.nasty();
    }
    victim.notify();
}

/// Takes grants away and gives others, while they are in use.
void juggle_grants(const Victim& victim, Dice& dice) {
    const auto table = grant_table();
    for (int i = 0; i < 8; ++i) {
        const std::uint32_t reference = dice.one_in(3)
                                            ? victim.ring_reference(dice.below(victim.ring_count()))
                                            : victim.buffer_reference(dice.roll());
        if (reference >= table.entries) {
            return;
        }
        volatile auto& entry = static_cast<grant_entry_v1*>(table.memory)[reference];
        if (dice.one_in(2)) {
            entry.flags = static_cast<std::uint16_t>(dice.one_in(2) ? 0 : dice.nasty());
        } else {
            entry.frame = dice.nasty();
        }
    }
    bad_requests(victim, dice);
}

/// Events, and nothing to look at.
void event_storm(const Victim& victim, Dice&) {
    for (int i = 0; i < 5'000; ++i) {
        victim.notify();
    }
}

constexpr Harm harms[] = {
    {"bad offer", false, bad_offer},
    {"fickle", false, fickle},
    {"fickle after a good offer", true, fickle},
    {"wild indices", true, wild_indices},
    {"bad requests", true, bad_requests},
    {"endless frame", true, endless_frame},
    {"second thoughts", true, second_thoughts},
    {"scribble", true, scribble},
    {"scribble over the control page", true, scribble_control_page},
    {"juggle grants", true, juggle_grants},
    {"event storm", true, event_storm},
};

} // namespace

std::span<const Harm> all_harms() {
    return harms;
}
