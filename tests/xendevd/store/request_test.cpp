// SPDX-License-Identifier: BSD-3-Clause
// What each request answers, asked over a ring, as xenstored would answer it.
#include <gtest/gtest.h>

#include <array>

#include "tests/xendevd/store/memory_journal.hpp"
#include "tests/xendevd/store/store_client.hpp"
#include "xendevd/store/guest_keys.hpp"
#include "xendevd/store/session.hpp"

namespace xendevd {
namespace {

using test::joined;
using test::split;
using Strings = std::vector<std::string>;

class StoreRequestTest : public testing::Test {
  protected:
    StoreRequestTest() {
        StoreSettings settings;
        settings.domain = chaos::DomainId{5};
        settings.name = "web";
        settings.vcpus = 2;
        settings.memory_kib = 131072;
        session.change(guest_keys(settings));
    }
    void serve() {
        for (bool more = true; more;) {
            auto served = session.serve(made);
            ASSERT_TRUE(served) << served.error().story();
            more = served->more;
        }
    }
    Strings events() {
        Strings texts;
        for (const StoreEvent& event : client.events)
            texts.push_back(event.path + " " + event.token);
        client.events.clear();
        return texts;
    }

    alignas(8) std::array<std::byte, 4096> page{};
    test::JournalLines kept;
    test::MemoryJournal journal{kept};
    StoreSession session{chaos::DomainId{5}, page.data(), journal};
    StoreChanges made;
    test::StoreClient client{page.data(), [this] { serve(); }};
};

TEST_F(StoreRequestTest, reads_what_a_guest_finds) {
    EXPECT_EQ(client.read("name"), "web");
    EXPECT_EQ(client.read("/local/domain/5/name"), "web");
    EXPECT_EQ(client.read("domid"), "5");
    EXPECT_EQ(client.read("cpu/1/availability"), "online");
    EXPECT_EQ(client.read("memory/target"), "131072");
    EXPECT_EQ(client.read("control/platform-feature-xs_reset_watches"), "1");
    EXPECT_EQ(client.read("device"), "");
    EXPECT_EQ(client.directory("device"), (Strings{"vbd", "vif"}));
    EXPECT_EQ(client.directory(""), (Strings{"EINVAL"}));
    EXPECT_EQ(client.read("backend"), "ENOENT");
    EXPECT_EQ(client.read("no such"), "EINVAL");
    EXPECT_EQ(client.ask(XS_READ, "name").error(), "EINVAL") << "no zero byte behind it";
    EXPECT_EQ(client.ask(XS_READ, joined({"name", "x"})).error(), "EINVAL");
    EXPECT_EQ(client.ask(XS_READ, "").error(), "EINVAL");
}

TEST_F(StoreRequestTest, writes_makes_and_removes) {
    EXPECT_EQ(client.write("data/a/b", "one"), "");
    EXPECT_EQ(client.read("data/a/b"), "one");
    EXPECT_EQ(client.read("data/a"), "");
    EXPECT_EQ(client.write("data/a/b", std::string("\0\xff\n", 3)), "");
    EXPECT_EQ(client.read("data/a/b"), std::string("\0\xff\n", 3));
    EXPECT_EQ(client.ask(XS_MKDIR, joined({"data/a"})).error(), "") << "it is there";
    EXPECT_EQ(client.ask(XS_MKDIR, joined({"data/c"})).error(), "");
    EXPECT_EQ(client.directory("data"), (Strings{"a", "c"}));
    EXPECT_EQ(client.ask(XS_RM, joined({"data/a"})).error(), "");
    EXPECT_EQ(client.read("data/a/b"), "ENOENT");
    EXPECT_EQ(client.ask(XS_RM, joined({"data/a"})).error(), "") << "it is gone already";
    EXPECT_EQ(client.ask(XS_RM, joined({"data/x/y"})).error(), "ENOENT");
    EXPECT_EQ(client.ask(XS_RM, joined({"/"})).error(), "EINVAL");
    EXPECT_EQ(client.ask(XS_WRITE, "data/a").error(), "EINVAL");
}

TEST_F(StoreRequestTest, keeps_the_guest_to_its_own) {
    for (const char* path :
         {"/local/domain/5", "/local/domain/6/name", "/local/domain/0/backend/vif/5/0/state", "/tool",
          "/local/domain/55", "device", "device/vif", "device/vif/0", "device/vif/0/state"}) {
        EXPECT_EQ(client.write(path, "x"), "EACCES") << path;
        EXPECT_EQ(client.ask(XS_RM, joined({path})).error(), "EACCES") << path;
    }
    EXPECT_EQ(client.ask(XS_MKDIR, joined({"/tool"})).error(), "EACCES");
    session.change({{StoreChange::Kind::write, "/local/domain/5/device/vif/0/state", "1", 0}});
    EXPECT_EQ(client.write("device/vif/0/state", "4"), "");
    EXPECT_EQ(client.ask(XS_RM, joined({"device/vif/0"})).error(), "EACCES");
    EXPECT_EQ(client.ask(XS_SET_PERMS, joined({"device/vif/0/state", "b5"})).error(), "");
    EXPECT_EQ(client.ask(XS_SET_PERMS, joined({"/local", "b5"})).error(), "EACCES");
    EXPECT_EQ(client.ask(XS_SET_PERMS, joined({"data/x", "b5"})).error(), "ENOENT");
    EXPECT_EQ(client.ask(XS_SET_PERMS, joined({"data"})).error(), "EINVAL");
    EXPECT_EQ(split(client.ask(XS_GET_PERMS, joined({"data"})).body), (Strings{"n5"}));
    EXPECT_EQ(split(client.ask(XS_GET_PERMS, joined({"/local"})).body), (Strings{"n0", "r5"}));
}

TEST_F(StoreRequestTest, answers_everything_else_in_a_way) {
    EXPECT_EQ(client.ask(XS_GET_DOMAIN_PATH, joined({"5"})).body, joined({"/local/domain/5"}));
    EXPECT_EQ(client.ask(XS_GET_DOMAIN_PATH, joined({"x"})).error(), "EINVAL");
    EXPECT_EQ(client.ask(XS_IS_DOMAIN_INTRODUCED, joined({"5"})).body, joined({"T"}));
    EXPECT_EQ(client.ask(XS_IS_DOMAIN_INTRODUCED, joined({"6"})).body, joined({"F"}));
    for (const std::uint32_t type : {XS_CONTROL, XS_INTRODUCE, XS_RELEASE, XS_RESUME, XS_SET_TARGET})
        EXPECT_EQ(client.ask(type, joined({"5"})).error(), "EACCES");
    for (const std::uint32_t type : {std::uint32_t{XS_WATCH_EVENT}, std::uint32_t{XS_ERROR}, 99u, ~0u})
        EXPECT_EQ(client.ask(type, "x").error(), "ENOSYS");
    EXPECT_EQ(client.read("name", 77), "ENOENT") << "no such transaction";
    EXPECT_EQ(client.end(77), "ENOENT");
}

TEST_F(StoreRequestTest, tells_watches) {
    EXPECT_EQ(client.watch("data", "t1"), "");
    EXPECT_EQ(client.watch("/local/domain/5/data/a", "t2"), "");
    EXPECT_EQ(events(), (Strings{"data t1", "/local/domain/5/data/a t2"})) << "at once";
    EXPECT_EQ(client.watch("data", "t1"), "") << "again";
    EXPECT_EQ(events(), (Strings{"data t1"}));
    client.write("data/a/b", "1");
    EXPECT_EQ(events(), (Strings{"data/a/b t1", "/local/domain/5/data/a/b t2"}));
    client.write("data/c", "1");
    EXPECT_EQ(events(), (Strings{"data/c t1"}));
    client.ask(XS_RM, joined({"data"}));
    EXPECT_EQ(events(), (Strings{"data t1", "/local/domain/5/data/a t2"}));
    client.ask(XS_RM, joined({"data"}));
    EXPECT_EQ(events(), Strings{}) << "nothing went";
    EXPECT_EQ(client.ask(XS_UNWATCH, joined({"data", "t1"})).error(), "");
    EXPECT_EQ(client.ask(XS_UNWATCH, joined({"data", "t1"})).error(), "ENOENT");
    EXPECT_EQ(client.ask(XS_RESET_WATCHES, joined({""})).error(), "");
    client.write("data/a", "2");
    EXPECT_EQ(events(), Strings{});
    EXPECT_EQ(client.watch("@releaseDomain", "x"), "EACCES");
    EXPECT_EQ(client.watch("a//b", "x"), "EINVAL");
    EXPECT_EQ(client.watch("a", std::string(StoreQuota::token_bytes + 1, 't')), "EINVAL");
    EXPECT_EQ(client.ask(XS_WATCH, joined({"a"})).error(), "EINVAL");
}

TEST_F(StoreRequestTest, tells_watches_of_the_back_ends_side) {
    const std::string path = "/local/domain/0/backend/vif/5/0";
    EXPECT_EQ(client.watch(path + "/state", "t"), "") << "before it is there";
    events();
    session.change({{StoreChange::Kind::write, path + "/state", "2", 0}});
    EXPECT_EQ(client.read(path + "/state"), "2");
    EXPECT_EQ(events(), (Strings{path + "/state t"}));
    session.change({{StoreChange::Kind::remove, path, "", 0}});
    serve();
    client.exchange();
    EXPECT_EQ(events(), (Strings{path + "/state t"}));
}

TEST_F(StoreRequestTest, carries_out_transactions_whole) {
    client.watch("data", "t");
    events();
    const auto transaction = client.begin();
    EXPECT_EQ(client.write("data/a", "1", transaction), "");
    EXPECT_EQ(client.ask(XS_MKDIR, joined({"data/b"}), transaction).error(), "");
    EXPECT_EQ(client.read("data/a", transaction), "1");
    EXPECT_EQ(client.read("data/a"), "ENOENT");
    client.write("attr/x", "in between");
    EXPECT_EQ(events(), Strings{});
    EXPECT_EQ(client.ask(XS_TRANSACTION_START, joined({""}), transaction).error(), "EBUSY");
    EXPECT_EQ(client.end(transaction), "");
    EXPECT_EQ(client.read("data/a"), "1");
    EXPECT_EQ(events(), (Strings{"data/a t", "data/b t"}));
    EXPECT_EQ(client.end(transaction), "ENOENT");
}

TEST_F(StoreRequestTest, gives_up_a_transaction) {
    const auto transaction = client.begin();
    client.write("data/a", "1", transaction);
    EXPECT_EQ(client.ask(XS_TRANSACTION_END, joined({"X"}), transaction).error(), "EINVAL");
    EXPECT_EQ(client.end(transaction, false), "");
    EXPECT_EQ(client.read("data/a"), "ENOENT");
}

TEST_F(StoreRequestTest, lets_a_transaction_try_again_if_what_it_saw_has_changed) {
    client.write("data/a", "1");
    const auto reader = client.begin(), writer = client.begin(), other = client.begin();
    EXPECT_EQ(client.read("data/a", reader), "1");
    EXPECT_EQ(client.write("data/a", "2", writer), "");
    EXPECT_EQ(client.write("data/b", "2", other), "");
    EXPECT_EQ(client.end(writer), "");
    EXPECT_EQ(client.end(reader), "EAGAIN");
    EXPECT_EQ(client.end(reader), "ENOENT") << "it ended";
    EXPECT_EQ(client.end(other), "") << "it has nothing to do with the others";
}

TEST_F(StoreRequestTest, does_not_bring_back_a_device_by_a_transaction) {
    session.change({{StoreChange::Kind::write, "/local/domain/5/device/vif/0/state", "1", 0}});
    const auto transaction = client.begin();
    EXPECT_EQ(client.write("device/vif/0/tx-ring-ref", "8", transaction), "");
    session.change({{StoreChange::Kind::remove, "/local/domain/5/device/vif/0", "", 0}});
    EXPECT_EQ(client.end(transaction), "EAGAIN");
    EXPECT_EQ(client.directory("device/vif"), Strings{});
}

TEST_F(StoreRequestTest, lists_long_directories_in_parts) {
    Strings names;
    for (int name = 100; name < 700; ++name) {
        names.push_back("a-long-name-" + std::to_string(name));
        ASSERT_EQ(client.write("data/" + names.back(), ""), "");
    }
    EXPECT_EQ(client.ask(XS_DIRECTORY, joined({"data"})).error(), "E2BIG");
    std::string list;
    for (int part = 0; part < 10 && !list.ends_with(std::string(2, '\0')); ++part) {
        const auto reply = client.ask(XS_DIRECTORY_PART, joined({"data", std::to_string(list.size())}));
        ASSERT_EQ(reply.type, std::uint32_t{XS_DIRECTORY_PART});
        EXPECT_LE(reply.body.size(), std::size_t{XENSTORE_PAYLOAD_MAX});
        list += reply.body.substr(reply.body.find('\0') + 1);
    }
    list.pop_back();
    EXPECT_EQ(split(list), names);
    const auto beyond = client.ask(XS_DIRECTORY_PART, joined({"data", "1000000"}));
    EXPECT_EQ(beyond.body.substr(beyond.body.find('\0') + 1), std::string(1, '\0'));
    EXPECT_EQ(client.ask(XS_DIRECTORY_PART, joined({"data", "x"})).error(), "EINVAL");
}

TEST_F(StoreRequestTest, gives_a_guest_only_so_much) {
    EXPECT_EQ(client.write("data/large", std::string(StoreQuota::value_bytes + 1, 'x')), "ENOSPC");
    int written = 0;
    while (written < 100 && client.write("data/" + std::to_string(written), std::string(2000, 'x')).empty())
        ++written;
    EXPECT_GT(written, 20);
    EXPECT_LT(written, 33);
    EXPECT_EQ(client.write("data/0", "less"), "") << "smaller is always possible";
    EXPECT_EQ(client.ask(XS_RM, joined({"data"})).error(), "");
    for (written = 0; written < 2000 && client.write("data/" + std::to_string(written), "").empty();)
        ++written;
    EXPECT_GT(written, 900);
    EXPECT_LT(written, 1000);
    for (written = 0; written < 200 && client.watch("w" + std::to_string(written), "t").empty();)
        ++written;
    EXPECT_EQ(written, 128);
    EXPECT_EQ(client.watch("another", "t"), "E2BIG");
    EXPECT_EQ(client.watch("w0", "t"), "");
    Strings open;
    for (written = 0; written < 20; ++written) {
        if (client.begin() == 0)
            break;
    }
    EXPECT_EQ(written, 8);
}

TEST_F(StoreRequestTest, gives_a_transaction_only_so_much) {
    const auto transaction = client.begin();
    int written = 0;
    while (written < 100 && client.write("data/a", std::string(2000, 'x'), transaction).empty())
        ++written;
    EXPECT_LT(written, 17);
    while (written < 5000 && client.read("data/" + std::to_string(written), transaction) == "ENOENT")
        ++written;
    EXPECT_LT(written, 1500);
    EXPECT_EQ(client.end(transaction, false), "");
}

TEST_F(StoreRequestTest, does_not_let_two_transactions_exceed_what_one_may_not) {
    for (int value = 0; value < 20; ++value)
        ASSERT_EQ(client.write("data/" + std::to_string(value), std::string(2000, 'x')), "");
    const auto one = client.begin(), two = client.begin();
    for (int value = 0; value < 10; ++value) {
        ASSERT_EQ(client.write("attr/" + std::to_string(value), std::string(2000, 'x'), one), "");
        ASSERT_EQ(client.write("feature/" + std::to_string(value), std::string(2000, 'x'), two), "");
    }
    EXPECT_EQ(client.end(one), "");
    EXPECT_EQ(client.end(two), "ENOSPC");
    EXPECT_EQ(session.contents().transactions(), 0u);
}

} // namespace
} // namespace xendevd
