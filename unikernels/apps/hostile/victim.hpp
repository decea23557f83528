// SPDX-License-Identifier: BSD-3-Clause
// A device with nothing between it and the harm that is to be done: raw control page, raw rings, raw grants.
#pragma once

#include "devices.hpp"
#include "grant_table.hpp"
#include "runtime.hpp"

#include <atomic>
#include <cstring>
#include <iterator>
#include <span>

/// The same numbers for the same seed, always.
class Dice {
  public:
    explicit Dice(std::uint64_t seed) : state_(seed * 0x9e37'79b9'7f4a'7c15 + 1) {}
    std::uint64_t roll() {
        state_ ^= state_ << 13;
        state_ ^= state_ >> 7;
        state_ ^= state_ << 17;
        return state_;
    }
    std::uint64_t below(std::uint64_t limit) { return roll() % limit; }
    bool one_in(std::uint64_t chances) { return below(chances) == 0; }
    /// Mostly numbers at which comparisons go wrong.
    std::uint32_t nasty() {
        constexpr std::uint32_t favourites[] = {
            0,    1,    2,      8,      9,      10,  11,   255,  256,         257,         4095,
            4096, 4097, 0x7fff, 0x8000, 0xffff, 134, 2047, 2048, 0x7fff'ffff, 0x8000'0000, 0xffff'ffff};
        return one_in(3) ? static_cast<std::uint32_t>(roll()) : favourites[below(std::size(favourites))];
    }

  private:
    std::uint64_t state_;
};

class Victim {
  public:
    static constexpr std::size_t buffer_pages = 8;

    Victim(noxs_device_type type, const unikernel::Device& device)
        : type_(type), device_(device), handler_([] {}) {
        pages_ = type == NOXS_DEVICE_VIF ? 2 : 1;
        memory_ = static_cast<std::byte*>(unikernel::allocate_pages(pages_ + buffer_pages));
        first_ = memory_ != nullptr
                     ? unikernel::grant_pages(device.backend_domain, memory_, pages_ + buffer_pages)
                     : 0;
        if (first_ == 0) {
            unikernel::panic("no memory to do harm with");
        }
        std::memset(memory_, 0, (pages_ + buffer_pages) * unikernel::page_size);
        handler_.bind(device.port);
    }

    [[nodiscard]] bool is_vif() const { return type_ == NOXS_DEVICE_VIF; }
    [[nodiscard]] std::uint16_t id() const { return device_.id; }
    [[nodiscard]] std::size_t ring_count() const { return pages_; }

    [[nodiscard]] volatile noxs_frontend_half& half() const {
        return static_cast<noxs_vif_page*>(device_.control_page)->frontend;
    }
    [[nodiscard]] std::uint32_t back_end_state() const {
        return static_cast<volatile noxs_vif_page*>(device_.control_page)->backend.state;
    }
    [[nodiscard]] std::span<std::byte> control_page() const {
        return {static_cast<std::byte*>(device_.control_page), unikernel::page_size};
    }
    /// The words of a ring: request producer, request event, response producer, response event, …; slots from word 16 on.
    [[nodiscard]] volatile std::uint32_t* ring(std::size_t number) const {
        return reinterpret_cast<volatile std::uint32_t*>(memory_ + number * unikernel::page_size);
    }
    [[nodiscard]] unikernel::GrantReference ring_reference(std::size_t number) const {
        return first_ + static_cast<unikernel::GrantReference>(number);
    }
    /// One that is good for requests to name.
    [[nodiscard]] unikernel::GrantReference buffer_reference(std::uint64_t number) const {
        return first_ + static_cast<unikernel::GrantReference>(pages_ + number % buffer_pages);
    }

    /// Offers the rings as a well-behaved guest does.
    void offer(std::uint32_t features) const {
        for (std::size_t i = 0; i < pages_; ++i) {
            ring(i)[1] = 1;
            ring(i)[3] = 1;
            half().ring_references[i] = ring_reference(i);
        }
        half().features = features;
        half().ring_pages = static_cast<std::uint32_t>(pages_);
        half().state = NOXS_FRONTEND_OFFERED;
        publish();
    }
    void publish() const {
        std::atomic_thread_fence(std::memory_order_release);
        half().sequence = half().sequence + 1;
        notify();
    }
    void notify() const { unikernel::notify(device_.port); }
    /// Until somebody serves the rings, or half a second has passed.
    void wait_for_back_end() const {
        const std::uint64_t deadline = unikernel::monotonic_ns() + 500'000'000;
        unikernel::wake_by_ns(deadline);
        unikernel::wait_until(
            [&] { return back_end_state() != NOXS_BACKEND_ABSENT || unikernel::monotonic_ns() >= deadline; });
    }

  private:
    noxs_device_type type_;
    unikernel::Device device_;
    unikernel::EventHandler handler_;
    std::size_t pages_;
    std::byte* memory_;
    unikernel::GrantReference first_;
};
