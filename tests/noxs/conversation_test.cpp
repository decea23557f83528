// SPDX-License-Identifier: BSD-3-Clause
// The toolstack and a guest, joined over the same pages: from boot over the console to the end.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "console.hpp"
#include "guest_machine.hpp"
#include "libchaos/xen/console_ring.hpp"
#include "noxs/noxs.h"
#include "system_device.hpp"

namespace {

using testing::Contains;

/// Sends a request and lets the guest see it; how the guest ended, or "" if it runs on.
std::string request(const GuestMachine& machine, std::uint32_t what, std::uint32_t& sequence) {
    sequence = chaos::write_system_request(machine.page(machine.system()), what);
    try {
        GuestMachine::deliver(GuestMachine::system_port);
    } catch (const GuestEnded& end) {
        return end.how;
    }
    return "";
}

// The runtime belongs to one guest for ever, so its whole life is one test.
TEST(Conversation, guest_and_toolstack_agree_from_boot_to_poweroff) {
    const GuestMachine machine("greet=hello last");
    machine.boot();
    std::byte* system = machine.page(machine.system());
    std::byte* console = machine.page(machine.console());

    unikernel::write("up\n");
    EXPECT_EQ(chaos::xen::peek_console_ring(console), "up\r\n");
    EXPECT_EQ(chaos::xen::read_console_ring(console), "up\r\n");
    EXPECT_EQ(chaos::xen::read_console_ring(console), "");
    EXPECT_THAT(GuestMachine::take_notifications(), Contains(GuestMachine::console_port));

    EXPECT_FALSE(chaos::read_system_page(system, 0).ready);
    unikernel::ready();
    EXPECT_TRUE(chaos::read_system_page(system, 0).ready);
    EXPECT_THAT(GuestMachine::take_notifications(), Contains(GuestMachine::system_port));

    // More than the ring holds: the end is lost, the guest goes on.
    unikernel::write(std::string(3000, 'x'));
    EXPECT_EQ(chaos::xen::read_console_ring(console), std::string(2048, 'x'));

    constexpr std::string_view typed = "list\r";
    EXPECT_EQ(chaos::xen::write_console_ring(console, typed), typed.size());
    std::array<char, 64> line;
    EXPECT_EQ(unikernel::read_line(line), "list");
    (void)chaos::xen::read_console_ring(console); // its echo

    std::uint32_t sequence = 0;
    EXPECT_EQ(request(machine, NOXS_REQUEST_SUSPEND, sequence), "");
    chaos::SystemReport report = chaos::read_system_page(system, sequence);
    EXPECT_TRUE(report.answered);
    EXPECT_FALSE(report.accepted);
    EXPECT_TRUE(report.ready) << "a refused request must not change the state";
    EXPECT_FALSE(chaos::read_system_page(system, sequence + 1).answered) << "that request was not sent yet";

    EXPECT_EQ(request(machine, 77, sequence), "") << "unknown to the guest";
    EXPECT_FALSE(chaos::read_system_page(system, sequence).accepted);

    GuestMachine::deliver(GuestMachine::system_port); // spurious: nothing new on the page
    EXPECT_EQ(request(machine, NOXS_REQUEST_POWEROFF, sequence), "power off");
    report = chaos::read_system_page(system, sequence);
    EXPECT_TRUE(report.answered);
    EXPECT_TRUE(report.accepted);
    EXPECT_FALSE(report.ready);
}

} // namespace
