// SPDX-License-Identifier: BSD-3-Clause
// A session at its ring: messages in pieces, messages longer than the ring, guests that do not read, and guests that do
// not keep to the protocol.
#include "xendevd/store/session.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstring>

#include "tests/xendevd/store/memory_journal.hpp"
#include "tests/xendevd/store/store_client.hpp"

namespace xendevd {
namespace {

using test::joined;

class StoreSessionTest : public testing::Test {
  protected:
    StoreSessionTest() { session.change({{StoreChange::Kind::write, "/local/domain/5/data", "", 0}}); }
    xenstore_domain_interface& ring() { return *reinterpret_cast<xenstore_domain_interface*>(page.data()); }
    StoreSession::Served serve() {
        auto served = session.serve(made);
        EXPECT_TRUE(served) << served.error().story();
        return served ? *served : StoreSession::Served{};
    }
    void serve_all() {
        while (serve().more) {
        }
    }
    std::string story() {
        const auto served = session.serve(made);
        return served ? "" : served.error().story();
    }

    alignas(8) std::array<std::byte, 4096> page{};
    test::JournalLines kept;
    test::MemoryJournal journal{kept};
    StoreSession session{chaos::DomainId{5}, page.data(), journal};
    StoreChanges made;
    test::StoreClient client{page.data(), [this] { serve_all(); }};
};

TEST_F(StoreSessionTest, empties_the_ring_while_it_waits_for_the_rest_of_a_request) {
    const auto id = client.send(XS_WRITE, joined({"data/a"}) + "value");
    client.exchange();
    const std::uint32_t whole = ring().req_prod;
    for (ring().req_prod = 1; ring().req_prod < whole; ++ring().req_prod) {
        serve_all();
        EXPECT_EQ(ring().req_cons, ring().req_prod) << "else Linux would send no event for the rest";
        EXPECT_EQ(ring().rsp_prod, 0u);
    }
    EXPECT_TRUE(serve().progress);
    EXPECT_EQ(ring().req_cons, whole);
    client.exchange();
    EXPECT_EQ(client.replies[id].size(), 1u);
    EXPECT_EQ(made.size(), 1u);
}

TEST_F(StoreSessionTest, fills_the_ring_before_it_waits_for_room) {
    for (int watch = 0; watch < 40; ++watch)
        client.watch("data", "a token that has some length " + std::to_string(watch));
    client.events.clear();
    session.change({{StoreChange::Kind::write, "/local/domain/5/data", "x", 0}});
    while (client.events.size() < 40) {
        const std::size_t before = client.events.size();
        serve_all();
        EXPECT_TRUE(ring().rsp_prod - ring().rsp_cons == XENSTORE_RING_SIZE || before > 15)
            << "else Linux would send no event when it has read";
        client.exchange();
        ASSERT_GT(client.events.size(), before);
    }
    EXPECT_EQ(client.broken, "");
    EXPECT_EQ(client.read("data"), "x");
}

TEST_F(StoreSessionTest, takes_requests_and_gives_replies_longer_than_the_ring) {
    const std::string value(StoreQuota::value_bytes, 'v');
    EXPECT_EQ(client.write("data/a", value), "");
    EXPECT_EQ(client.read("data/a"), value);
    // The longest there can be, though it is too long for a value.
    EXPECT_EQ(client.write("data/b", std::string(XENSTORE_PAYLOAD_MAX - 7, 'v')), "ENOSPC");
    EXPECT_EQ(client.ask(XS_READ, std::string(XENSTORE_PAYLOAD_MAX, 'v')).error(), "EINVAL");
    EXPECT_EQ(client.read("data/a").size(), value.size());
    EXPECT_EQ(client.broken, "");
}

TEST_F(StoreSessionTest, does_a_few_requests_in_a_turn) {
    for (int request = 0; request < 40; ++request)
        client.send(XS_READ, joined({"x"}));
    client.exchange();
    EXPECT_TRUE(serve().more);
    EXPECT_EQ(session.requests(), 16u);
    EXPECT_TRUE(serve().more);
    EXPECT_EQ(session.requests(), 32u);
}

TEST_F(StoreSessionTest, waits_for_a_guest_that_reads_no_replies) {
    for (int request = 0; request < 2000; ++request)
        client.send(XS_READ, joined({"data"}));
    // It sends as much as it can, and takes nothing off the ring.
    const auto fill = [&] {
        client.exchange();
        ring().rsp_cons = 0;
    };
    for (int round = 0; round < 200; ++round) {
        fill();
        serve();
    }
    EXPECT_EQ(ring().rsp_prod, XENSTORE_RING_SIZE);
    EXPECT_LT(session.requests(), 70u);
    EXPECT_FALSE(serve().progress);
    for (int event = 0; event < 5000; ++event)
        session.change({{StoreChange::Kind::write, "/local/domain/5/data", std::to_string(event), 0}});
    EXPECT_FALSE(serve().more);
}

TEST_F(StoreSessionTest, says_the_same_only_once_to_a_guest_that_does_not_listen) {
    for (int watch = 0; watch < 100; ++watch)
        client.watch("data", std::to_string(watch));
    client.events.clear();
    for (int change = 0; change < 300; ++change)
        session.change({{StoreChange::Kind::write, "/local/domain/5/data", std::to_string(change), 0}});
    for (int round = 0; round < 100; ++round) {
        serve_all();
        client.exchange();
    }
    EXPECT_EQ(client.events.size(), 100u);
    EXPECT_EQ(client.broken, "");
}

TEST_F(StoreSessionTest, calls_a_guest_broken_that_sends_too_long_a_request) {
    const xsd_sockmsg header{XS_READ, 1, 0, XENSTORE_PAYLOAD_MAX + 1};
    client.send_raw({reinterpret_cast<const char*>(&header), sizeof header});
    client.exchange();
    EXPECT_NE(story().find("4097 bytes"), std::string::npos);
}

TEST_F(StoreSessionTest, calls_a_guest_broken_whose_indices_are_impossible) {
    ring().req_prod = XENSTORE_RING_SIZE + 1;
    EXPECT_NE(story().find("index"), std::string::npos);
    ring().req_prod = 0;
    EXPECT_EQ(story(), "");
    ring().rsp_cons = 1;
    EXPECT_NE(story().find("index"), std::string::npos);
    // Those that are ours do not matter.
    ring().rsp_cons = 0;
    ring().req_cons = 12345;
    ring().rsp_prod = 54321;
    EXPECT_EQ(story(), "");
}

TEST_F(StoreSessionTest, goes_around_the_32_bits_of_an_index) {
    std::memset(page.data(), 0, page.size());
    ring().req_cons = ring().req_prod = ring().rsp_cons = ring().rsp_prod = 0xffffff00;
    StoreSession another(chaos::DomainId{5}, page.data(), journal);
    test::StoreClient guest(page.data(), [&] {
        while (another.serve(made)->more) {
        }
    });
    for (int request = 0; request < 100; ++request)
        EXPECT_EQ(guest.write("data/a", std::string(1500, 'v')), "");
    EXPECT_EQ(guest.read("data/a").size(), 1500u);
}

TEST_F(StoreSessionTest, keeps_its_journal_short) {
    for (int request = 0; request < 5000; ++request)
        client.write("data/a", std::to_string(request));
    EXPECT_GT(kept.replaced, 3u);
    EXPECT_LT(journal.size(), 200'000u);
    StoreSession next(chaos::DomainId{5}, page.data(), journal);
    ASSERT_TRUE(*next.restore());
    EXPECT_EQ(next.contents().tree().find("/local/domain/5/data/a")->value, "4999");
}

/// Xendevd dies with a part of a request taken off the ring and a part of an event put onto it.
class StoreSessionHalfwayTest : public StoreSessionTest {
  protected:
    StoreSessionHalfwayTest() {
        for (std::size_t watch = 0; watch < watches; ++watch)
            client.watch("data", "a token that has some length " + std::to_string(watch));
        client.events.clear();
        request = client.send(XS_READ, joined({"data"}));
        client.exchange();
        ring().req_prod -= unsent;
        serve_all();
        session.change({{StoreChange::Kind::write, "/local/domain/5/data", "x", 0}});
        serve_all();
        EXPECT_EQ(ring().rsp_prod - ring().rsp_cons, XENSTORE_RING_SIZE);
    }
    void expect_that_the_next_goes_on() {
        StoreSession next(chaos::DomainId{5}, page.data(), journal);
        ASSERT_TRUE(*next.restore());
        ring().req_prod += unsent;
        for (int round = 0; round < 20; ++round) {
            while (next.serve(made)->more) {
            }
            client.exchange();
        }
        EXPECT_EQ(client.broken, "");
        EXPECT_EQ(client.replies[request].size(), 1u);
        EXPECT_GE(client.events.size(), watches);
    }
    static constexpr std::size_t watches = 40;
    static constexpr std::uint32_t unsent = 10;
    std::uint32_t request = 0;
};

TEST_F(StoreSessionHalfwayTest, goes_on_from_the_lines_as_they_came) {
    expect_that_the_next_goes_on();
}

TEST_F(StoreSessionHalfwayTest, goes_on_from_lines_that_were_written_anew) {
    while (kept.replaced == 0)
        session.change({{StoreChange::Kind::write, "/vm/x", std::string(1000, 'x'), 0}});
    expect_that_the_next_goes_on();
}

/// A device that xendevd showed or took away and then died, before it could tell the guest.
class StoreSessionUntoldTest : public StoreSessionTest {
  protected:
    StoreSessionUntoldTest() {
        session.change({{StoreChange::Kind::write, "/local/domain/5/device/vif/0/state", "1", 0}});
        client.watch("device", "t");
        client.watch("device", "gone");
        client.ask(XS_UNWATCH, joined({"device", "gone"}));
        client.events.clear();
        session.change({{StoreChange::Kind::write, "/local/domain/5/device/vif/1/state", "1", 0}});
        session.change({{StoreChange::Kind::remove, "/local/domain/5/device/vif/0", "", 0}});
    }
    void expect_that_the_next_tells() {
        StoreSession next(chaos::DomainId{5}, page.data(), journal);
        ASSERT_TRUE(*next.restore());
        for (int round = 0; round < 20; ++round) {
            while (next.serve(made)->more) {
            }
            client.exchange();
        }
        for (const char* path : {"device/vif/1/state", "device/vif/0"})
            EXPECT_NE(std::ranges::find(client.events, StoreEvent{path, "t"}), client.events.end()) << path;
        for (const StoreEvent& event : client.events)
            EXPECT_EQ(event.token, "t") << "nobody watches with another";
    }
};

TEST_F(StoreSessionUntoldTest, tells_by_the_lines_as_they_came) {
    expect_that_the_next_tells();
}

TEST_F(StoreSessionUntoldTest, tells_by_lines_that_were_written_anew) {
    while (kept.replaced == 0)
        session.change({{StoreChange::Kind::write, "/vm/x", std::string(1000, 'x'), 0}});
    expect_that_the_next_tells();
}

TEST_F(StoreSessionTest, goes_on_without_a_journal_and_writes_it_when_it_can) {
    kept.full = true;
    EXPECT_EQ(client.write("data/a", "1"), "");
    const auto problem = session.take_journal_problem();
    ASSERT_TRUE(problem);
    EXPECT_FALSE(session.take_journal_problem());
    kept.full = false;
    EXPECT_EQ(client.write("data/b", "2"), "");
    StoreSession next(chaos::DomainId{5}, page.data(), journal);
    ASSERT_TRUE(*next.restore());
    EXPECT_EQ(next.contents().tree().find("/local/domain/5/data/a")->value, "1");
}

TEST_F(StoreSessionTest, does_not_take_up_a_journal_that_is_none) {
    for (const char* line : {"", "x", "[]", R"({"do":1})", R"({"do":[["x"]]})", R"({"do":[["w","a","b"]]})",
                             R"({"do":[[]]})", R"({"do":[["w",1]]})", R"({"do":[["b","","","x"]]})",
                             R"({"request":[1]})", R"({"request":[1,2],"reply":[1]})", R"({"part":[1]})",
                             R"({"part":[1,2]})", R"({"events":[["a"]]})", R"({"events":1})", "{\"do\":[[\"w\",\"/a\",\"\xc4\x80\"]]}"}) {
        kept.lines = {line};
        StoreSession next(chaos::DomainId{5}, page.data(), journal);
        EXPECT_FALSE(next.restore()) << line;
    }
}

} // namespace
} // namespace xendevd
