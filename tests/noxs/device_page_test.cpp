// SPDX-License-Identifier: BSD-3-Clause
// What the toolstack writes and what it reads back, held against the guest's own reader. (Spoiled pages, as the guest
// sees them, are in tests/unikernels.)
#include <gtest/gtest.h>

#include <cstring>

#include "devices.hpp"
#include "guest_machine.hpp"
#include "libchaos/xen/console_ring.hpp"
#include "noxs/noxs.h"

namespace {

class DevicePage : public testing::Test {
  protected:
    DevicePage() { machine.boot(); }

    [[nodiscard]] noxs_device_page& page() const {
        return *reinterpret_cast<noxs_device_page*>(machine.page(machine.device_page()));
    }

    GuestMachine machine;
};

TEST_F(DevicePage, written_by_the_toolstack_is_understood_by_the_guest) {
    const auto system = unikernel::find_device(NOXS_DEVICE_SYSTEM);
    ASSERT_TRUE(system);
    EXPECT_EQ(system->control_page, machine.page(machine.system()));
    EXPECT_EQ(system->port, GuestMachine::system_port);
    const auto console = unikernel::find_device(NOXS_DEVICE_CONSOLE);
    ASSERT_TRUE(console);
    EXPECT_EQ(console->control_page, machine.page(machine.console()));
    EXPECT_FALSE(unikernel::find_device(NOXS_DEVICE_CONSOLE, 1));
}

TEST_F(DevicePage, shows_nothing_of_a_former_owner) {
    EXPECT_EQ(page().header.reserved[5], 0U);
    EXPECT_EQ(page().entries[125].type, 0U);
    const auto* system = reinterpret_cast<const noxs_system_page*>(machine.page(machine.system()));
    EXPECT_EQ(system->reserved[sizeof(system->reserved) - 1], 0U);
    EXPECT_EQ(chaos::xen::peek_console_ring(machine.page(machine.console())), "");
}

TEST_F(DevicePage, of_a_later_minor_version_is_read) {
    page().header.version_minor = NOXS_VERSION_MINOR + 1;
    EXPECT_TRUE(unikernel::find_device(NOXS_DEVICE_SYSTEM));
}

TEST_F(DevicePage, guest_half_full_of_garbage_says_nothing) {
    std::byte* system = machine.page(machine.system());
    const std::uint32_t sequence = chaos::write_system_request(system, NOXS_REQUEST_POWEROFF);
    auto* guest = &reinterpret_cast<noxs_system_page*>(system)->guest;
    std::memset(guest, 0xee, sizeof(*guest));
    EXPECT_FALSE(chaos::read_system_page(system, sequence).ready);
    EXPECT_FALSE(chaos::read_system_page(system, sequence).answered);
    guest->answer_sequence = sequence; // and an answer that the contract does not know
    EXPECT_FALSE(chaos::read_system_page(system, sequence).answered);
}

TEST_F(DevicePage, request_number_skips_zero_when_it_wraps) {
    std::byte* system = machine.page(machine.system());
    reinterpret_cast<noxs_system_page*>(system)->backend.request_sequence = 0xffffffff;
    EXPECT_EQ(chaos::write_system_request(system, NOXS_REQUEST_POWEROFF), 1U);
}

} // namespace
