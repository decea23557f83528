// SPDX-License-Identifier: BSD-3-Clause
// Vifs on bridges of the real kernel, in a network of the test's own.
#include "xendevd/vif/networks.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <optional>

#include "tests/xendevd/daemon_fixture.hpp"
#include "tests/xendevd/vif/host_network.hpp"
#include "xendevd/guests.hpp"
#include "xendevd/privileges.hpp"

namespace xendevd {
namespace {

using chaos::DomainId;
using chaos::ErrorKind;

class NetworksTest : public DaemonFixture {
  protected:
    void SetUp() override {
        if (!enter_own_network())
            GTEST_SKIP() << "needs root, and a kernel with namespaces and TAP devices";
        ASSERT_TRUE(run("ip link add xenbr0 type bridge && ip link set xenbr0 up"));
        restart();
    }
    void TearDown() override {
        daemon.networks = nullptr;
        networks.reset();
        if (!leaves_devices)
            run("for dev in $(ls /sys/class/net); do ip link del $dev; done");
    }
    void restart() {
        networks = *Networks::open(*loop, grants, log, {}, "");
        daemon.networks = networks.get();
    }
    chaos::Result<std::unique_ptr<Backend>> make(std::uint16_t domain_id = 77) {
        settings.mac = {
            0, 0, 0, 0, static_cast<std::uint8_t>(domain_id >> 8), static_cast<std::uint8_t>(domain_id)};
        settings.name = "vif 0 of guest web (" + std::to_string(domain_id) + ")";
        return make_as_it_is(domain_id);
    }
    /// With these settings to the letter.
    chaos::Result<std::unique_ptr<Backend>> make_as_it_is(std::uint16_t domain_id) {
        chaos::Result<std::unique_ptr<Backend>> vif = std::unique_ptr<Backend>();
        bool is_made = false;
        networks->make_ends(DomainId{domain_id}, {settings},
                            [&](chaos::Result<std::vector<Networks::End>> ends) {
                                is_made = true;
                                if (ends)
                                    vif = make_vif(daemon, std::move(ends->front()), settings);
                                else
                                    vif = std::move(ends).error();
                            });
        while (!is_made)
            EXPECT_TRUE(loop->turn(std::chrono::milliseconds(-1)));
        return vif;
    }

    std::unique_ptr<Networks> networks;
    VifSettings settings;
    bool leaves_devices = false; ///< to the kernel, which removes many at once when the test ends
};

TEST_F(NetworksTest, puts_a_tap_device_on_the_bridge) {
    settings.mtu = 9000;
    auto vif = make();
    ASSERT_TRUE(vif) << vif.error().story();
    EXPECT_TRUE(run("ip link show master xenbr0 up | grep -q 'vif77.0:.*mtu 9000'"));
    EXPECT_TRUE(run("ip link show vif77.0 | grep -q fe:ff:ff:ff:ff:ff"));
    EXPECT_TRUE(run("ip link show vif77.0 | grep -q 'alias xendevd 77.0'"));
    EXPECT_FALSE(run("ip -6 address show dev vif77.0 | grep -q inet6"));
    nlohmann::json text = nlohmann::json::object();
    (*vif)->describe(text);
    EXPECT_EQ(text.dump(),
              R"({"bridge":"xenbr0","kind":"bridge","mac":"00:00:00:00:00:4d","tap":"vif77.0"})");
    vif->reset();
    EXPECT_FALSE(run("ip link show vif77.0"));
}

TEST_F(NetworksTest, finds_its_device_again_after_a_restart) {
    {
        auto vif = make();
        ASSERT_TRUE(vif);
        ASSERT_TRUE(run("ip address add 10.9.0.1/24 dev vif77.0"));
        networks->keep_devices(); // as when the process was killed
    }
    restart();
    auto vif = make();
    ASSERT_TRUE(vif) << vif.error().story();
    EXPECT_TRUE(run("ip address show dev vif77.0 | grep -q 10.9.0.1"));
    vif->reset();
    EXPECT_FALSE(run("ip link show vif77.0"));
}

TEST_F(NetworksTest, removes_what_guests_that_are_gone_left) {
    settings.device_name = "somename";
    auto first = make(5);
    settings.device_name.clear();
    auto second = make(6);
    ASSERT_TRUE(first && second);
    networks->keep_devices();
    first->reset();
    second->reset();
    restart();
    ASSERT_TRUE(run("ip tuntap add dev other mode tap"));
    ASSERT_TRUE(networks->remove_leftovers([](DomainId id, std::uint16_t) { return raw(id) == 6; }));
    EXPECT_FALSE(run("ip link show somename"));
    EXPECT_TRUE(run("ip link show vif6.0"));
    EXPECT_TRUE(run("ip link show other"));
}

TEST_F(NetworksTest, says_what_is_wrong_with_a_bridge) {
    settings.bridge = "nosuch";
    auto made = make();
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().kind(), ErrorKind::not_found);
    EXPECT_NE(made.error().story().find("there is no bridge nosuch"), std::string::npos);
    EXPECT_NE(made.error().advice().find("ip link add nosuch"), std::string::npos);
    settings.bridge = "lo";
    EXPECT_NE(make().error().story().find("the interface lo is no bridge"), std::string::npos);
    settings.bridge = "../../etc";
    EXPECT_EQ(make().error().kind(), ErrorKind::invalid_argument);
}

TEST_F(NetworksTest, leaves_an_interface_alone_that_is_not_its_own) {
    ASSERT_TRUE(run("ip tuntap add dev vif77.0 mode tap"));
    auto made = make();
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().kind(), ErrorKind::name_taken);
    settings.device_name = "xenbr0";
    EXPECT_EQ(make().error().kind(), ErrorKind::name_taken);
    settings.device_name = "a-name-that-is-too-long";
    EXPECT_EQ(make().error().kind(), ErrorKind::invalid_argument);
    EXPECT_TRUE(run("ip link show vif77.0"));
}

TEST_F(NetworksTest, refuses_a_device_that_is_in_use) {
    settings.device_name = "web";
    auto vif = make(5);
    ASSERT_TRUE(vif);
    EXPECT_EQ(make(6).error().kind(), ErrorKind::name_taken);
}

TEST_F(NetworksTest, refuses_an_address_that_another_vif_has_there) {
    auto vif = make(5);
    ASSERT_TRUE(vif);
    auto twin = make_as_it_is(6);
    ASSERT_FALSE(twin);
    EXPECT_EQ(twin.error().kind(), ErrorKind::name_taken);
    EXPECT_EQ(twin.error().story(), "vif 0 of guest web (5) has the address 00:00:00:00:00:05 on xenbr0");
    EXPECT_FALSE(run("ip link show vif6.0"));
    ASSERT_TRUE(run("ip link add xenbr1 type bridge"));
    settings.bridge = "xenbr1";
    EXPECT_TRUE(make_as_it_is(6)) << "on another bridge it harms nobody";
    vif->reset();
    settings.bridge = "xenbr0";
    EXPECT_TRUE(make_as_it_is(6)) << "who had it is gone";
}

TEST_F(NetworksTest, keeps_vlans_apart_where_the_bridge_does) {
    settings.vlan = 42;
    auto made = make();
    ASSERT_FALSE(made);
    EXPECT_NE(made.error().advice().find("vlan_filtering 1"), std::string::npos);
    EXPECT_FALSE(run("ip link show vif77.0"));
    if (!run("ip link set xenbr0 type bridge vlan_filtering 1"))
        GTEST_SKIP() << "this kernel has no VLAN filtering";
    auto vif = make();
    ASSERT_TRUE(vif) << vif.error().story();
    EXPECT_TRUE(run("bridge -c vlan show dev vif77.0 | grep -q '42 PVID Egress Untagged'"));
    EXPECT_FALSE(run("bridge vlan show dev vif77.0 | grep -q ' 1 '"));
}

TEST_F(NetworksTest, finds_a_bridge_that_was_made_anew) {
    ASSERT_TRUE(make());
    ASSERT_TRUE(run("ip link del xenbr0 && ip link add xenbr0 type bridge"));
    auto vif = make();
    EXPECT_TRUE(vif) << vif.error().story();
    EXPECT_TRUE(run("ip link show master xenbr0 | grep -q vif77.0"));
    ASSERT_TRUE(run("ip link del xenbr0"));
    EXPECT_EQ(make(78).error().kind(), ErrorKind::not_found);
}

/// Where Open vSwitch runs, as in the lab; its database is asked, not its data path.
TEST_F(NetworksTest, makes_ports_of_open_vswitch) {
    if (!run("ovs-vsctl --timeout=5 show"))
        GTEST_SKIP() << "no Open vSwitch runs here";
    run("ovs-vsctl --if-exists del-br ovsbr7");
    ASSERT_TRUE(run("ovs-vsctl --no-wait add-br ovsbr7"));
    settings.bridge = "ovsbr7";
    settings.vlan = 42;
    auto vif = make();
    ASSERT_TRUE(vif) << vif.error().story();
    EXPECT_TRUE(run("ovs-vsctl list-ports ovsbr7 | grep -qx vif77.0"));
    EXPECT_TRUE(run("ovs-vsctl get port vif77.0 tag | grep -qx 42"));
    nlohmann::json text = nlohmann::json::object();
    (*vif)->describe(text);
    EXPECT_EQ(text["kind"], "openvswitch");
    networks->keep_devices();
    vif->reset();
    EXPECT_TRUE(run("ovs-vsctl list-ports ovsbr7 | grep -qx vif77.0"));
    restart();
    vif = make();
    ASSERT_TRUE(vif) << vif.error().story();
    vif->reset();
    EXPECT_FALSE(run("ovs-vsctl list-ports ovsbr7 | grep -q vif77.0"));
    settings.bridge = "ovsbr8";
    EXPECT_EQ(make().error().kind(), ErrorKind::not_found);
    EXPECT_TRUE(run("ovs-vsctl --no-wait del-br ovsbr7"));
}

TEST_F(NetworksTest, removes_many_devices_and_makes_them_anew_in_that_order) {
    ASSERT_TRUE(networks->start_worker());
    std::vector<std::unique_ptr<Backend>> vifs;
    for (int round = 0; round < 3; ++round) {
        vifs.clear(); // what goes here need not be gone yet
        for (std::uint16_t id = 1; id <= 70; ++id) {
            auto vif = make(id);
            ASSERT_TRUE(vif) << vif.error().story();
            vifs.push_back(std::move(*vif));
        }
    }
    EXPECT_TRUE(run("test $(ip -o link show master xenbr0 | wc -l) = 70"));
    vifs.clear();
    daemon.networks = nullptr;
    networks.reset(); // finishes what is to be done
    EXPECT_FALSE(run("ip -o link show master xenbr0 | grep -q ."));
}

/// The guest is destroyed while its device is made.
TEST_F(NetworksTest, leaves_nothing_of_a_guest_that_was_forgotten_meanwhile) {
    ASSERT_TRUE(networks->start_worker());
    char directory[] = "/tmp/networks-test.XXXXXX";
    ASSERT_NE(::mkdtemp(directory), nullptr);
    {
        Guests guests(daemon, directory);
        chaos::devices::AttachRequest request;
        request.domain = guest_id;
        request.uuid = {{7}};
        request.vifs.emplace_back();
        request.vifs[0].config.mac = chaos::MacAddress{0, 0x16, 0x3e, 0, 0, 1};
        request.vifs[0].end = {chaos::EventChannelPort{1}, control_reference};
        std::optional<chaos::Result<void>> attached;
        const auto attach = [&] {
            attached.reset();
            guests.attach(request, {}, [&](chaos::Result<void> result) { attached = std::move(result); });
            EXPECT_FALSE(attached) << "it did not leave the loop to others";
        };
        attach();
        guests.forget(guest_id);
        while (!attached)
            ASSERT_TRUE(loop->turn(std::chrono::milliseconds(-1)));
        EXPECT_EQ(attached->error().kind(), ErrorKind::not_found);
        EXPECT_EQ(guests.size(), 0u);
        EXPECT_TRUE(std::filesystem::is_empty(directory));
        attach(); // the same name again
        while (!attached)
            ASSERT_TRUE(loop->turn(std::chrono::milliseconds(-1)));
        EXPECT_TRUE(*attached) << attached->error().story();
        EXPECT_TRUE(guests.find(guest_id)->has(DeviceType::vif, 0));
        guests.forget(guest_id);
    }
    EXPECT_TRUE(std::filesystem::is_empty(directory));
    std::filesystem::remove_all(directory);
    daemon.networks = nullptr;
    networks.reset();
    EXPECT_FALSE(run("ip link show vif77.0"));
}

TEST_F(NetworksTest, says_when_a_bridge_is_full) {
    ASSERT_TRUE(raise_file_limit());
    std::vector<std::unique_ptr<Backend>> vifs;
    for (std::uint16_t id = 1;; ++id) {
        auto vif = make(id);
        if (!vif) {
            EXPECT_EQ(id, 1024u);
            EXPECT_NE(vif.error().advice().find("1,023"), std::string::npos) << vif.error().story();
            break;
        }
        vifs.push_back(std::move(*vif));
    }
    leaves_devices = true;
    networks->keep_devices();
}

} // namespace
} // namespace xendevd
