// SPDX-License-Identifier: BSD-3-Clause
// xendevd killed at any point of serving a store, and started again: the guest gets each answer, once, and what it wrote
// is there.
#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <random>

#include "tests/xendevd/store/memory_journal.hpp"
#include "tests/xendevd/store/store_client.hpp"
#include "xendevd/store/session.hpp"

namespace xendevd {
namespace {

using test::joined;
using Page = std::array<std::byte, 4096>;

/// A server that is killed now and then. What it does in a turn becomes visible in this order: the journal's lines, bytes
/// of the reply ring, its index, the index of the request ring; a kill leaves a beginning of that.
class MortalServer {
  public:
    MortalServer(Page& page, std::uint32_t seed) : page_(page), random_(seed) { start(); }

    void serve() {
        for (bool more = true; more;) {
            if (random_() % 3 == 0) {
                step_and_die();
                start();
                ++deaths;
            }
            more = step();
        }
    }
    std::size_t deaths = 0;

  private:
    xenstore_domain_interface& ring() { return *reinterpret_cast<xenstore_domain_interface*>(page_.data()); }

    /// One step as the session makes it: never more than one request.
    bool step() {
        StoreChanges made;
        const auto served = session_->serve(made);
        EXPECT_TRUE(served) << served.error().story();
        return served && served->more;
    }

    void step_and_die() {
        const Page before = page_;
        const auto lines = kept_.lines;
        hide_all_but_one_request(before);
        step();
        unhide();
        const Page after = page_;
        const auto& then = *reinterpret_cast<const xenstore_domain_interface*>(before.data());
        const auto& now = *reinterpret_cast<const xenstore_domain_interface*>(after.data());
        // More than one line: then the ring was moved between them, and only the end can be looked at.
        switch (kept_.lines.size() > lines.size() + 1 ? 4 : random_() % 5) {
        case 0: // before anything
            kept_.lines = lines;
            page_ = before;
            break;
        case 1: // the journal is written
            page_ = before;
            break;
        case 2: // so are bytes of the reply
            std::memcpy(ring().rsp, now.rsp, random_() % XENSTORE_RING_SIZE);
            ring().rsp_prod = then.rsp_prod;
            ring().req_cons = then.req_cons;
            break;
        case 3: // the reply is there, or a part of it
            ring().req_cons = then.req_cons;
            break;
        default: // everything
            break;
        }
    }

    /// So that one step is one request, and a kill can come between any two.
    void hide_all_but_one_request(const Page& before) {
        hidden_ = ring().req_prod;
        const auto& now = *reinterpret_cast<const xenstore_domain_interface*>(before.data());
        std::uint32_t length = 0;
        if (now.req_prod - now.req_cons < sizeof(xsd_sockmsg) || !at_message_start())
            return;
        for (std::uint32_t byte = 0; byte < 4; ++byte)
            length |= std::uint32_t{static_cast<unsigned char>(
                          now.req[(now.req_cons + 12 + byte) % XENSTORE_RING_SIZE])}
                      << (8 * byte);
        const std::uint32_t end = now.req_cons + length + static_cast<std::uint32_t>(sizeof(xsd_sockmsg));
        if (end - now.req_cons < now.req_prod - now.req_cons)
            ring().req_prod = end;
    }
    void unhide() { ring().req_prod = hidden_; }
    [[nodiscard]] bool at_message_start() const {
        return kept_.lines.empty() || kept_.lines.back().find("\"part\"") == std::string::npos;
    }

    void start() {
        session_.emplace(chaos::DomainId{5}, page_.data(), journal_);
        const auto restored = session_->restore();
        ASSERT_TRUE(restored) << restored.error().story();
        if (!*restored)
            session_->change({{StoreChange::Kind::write, "/local/domain/5/data", "", 0}});
    }

    Page& page_;
    std::mt19937 random_;
    test::JournalLines kept_;
    test::MemoryJournal journal_{kept_};
    std::optional<StoreSession> session_;
    std::uint32_t hidden_ = 0;
};

class StoreKilledTest : public testing::TestWithParam<std::uint32_t> {
  protected:
    alignas(8) Page page{};
    MortalServer server{page, GetParam()};
    test::StoreClient client{page.data(), [this] { server.serve(); }};
};

TEST_P(StoreKilledTest, answers_each_request_once) {
    std::mt19937 random(GetParam());
    std::map<std::string, std::string> model;
    for (int request = 0; request < 60; ++request) {
        const std::string key = "data/" + std::to_string(random() % 8);
        const std::string value(random() % 4 == 0 ? random() % 2000 : random() % 20,
                                static_cast<char>(random()));
        switch (random() % 6) {
        case 0:
            ASSERT_EQ(client.read(key), model.contains(key) ? model[key] : "ENOENT");
            break;
        case 1:
            ASSERT_EQ(client.ask(XS_RM, joined({key})).error(), "");
            model.erase(key);
            break;
        case 2: {
            // A transaction that a kill interrupts has to be tried again, as guests do.
            std::string ended;
            for (int attempt = 0; attempt < 50 && ended != "OK"; ++attempt) {
                const auto transaction = client.begin();
                ASSERT_NE(transaction, 0u);
                ASSERT_EQ(client.write(key, value, transaction), "");
                ended = client.end(transaction);
                ASSERT_TRUE(ended.empty() || ended == "EAGAIN") << ended;
                if (ended.empty())
                    ended = "OK";
            }
            ASSERT_EQ(ended, "OK");
            model[key] = value;
            break;
        }
        case 3: {
            const std::string token = std::to_string(random() % 4);
            ASSERT_EQ(client.watch(key, token), "");
            ASSERT_NE(std::ranges::find(client.events, StoreEvent{key, token}), client.events.end());
            client.events.clear();
            break;
        }
        default:
            ASSERT_EQ(client.write(key, value), "");
            model[key] = value;
        }
        ASSERT_EQ(client.broken, "");
    }
    EXPECT_GT(server.deaths, 20u);
    // And nothing came that nobody had asked for.
    for (const auto& [id, answers] : client.replies)
        ADD_FAILURE() << "another answer to request " << id;
}

TEST_P(StoreKilledTest, loses_no_event) {
    ASSERT_EQ(client.watch("data", "t"), "");
    for (int change = 0; change < 30; ++change) {
        client.events.clear();
        ASSERT_EQ(client.write("data/x", std::to_string(change)), "");
        for (int round = 0; round < 3; ++round) {
            server.serve();
            client.exchange();
        }
        ASSERT_FALSE(client.events.empty());
    }
    EXPECT_EQ(client.broken, "");
}

INSTANTIATE_TEST_SUITE_P(Seeds, StoreKilledTest, testing::Range(1u, 6u));

} // namespace
} // namespace xendevd
