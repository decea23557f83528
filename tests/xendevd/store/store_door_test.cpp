// SPDX-License-Identifier: BSD-3-Clause
// A stock guest's xenbus drivers against the doors, over a ring on a pretend Xen: connecting, leaving, being taken away,
// and restarts of xendevd in between.
#include "xendevd/store/store_door.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "noxs/noxs.h"
#include "tests/xendevd/daemon_fixture.hpp"
#include "tests/xendevd/store/memory_journal.hpp"
#include "tests/xendevd/store/store_client.hpp"
#include "xendevd/store/store.hpp"

namespace xendevd {
namespace {

using chaos::EventChannelPort;
using chaos::GrantReference;
using test::joined;
using Strings = std::vector<std::string>;

/// A back-end that does nothing but tell what was asked of it.
class Recorder final : public Backend {
  public:
    struct Notes {
        Strings calls;
        Offer offer;
        BackendOwner* owner = nullptr;
        bool refuses = false;
        bool idle = true;
        std::uint32_t features = 0xff;
    };
    explicit Recorder(Notes& notes) : notes_(notes) {}
    ~Recorder() override { notes_.calls.emplace_back("destroyed"); }
    [[nodiscard]] std::uint32_t features() const override { return notes_.features; }
    chaos::Result<std::uint32_t> connect(const Offer& offer, EventChannelPort, BackendOwner& owner) override {
        notes_.calls.emplace_back("connect");
        notes_.offer = offer;
        notes_.owner = &owner;
        if (notes_.refuses)
            return chaos::Error(chaos::ErrorKind::guest_failed, "a bad ring");
        return offer.features;
    }
    void handle_event() override { notes_.calls.emplace_back("event"); }
    [[nodiscard]] bool is_idle() const override { return notes_.idle; }
    void stop_taking_requests() override { notes_.calls.emplace_back("stop"); }
    void disconnect() override {}
    [[nodiscard]] Counters counters() const override { return {}; }
    void describe(nlohmann::json&) const override {}

  private:
    Notes& notes_;
};

class StoreDoorTest : public DaemonFixture {
  protected:
    static constexpr std::uint32_t disk = 202 << 8;

    StoreDoorTest() { open(); }
    /// xendevd starts, for the first time or again.
    void open() {
        StoreSettings settings;
        settings.domain = guest_id;
        settings.name = "web";
        settings.port = EventChannelPort{1};
        settings.grant = control_reference;
        settings.memory_kib = 65536;
        auto opened = make_store(daemon, settings, std::make_unique<test::MemoryJournal>(kept));
        ASSERT_TRUE(opened) << opened.error().story();
        store = std::move(*opened);
    }
    void add_vif() {
        ASSERT_TRUE(store->add_vif({0, {0, 0x16, 0x3e, 1, 2, 3}, 1500}, std::make_unique<Recorder>(vif)));
        settle();
    }
    void add_vbd() {
        ASSERT_TRUE(store->add_vbd({disk, "xvda", 2048, 512, true}, std::make_unique<Recorder>(vbd)));
        settle();
    }
    void restart() {
        store.reset();
        vif.calls.clear();
        vbd.calls.clear();
        open();
    }
    void settle() {
        for (int round = 0; round < 10; ++round) {
            turn();
            client.exchange();
            xen.notify_from(domain, 1);
        }
    }
    std::string front(const std::string& key) { return client.read("device/vif/0/" + key); }
    std::string back(const std::string& key) {
        return client.read("/local/domain/0/backend/vif/77/0/" + key);
    }
    /// What Linux' netfront writes, in one transaction, before it says that it is ready.
    void connect_vif() {
        const auto transaction = client.begin();
        for (const auto& [key, value] :
             std::vector<std::pair<std::string, std::string>>{{"tx-ring-ref", "200"},
                                                              {"rx-ring-ref", "201"},
                                                              {"event-channel", "2"},
                                                              {"request-rx-copy", "1"},
                                                              {"feature-rx-notify", "1"},
                                                              {"feature-sg", "1"},
                                                              {"feature-gso-tcpv4", "1"},
                                                              {"feature-ipv6-csum-offload", "1"}})
            ASSERT_EQ(client.write("device/vif/0/" + key, value, transaction), "");
        ASSERT_EQ(client.end(transaction), "");
        say("4");
    }
    void say(const std::string& state) {
        ASSERT_EQ(client.write("device/vif/0/state", state), "");
        settle();
    }
    void remove(StoreDevice type, std::uint32_t id, bool force,
                std::chrono::milliseconds timeout = std::chrono::seconds(9)) {
        store->remove(type, id, force, timeout,
                      [this](chaos::Result<void> result) { removed.push_back(std::move(result)); });
        settle();
    }
    StoreDoor& door() { return *store->find(StoreDevice::vif, 0); }
    DeviceState state() { return door().state(); }

    test::JournalLines kept;
    Recorder::Notes vif, vbd;
    std::unique_ptr<Store> store;
    std::vector<chaos::Result<void>> removed;
    test::StoreClient client{page(control_gfn), [this] { notify(1); }};
};

TEST_F(StoreDoorTest, shows_a_vif_to_the_guest) {
    add_vif();
    EXPECT_EQ(client.directory("device"), (Strings{"vbd", "vif"}));
    EXPECT_EQ(client.directory("device/vif"), (Strings{"0"}));
    EXPECT_EQ(front("backend"), "/local/domain/0/backend/vif/77/0");
    EXPECT_EQ(front("backend-id"), "0");
    EXPECT_EQ(front("mac"), "00:16:3e:01:02:03");
    EXPECT_EQ(front("handle"), "0");
    EXPECT_EQ(front("state"), "1");
    EXPECT_EQ(back("frontend"), "/local/domain/77/device/vif/0");
    EXPECT_EQ(back("frontend-id"), "77");
    EXPECT_EQ(back("online"), "1");
    EXPECT_EQ(back("feature-rx-copy"), "1");
    EXPECT_EQ(back("feature-sg"), "1");
    EXPECT_EQ(back("state"), "2");
    EXPECT_EQ(state(), DeviceState::waiting);
}

TEST_F(StoreDoorTest, offers_what_the_back_end_can_do) {
    vif.features = NOXS_VIF_GSO_TCP6;
    add_vif();
    EXPECT_EQ(back("feature-sg") + back("feature-gso-tcpv4") + back("feature-gso-tcpv6"), "001");
    vbd.features = NOXS_VBD_FLUSH;
    add_vbd();
    const std::string path = "/local/domain/0/backend/vbd/77/51712/";
    EXPECT_EQ(client.read(path + "feature-flush-cache"), "1");
    EXPECT_EQ(client.read(path + "feature-discard"), "0");
    EXPECT_EQ(client.read(path + "feature-max-indirect-segments"), "ENOENT");
    EXPECT_EQ(client.read(path + "sectors"), "2048");
    EXPECT_EQ(client.read(path + "info"), "4");
    EXPECT_EQ(client.read(path + "mode"), "r");
    EXPECT_EQ(client.read("device/vbd/51712/virtual-device"), "51712");
}

TEST_F(StoreDoorTest, connects_a_vif) {
    add_vif();
    client.watch("/local/domain/0/backend/vif/77/0/state", "t");
    client.events.clear();
    connect_vif();
    EXPECT_EQ(vif.calls, (Strings{"connect", "event", "event"})) << "the second is that of the fresh binding";
    EXPECT_EQ(vif.offer.rings, (std::vector{GrantReference{200}, GrantReference{201}}));
    EXPECT_EQ(vif.offer.domain, guest_id);
    EXPECT_EQ(vif.offer.features,
              std::uint32_t{NOXS_VIF_SCATTER_GATHER | NOXS_VIF_GSO_TCP4 | NOXS_VIF_CHECKSUM_BLANK});
    EXPECT_EQ(back("state"), "4");
    EXPECT_EQ(client.events.size(), 1u);
    EXPECT_EQ(state(), DeviceState::connected);
    EXPECT_EQ(door().guest_end().port, EventChannelPort{2});
    EXPECT_EQ(door().guest_end().rings, vif.offer.rings);
    notify(2);
    EXPECT_EQ(vif.calls.size(), 4u);
}

TEST_F(StoreDoorTest, connects_a_vbd) {
    add_vbd();
    for (const auto& [key, value] :
         std::vector<std::pair<std::string, std::string>>{{"ring-page-order", "1"},
                                                          {"ring-ref0", "8"},
                                                          {"ring-ref1", "9"},
                                                          {"event-channel", "3"},
                                                          {"protocol", "x86_32-abi"},
                                                          {"feature-persistent", "1"},
                                                          {"state", "3"}})
        ASSERT_EQ(client.write("device/vbd/51712/" + key, value), "");
    settle();
    EXPECT_EQ(vbd.offer.rings, (std::vector{GrantReference{8}, GrantReference{9}}));
    EXPECT_TRUE(vbd.offer.ring_is_32_bit);
    EXPECT_EQ(vbd.offer.features,
              std::uint32_t{NOXS_VBD_FLUSH | NOXS_VBD_DISCARD | NOXS_VBD_INDIRECT | NOXS_VBD_PERSISTENT});
    EXPECT_EQ(client.read("/local/domain/0/backend/vbd/77/51712/state"), "4");
    client.write("device/vbd/51712/state", "4");
    settle();
    EXPECT_EQ(std::ranges::count(vbd.calls, "connect"), 1);
}

TEST_F(StoreDoorTest, takes_an_old_ring_of_one_page) {
    add_vbd();
    client.write("device/vbd/51712/ring-ref", "8");
    client.write("device/vbd/51712/event-channel", "3");
    client.write("device/vbd/51712/state", "3");
    settle();
    EXPECT_EQ(vbd.offer.rings, (std::vector{GrantReference{8}}));
    EXPECT_FALSE(vbd.offer.ring_is_32_bit);
    EXPECT_EQ(vbd.offer.features & NOXS_VBD_PERSISTENT, 0u);
}

TEST_F(StoreDoorTest, calls_a_device_dead_whose_front_end_talks_nonsense) {
    for (const auto& [key, value] :
         std::vector<std::pair<std::string, std::string>>{{"tx-ring-ref", "x"},
                                                          {"tx-ring-ref", ""},
                                                          {"rx-ring-ref", "4294967296"},
                                                          {"event-channel", "0"},
                                                          {"event-channel", "-1"},
                                                          {"event-channel", "7777"},
                                                          {"request-rx-copy", "0"}}) {
        add_vif();
        client.write("device/vif/0/tx-ring-ref", "200");
        client.write("device/vif/0/rx-ring-ref", "201");
        client.write("device/vif/0/event-channel", "2");
        client.write("device/vif/0/request-rx-copy", "1");
        client.write("device/vif/0/" + key, value);
        say("4");
        EXPECT_EQ(state(), DeviceState::failed) << key << "=" << value;
        EXPECT_EQ(back("state"), "5");
        say("6");
        EXPECT_EQ(back("state"), "6");
        say("1");
        EXPECT_EQ(back("state"), "6") << "it stays dead";
        remove(StoreDevice::vif, 0, false);
        EXPECT_EQ(store->find(StoreDevice::vif, 0), nullptr);
    }
    EXPECT_TRUE(std::ranges::all_of(removed, [](const auto& result) { return result.has_value(); }));
}

TEST_F(StoreDoorTest, tells_the_guest_when_its_rings_went_bad) {
    add_vif();
    connect_vif();
    vif.owner->backend_failed(chaos::Error(chaos::ErrorKind::guest_failed, "an index out of range"));
    settle();
    EXPECT_EQ(back("state"), "5");
    EXPECT_EQ(xen.local_ports.size(), 1u) << "that of the store";
    const auto calls = vif.calls.size();
    notify(2);
    EXPECT_EQ(vif.calls.size(), calls);
}

TEST_F(StoreDoorTest, survives_that_a_device_goes_bad_while_it_is_taken_away) {
    add_vif();
    connect_vif();
    remove(StoreDevice::vif, 0, false);
    EXPECT_TRUE(removed.empty());
    vif.owner->backend_failed(chaos::Error(chaos::ErrorKind::guest_failed, "an index out of range"));
    EXPECT_EQ(vif.calls.back(), "event") << "the caller must live on";
    settle();
    ASSERT_EQ(removed.size(), 1u);
    EXPECT_TRUE(removed[0]);
    EXPECT_EQ(vif.calls.back(), "destroyed");
}

TEST_F(StoreDoorTest, lets_a_guest_close_and_come_back) {
    add_vif();
    connect_vif();
    say("5");
    EXPECT_EQ(back("state"), "5");
    vif.idle = false;
    say("6");
    EXPECT_EQ(back("state"), "5") << "something is under way";
    EXPECT_EQ(vif.calls.back(), "stop");
    vif.idle = true;
    turn_for(std::chrono::milliseconds(10));
    EXPECT_EQ(back("state"), "6");
    EXPECT_EQ(state(), DeviceState::closed);
    EXPECT_EQ(door().guest_end().port, EventChannelPort{0});
    EXPECT_TRUE(door().guest_end().rings.empty());
    EXPECT_EQ(xen.local_ports.size(), 1u);
    say("1");
    EXPECT_EQ(back("state"), "2");
    connect_vif();
    EXPECT_EQ(back("state"), "4");
}

TEST_F(StoreDoorTest, begins_anew_with_a_guest_that_does) {
    add_vif();
    connect_vif();
    say("1");
    EXPECT_EQ(back("state"), "2");
    connect_vif();
    EXPECT_EQ(state(), DeviceState::connected);
    EXPECT_EQ(std::ranges::count(vif.calls, "connect"), 2);
}

TEST_F(StoreDoorTest, asks_the_guest_before_it_takes_a_device_away) {
    add_vif();
    connect_vif();
    client.watch("device", "t");
    client.watch("/local/domain/0/backend/vif/77/0/state", "u");
    client.events.clear();
    remove(StoreDevice::vif, 0, false);
    EXPECT_EQ(back("online"), "0");
    EXPECT_EQ(back("state"), "5");
    EXPECT_TRUE(removed.empty());
    EXPECT_EQ(client.events.front().token, "u");
    client.events.clear();
    say("6");
    ASSERT_EQ(removed.size(), 1u);
    EXPECT_TRUE(removed[0]);
    EXPECT_EQ(client.directory("device/vif"), Strings{});
    EXPECT_EQ(back("state"), "ENOENT");
    EXPECT_NE(std::ranges::find(client.events, StoreEvent{"device/vif/0", "t"}), client.events.end());
    EXPECT_EQ(client.write("device/vif/0/state", "6"), "EACCES") << "and it stays away";
    // The place is free again.
    add_vif();
    connect_vif();
    EXPECT_EQ(back("state"), "4");
}

TEST_F(StoreDoorTest, gives_up_on_a_guest_that_keeps_a_device) {
    add_vif();
    connect_vif();
    remove(StoreDevice::vif, 0, false, std::chrono::milliseconds(5));
    turn_for(std::chrono::milliseconds(20));
    ASSERT_EQ(removed.size(), 1u);
    EXPECT_EQ(removed[0].error().kind(), chaos::ErrorKind::timed_out);
    removed.clear();
    remove(StoreDevice::vif, 0, true);
    ASSERT_EQ(removed.size(), 1u);
    EXPECT_TRUE(removed[0]);
    EXPECT_EQ(client.directory("device/vif"), Strings{});
    remove(StoreDevice::vif, 0, true);
    EXPECT_EQ(removed.at(1).error().kind(), chaos::ErrorKind::not_found);
}

TEST_F(StoreDoorTest, goes_at_once_if_the_guest_never_came) {
    add_vif();
    remove(StoreDevice::vif, 0, false);
    ASSERT_EQ(removed.size(), 1u);
    EXPECT_TRUE(removed[0]);
}

TEST_F(StoreDoorTest, goes_on_after_a_restart) {
    add_vif();
    add_vbd();
    connect_vif();
    client.watch("device", "t");
    client.events.clear();
    restart();
    add_vif();
    add_vbd();
    EXPECT_EQ(vif.calls, (Strings{"connect", "event", "event"}));
    EXPECT_EQ(vif.offer.rings, (std::vector{GrantReference{200}, GrantReference{201}}));
    EXPECT_EQ(back("state"), "4");
    EXPECT_EQ(client.read("/local/domain/0/backend/vbd/77/51712/state"), "2");
    EXPECT_TRUE(vbd.calls.empty());
    EXPECT_EQ(client.events.size(), 1u) << "each watch reports once";
    EXPECT_EQ(client.broken, "");
}

TEST_F(StoreDoorTest, connects_after_a_restart_a_guest_that_became_ready_meanwhile) {
    add_vif();
    connect_vif();
    say("6");
    say("1");
    // The guest's last word is in the journal, but the door was killed before it looked.
    for (const char* key : {"tx-ring-ref", "rx-ring-ref"})
        client.write(std::string("device/vif/0/") + key, "300");
    client.send(XS_WRITE, joined({"device/vif/0/state"}) + "4");
    client.exchange();
    store.reset(); // before it ever saw it
    vif.calls.clear();
    open();
    add_vif();
    EXPECT_EQ(back("state"), "4");
    EXPECT_EQ(vif.offer.rings[0], GrantReference{300});
}

TEST_F(StoreDoorTest, finishes_after_a_restart_what_the_guest_was_asked) {
    add_vif();
    connect_vif();
    remove(StoreDevice::vif, 0, false);
    restart();
    add_vif();
    EXPECT_EQ(state(), DeviceState::closing);
    say("6");
    EXPECT_EQ(state(), DeviceState::closed);
    removed.clear();
    remove(StoreDevice::vif, 0, false);
    EXPECT_EQ(removed.size(), 1u);
}

TEST_F(StoreDoorTest, leaves_nothing_behind) {
    add_vif();
    add_vbd();
    connect_vif();
    store.reset();
    EXPECT_EQ(vif.calls.back(), "destroyed");
    EXPECT_TRUE(xen.local_ports.empty());
    EXPECT_EQ(domain.mapped, 0u);
}

TEST_F(StoreDoorTest, survives_any_sequence_of_states) {
    std::uint32_t random = 12345;
    add_vif();
    client.write("device/vif/0/request-rx-copy", "1");
    client.write("device/vif/0/tx-ring-ref", "1");
    client.write("device/vif/0/rx-ring-ref", "2");
    client.write("device/vif/0/event-channel", "2");
    for (int round = 0; round < 500; ++round) {
        random = random * 1103515245 + 12345;
        const std::uint32_t dice = random >> 16;
        client.write("device/vif/0/state", std::to_string(dice % 10));
        if (dice % 17 == 0)
            restart(), add_vif();
        if (dice % 13 == 0)
            client.ask(XS_RM, joined({"device/vif/0/state"}));
        if (dice % 19 == 0) {
            remove(StoreDevice::vif, 0, true);
            add_vif();
            for (const char* key : {"request-rx-copy", "tx-ring-ref", "rx-ring-ref"})
                client.write(std::string("device/vif/0/") + key, "1");
            client.write("device/vif/0/event-channel", "2");
        }
    }
    say("6");
    say("1");
    client.write("device/vif/0/event-channel", "2");
    say("4");
    EXPECT_EQ(back("state"), "4");
    EXPECT_EQ(client.broken, "");
}

} // namespace
} // namespace xendevd
