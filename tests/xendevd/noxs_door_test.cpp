// SPDX-License-Identifier: BSD-3-Clause
// The two sides of a control page: a guest that keeps to docs/noxs.md, and guests that do not.
#include "xendevd/noxs_door.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cstring>

#include "libchaos/xen/foreign_memory.hpp"
#include "tests/fakes/xen.hpp"
#include "tests/xendevd/daemon_fixture.hpp"

namespace xendevd {
namespace {

using chaos::DomainId;
using chaos::EventChannelPort;
using chaos::GrantReference;

/// A back-end that does nothing but tell what was asked of it.
class Recorder final : public Backend {
  public:
    struct Notes {
        std::vector<std::string> calls;
        Offer offer;
        BackendOwner* owner = nullptr;
        bool refuses = false;
        bool idle = true;
    };
    explicit Recorder(Notes& notes) : notes_(notes) {}
    ~Recorder() override { notes_.calls.emplace_back("destroyed"); }
    [[nodiscard]] std::uint32_t features() const override { return 0b111; }
    chaos::Result<std::uint32_t> connect(const Offer& offer, EventChannelPort, BackendOwner& owner) override {
        notes_.calls.emplace_back("connect");
        notes_.offer = offer;
        notes_.owner = &owner;
        if (notes_.refuses)
            return chaos::Error(chaos::ErrorKind::guest_failed, "a bad ring");
        return offer.features & features();
    }
    void handle_event() override { notes_.calls.emplace_back("event"); }
    [[nodiscard]] bool is_idle() const override { return notes_.idle; }
    void stop_taking_requests() override { notes_.calls.emplace_back("stop"); }
    void disconnect() override { notes_.calls.emplace_back("disconnect"); }
    [[nodiscard]] Counters counters() const override { return {}; }
    void describe(nlohmann::json&) const override {}

  private:
    Notes& notes_;
};

class NoxsDoorTest : public DaemonFixture {
  protected:
    NoxsDoorTest() {
        page().config.mtu = 1500;
        door = *NoxsDoor::open(daemon, "vif 0 of guest web", guest_id, EventChannelPort{1}, control_reference,
                               std::make_unique<Recorder>(notes));
        turn();
        notes.calls.clear();
    }
    noxs_vif_page& page() { return *reinterpret_cast<noxs_vif_page*>(xen.page(raw(guest_id), control_gfn)); }
    void say(std::uint32_t state) {
        page().frontend.state = state;
        ++page().frontend.sequence;
        notify();
    }
    void offer() {
        page().frontend.features = 0b1010;
        page().frontend.ring_pages = 2;
        page().frontend.ring_references[0] = 200;
        page().frontend.ring_references[1] = 201;
        say(NOXS_FRONTEND_OFFERED);
    }
    void remove(bool force) {
        door->remove(force, std::chrono::milliseconds(0),
                     [this](chaos::Result<void> result) { removed.push_back(std::move(result)); });
    }

    Recorder::Notes notes;
    std::unique_ptr<NoxsDoor> door;
    std::vector<chaos::Result<void>> removed;
};

TEST_F(NoxsDoorTest, connects_when_the_guest_offers) {
    EXPECT_EQ(door->state(), DeviceState::waiting);
    notified = 0;
    EXPECT_EQ(door->guest_end().port, EventChannelPort{1});
    EXPECT_TRUE(door->guest_end().rings.empty());
    offer();
    EXPECT_EQ(door->state(), DeviceState::connected);
    EXPECT_EQ(door->guest_end().rings, (std::vector{GrantReference{200}, GrantReference{201}}));
    EXPECT_EQ(notes.calls, (std::vector<std::string>{"disconnect", "connect", "event"}));
    EXPECT_EQ(notes.offer.rings, (std::vector{GrantReference{200}, GrantReference{201}}));
    EXPECT_EQ(notes.offer.features, 0b1010u);
    EXPECT_EQ(page().backend.state, NOXS_BACKEND_CONNECTED);
    EXPECT_EQ(page().backend.features, 0b0010u);
    EXPECT_EQ(page().backend.answer_sequence, 1u);
    EXPECT_EQ(notified, 1u);
    notify();
    EXPECT_EQ(notes.calls.back(), "event");
}

TEST_F(NoxsDoorTest, connects_to_an_offer_that_was_made_before_it_came) {
    offer();
    door.reset();
    notes.calls.clear();
    door = *NoxsDoor::open(daemon, "vif 0 of guest web", guest_id, EventChannelPort{1}, control_reference,
                           std::make_unique<Recorder>(notes));
    turn();
    EXPECT_EQ(door->state(), DeviceState::connected);
    EXPECT_EQ(page().backend.answer_sequence, 1u);
}

TEST_F(NoxsDoorTest, takes_a_second_offer) {
    offer();
    offer();
    EXPECT_EQ(page().backend.answer_sequence, 2u);
    EXPECT_EQ(notes.calls,
              (std::vector<std::string>{"disconnect", "connect", "event", "disconnect", "connect", "event"}));
}

TEST_F(NoxsDoorTest, lets_go_when_the_guest_closes) {
    offer();
    say(NOXS_FRONTEND_CLOSED);
    EXPECT_EQ(page().backend.state, NOXS_BACKEND_CLOSED);
    EXPECT_EQ(page().backend.answer_sequence, 2u);
    EXPECT_EQ(door->state(), DeviceState::closed);
    EXPECT_EQ(notes.calls.back(), "disconnect");
    EXPECT_TRUE(door->guest_end().rings.empty());
    offer();
    EXPECT_EQ(page().backend.state, NOXS_BACKEND_CONNECTED) << "it may come back";
}

TEST_F(NoxsDoorTest, waits_for_what_is_under_way_before_it_lets_go) {
    offer();
    notes.idle = false;
    say(NOXS_FRONTEND_CLOSED);
    turn();
    EXPECT_EQ(page().backend.state, NOXS_BACKEND_CONNECTED);
    EXPECT_EQ(notes.calls.back(), "stop");
    notes.idle = true;
    turn_for(std::chrono::milliseconds(20));
    EXPECT_EQ(page().backend.state, NOXS_BACKEND_CLOSED);
}

TEST_F(NoxsDoorTest, asks_the_guest_before_it_is_removed) {
    offer();
    door->remove(false, std::chrono::seconds(10),
                 [this](auto result) { removed.push_back(std::move(result)); });
    EXPECT_EQ(page().backend.state, NOXS_BACKEND_CLOSING);
    EXPECT_EQ(page().backend.answer_sequence, 1u);
    EXPECT_TRUE(removed.empty());
    notify(); // it finishes what is on the rings
    EXPECT_EQ(notes.calls.back(), "event");
    say(NOXS_FRONTEND_CLOSED);
    ASSERT_EQ(removed.size(), 1u);
    EXPECT_TRUE(removed[0]);
    EXPECT_EQ(page().backend.state, NOXS_BACKEND_CLOSED);
}

TEST_F(NoxsDoorTest, gives_up_on_a_guest_that_keeps_the_device) {
    offer();
    remove(false);
    turn_for(std::chrono::milliseconds(20));
    ASSERT_EQ(removed.size(), 1u);
    ASSERT_FALSE(removed[0]);
    EXPECT_EQ(removed[0].error().kind(), chaos::ErrorKind::timed_out);
    EXPECT_EQ(door->state(), DeviceState::closing);
    removed.clear();
    remove(true);
    ASSERT_EQ(removed.size(), 1u);
    EXPECT_TRUE(removed[0]);
    EXPECT_EQ(page().backend.state, NOXS_BACKEND_CLOSED);
}

TEST_F(NoxsDoorTest, goes_at_once_if_the_guest_never_offered) {
    remove(false);
    ASSERT_EQ(removed.size(), 1u);
    EXPECT_TRUE(removed[0]);
}

TEST_F(NoxsDoorTest, calls_a_guest_dead_that_makes_a_bad_offer) {
    notes.refuses = true;
    offer();
    EXPECT_EQ(page().backend.state, NOXS_BACKEND_FAILED);
    EXPECT_EQ(door->state(), DeviceState::failed);
    notes.refuses = false;
    offer();
    EXPECT_EQ(page().backend.state, NOXS_BACKEND_FAILED) << "it stays dead";
    remove(false);
    EXPECT_EQ(removed.size(), 1u);
}

TEST_F(NoxsDoorTest, calls_a_guest_dead_that_offers_nonsense) {
    for (const std::uint32_t pages : {0u, NOXS_MAXIMUM_RING_PAGES + 1, ~0u}) {
        door.reset();
        notes.calls.clear();
        std::memset(&page(), 0, sizeof page());
        door = *NoxsDoor::open(daemon, "vif 0 of guest web", guest_id, EventChannelPort{1}, control_reference,
                               std::make_unique<Recorder>(notes));
        turn();
        page().frontend.ring_pages = pages;
        say(NOXS_FRONTEND_OFFERED);
        EXPECT_EQ(door->state(), DeviceState::failed);
    }
    door.reset();
    std::memset(&page(), 0, sizeof page());
    door = *NoxsDoor::open(daemon, "vif 0 of guest web", guest_id, EventChannelPort{1}, control_reference,
                           std::make_unique<Recorder>(notes));
    say(17);
    EXPECT_EQ(door->state(), DeviceState::failed);
}

TEST_F(NoxsDoorTest, tells_the_guest_when_its_rings_went_bad) {
    offer();
    notes.owner->backend_failed(chaos::Error(chaos::ErrorKind::guest_failed, "an index out of range"));
    EXPECT_EQ(page().backend.state, NOXS_BACKEND_FAILED);
    EXPECT_EQ(notes.calls.back(), "disconnect");
    notes.calls.clear();
    notify();
    EXPECT_TRUE(notes.calls.empty());
}

TEST_F(NoxsDoorTest, leaves_nothing_behind) {
    offer();
    door.reset();
    EXPECT_EQ(notes.calls.back(), "destroyed");
    EXPECT_TRUE(xen.local_ports.empty());
    EXPECT_EQ(domain.mapped, 0u);
}

TEST_F(NoxsDoorTest, fails_whole_when_a_call_fails) {
    door.reset();
    for (std::size_t call = 1;; ++call) {
        xen.clear_calls();
        xen.fail_at(call, EINVAL);
        auto opened = NoxsDoor::open(daemon, "vif 0 of guest web", guest_id, EventChannelPort{1},
                                     control_reference, std::make_unique<Recorder>(notes));
        xen.fail_at(0, 0);
        if (opened)
            break;
        EXPECT_NE(opened.error().story().find("vif 0 of guest web"), std::string::npos);
        EXPECT_TRUE(xen.local_ports.empty());
        EXPECT_EQ(domain.mapped, 0u);
    }
}

} // namespace
} // namespace xendevd
