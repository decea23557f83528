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

/// A page of the guest's, above those that every guest has.
class DevicePageWithVif : public DevicePage {
  protected:
    chaos::DeviceSlot slot = chaos::slot_at(5, machine.spare(), chaos::EventChannelPort{9});

    void add(const char* text, std::uint16_t id) {
        std::byte* control = machine.page(machine.spare());
        chaos::clear_control_page(control);
        chaos::write_vif_config(control, chaos::parse_vif(text).value());
        chaos::add_entry(machine.page(machine.device_page()), {NOXS_DEVICE_VIF, id}, slot);
    }
};

TEST_F(DevicePageWithVif, that_comes_while_the_guest_runs_is_seen_by_it) {
    const std::uint32_t before = unikernel::device_generation();
    EXPECT_FALSE(unikernel::find_device(NOXS_DEVICE_VIF, 3));
    add("mac=00:16:3e:01:02:03,ip=10.0.0.2/16,gateway=10.0.0.1,mtu=9000", 3);
    EXPECT_NE(unikernel::device_generation(), before);
    EXPECT_EQ(page().header.entry_count, 6);
    const auto vif = unikernel::find_device(NOXS_DEVICE_VIF, 3);
    ASSERT_TRUE(vif);
    EXPECT_EQ(vif->port, 9U);
    EXPECT_EQ(vif->backend_domain, 0U);
    const auto& config = static_cast<const noxs_vif_page*>(vif->control_page)->config;
    EXPECT_EQ(config.mac[5], 3U);
    EXPECT_EQ(config.mtu, 9000U);
    EXPECT_EQ(config.ipv4[0], 10U);
    EXPECT_EQ(config.ipv4_prefix, 16U);
    EXPECT_EQ(config.ipv4_gateway[3], 1U);
}

TEST_F(DevicePageWithVif, that_goes_makes_place_for_another_instance) {
    add("", 0);
    chaos::remove_entry(machine.page(machine.device_page()), slot);
    EXPECT_FALSE(unikernel::find_device(NOXS_DEVICE_VIF));
    ++slot.instance;
    add("", 1);
    const auto vif = unikernel::find_device(NOXS_DEVICE_VIF, 1);
    ASSERT_TRUE(vif);
    EXPECT_EQ(vif->instance, 1U);
    EXPECT_EQ(page().header.generation, 6U);
}

TEST_F(DevicePageWithVif, is_added_by_whoever_comes_after_one_that_was_killed_at_it) {
    page().header.generation = 7;
    add("", 0);
    EXPECT_EQ(page().header.generation, 8U);
    EXPECT_TRUE(unikernel::find_device(NOXS_DEVICE_VIF));
}

TEST_F(DevicePageWithVif, is_added_where_the_guest_scribbled_over_the_count) {
    page().header.entry_count = 0xffff;
    add("", 0);
    EXPECT_EQ(page().header.entry_count, NOXS_ENTRY_COUNT);
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
