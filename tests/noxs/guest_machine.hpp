// SPDX-License-Identifier: BSD-3-Clause
// A guest without a processor of its own: memory that both sides see, and a record of what the guest did.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "libchaos/domain/device_page.hpp"
#include "libchaos/domain/memory_layout.hpp"

/// Thrown where a guest would end.
struct GuestEnded {
    std::string how;
};

/// The special pages of a guest, in memory below 4 GiB where an address is its own guest-physical address.
class GuestMachine {
  public:
    static constexpr std::uint32_t system_port = 3;
    static constexpr std::uint32_t console_port = 4;

    explicit GuestMachine(std::string_view command_line = {});
    ~GuestMachine();
    GuestMachine(const GuestMachine&) = delete;
    GuestMachine& operator=(const GuestMachine&) = delete;

    [[nodiscard]] std::byte* page(chaos::Gfn frame) const {
        return reinterpret_cast<std::byte*>(frame.address());
    }
    [[nodiscard]] chaos::Gfn system() const { return first_ + 0; }
    [[nodiscard]] chaos::Gfn console() const { return first_ + 1; }
    [[nodiscard]] chaos::Gfn device_page() const { return first_ + 2; }
    [[nodiscard]] chaos::Gfn start_info() const { return first_ + 3; }
    /// For the control page of a device that comes later.
    [[nodiscard]] chaos::Gfn spare() const { return first_ + 4; }

    /// Lets the guest read its start info, as its first instructions would.
    void boot() const;
    /// Calls the guest's handler of `port`, as an event would.
    static void deliver(std::uint32_t port);
    /// Ports the guest notified since the last call.
    static std::vector<std::uint32_t> take_notifications();

  private:
    static constexpr std::size_t pages = 5;
    chaos::Gfn first_;
};
