// SPDX-License-Identifier: BSD-3-Clause
// A private store as xendevd has it: its page, its port, its log lines.
#include "xendevd/store/store.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include <nlohmann/json.hpp>

#include "tests/libchaos/temporary_directory.hpp"
#include "tests/xendevd/daemon_fixture.hpp"
#include "tests/xendevd/store/store_client.hpp"

namespace xendevd {
namespace {

using test::joined;

class StoreTest : public DaemonFixture {
  protected:
    StoreTest() {
        settings.domain = guest_id;
        settings.name = "web";
        settings.port = chaos::EventChannelPort{1};
        settings.grant = control_reference;
        store = std::move(*open());
    }
    chaos::Result<std::unique_ptr<Store>> open() {
        return make_store(daemon, settings, store_journal(Journal(directory.path(), guest_id)));
    }
    xenstore_domain_interface& ring() {
        return *reinterpret_cast<xenstore_domain_interface*>(page(control_gfn));
    }
    nlohmann::json description() {
        nlohmann::json out = nlohmann::json::object();
        store->describe(out);
        return out;
    }

    chaos::test::TemporaryDirectory directory;
    StoreSettings settings;
    std::unique_ptr<Store> store;
    test::StoreClient client{page(control_gfn), [this] { notify(1); }};
};

TEST_F(StoreTest, answers_with_an_event) {
    turn();
    const std::size_t before = notified;
    EXPECT_EQ(client.read("name"), "web");
    EXPECT_GT(notified, before);
    EXPECT_EQ(description()["state"], "served");
    EXPECT_EQ(description()["requests"], 1);
}

TEST_F(StoreTest, asks_the_guest_to_shut_down) {
    client.watch("control/shutdown", "t");
    client.events.clear();
    ASSERT_TRUE(store->shutdown("poweroff"));
    turn();
    client.exchange();
    ASSERT_EQ(client.events.size(), 1u);
    EXPECT_EQ(client.events[0], (StoreEvent{"control/shutdown", "t"}));
    EXPECT_EQ(client.read("control/shutdown"), "poweroff");
    EXPECT_FALSE(store->shutdown("explode"));
}

TEST_F(StoreTest, is_remembered_in_a_file) {
    EXPECT_EQ(client.write("data/x", "\xff"), "");
    store.reset();
    store = std::move(*open());
    EXPECT_EQ(client.read("data/x"), "\xff");
    EXPECT_EQ(client.read("name"), "web");
}

TEST_F(StoreTest, stops_serving_a_guest_that_breaks_its_ring) {
    turn();
    testing::internal::CaptureStderr();
    for (int round = 0; round < 50; ++round) {
        ring().req_prod += 5000;
        xen.notify_from(domain, 1);
        turn();
    }
    const std::string lines = testing::internal::GetCapturedStderr();
    EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), 1) << lines;
    EXPECT_NE(lines.find("the store of guest web (77) is dead"), std::string::npos) << lines;
    EXPECT_EQ(description()["state"], "failed");
    EXPECT_FALSE(store->shutdown("poweroff"));
    EXPECT_TRUE(xen.local_ports.empty());
}

TEST_F(StoreTest, says_once_that_it_cannot_write_its_journal) {
    std::filesystem::remove_all(directory.path());
    store.reset();
    testing::internal::CaptureStderr();
    store = std::move(*open());
    EXPECT_EQ(client.write("data/x", "1"), "");
    const std::string lines = testing::internal::GetCapturedStderr();
    EXPECT_NE(lines.find("a restart of xendevd would disturb guest web (77)"), std::string::npos) << lines;
}

TEST_F(StoreTest, fails_whole_when_a_call_fails) {
    store.reset();
    for (std::size_t call = 1;; ++call) {
        xen.clear_calls();
        xen.fail_at(call, EINVAL);
        auto opened = open();
        xen.fail_at(0, 0);
        if (opened)
            break;
        EXPECT_NE(opened.error().story().find("guest web (77)"), std::string::npos);
        EXPECT_TRUE(xen.local_ports.empty());
        EXPECT_EQ(domain.mapped, 0u);
    }
}

} // namespace
} // namespace xendevd
