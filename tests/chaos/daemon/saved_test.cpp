// SPDX-License-Identifier: BSD-3-Clause
// What the API was told outlives chaosd, whole or not at all.
#include "chaos/daemon/saved.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <filesystem>

#include "tests/fakes/system_calls.hpp"
#include "tests/libchaos/state/samples.hpp"
#include "tests/libchaos/temporary_directory.hpp"

namespace chaos::daemon {
namespace {

SavedPools sample() {
    FlavourSpec web;
    web.name = "web";
    web.shape.memory_kib = 4096;
    web.shape.kernel = "/boot/web";
    web.shape.vifs = {parse_vif("bridge=xenbr0").value()};
    web.shape.end_actions.on_crash = EndAction::coredump_restart;
    web.disks = 2;
    SavedPools saved;
    saved.flavours["web"] = web;
    saved.flavours["gone"] = std::nullopt;
    saved.pools["web"] = PoolSpec{1, 8, 2.5};
    saved.pools["gone"] = std::nullopt;
    return saved;
}

bool same(const SavedPools& a, const SavedPools& b) {
    return a.flavours == b.flavours && a.pools == b.pools;
}

TEST(SavedPools, come_back_as_they_were) {
    const test::TemporaryDirectory directory;
    const std::string path = directory / "pools.json";
    const auto none = load_saved(path);
    ASSERT_TRUE(none) << none.error().story();
    EXPECT_TRUE(same(*none, {}));
    ASSERT_TRUE(save(sample(), path));
    const auto loaded = load_saved(path);
    ASSERT_TRUE(loaded) << loaded.error().story();
    EXPECT_TRUE(same(*loaded, sample())) << to_json(*loaded);
}

TEST(SavedPools, damaged_files_are_refused) {
    const std::string whole = to_json(sample());
    for (std::size_t size = 0; size + 1 < whole.size(); ++size)
        EXPECT_FALSE(saved_from_json(whole.substr(0, size))) << size;
    for (const char* text :
         {"[]", "{}", R"({"flavours":{},"pools":{"web":{}}})", R"({"flavours":{"../x":null},"pools":{}})",
          R"({"flavours":{"web":{"disks":1}},"pools":{}})",
          R"({"flavours":{},"pools":{"web":{"min":0,"max":1,"per_second":-1}}})"})
        EXPECT_FALSE(saved_from_json(text)) << text;
}

TEST(SavedPools, of_two_entries_of_one_name_the_last_counts) {
    const auto saved = saved_from_json(
        R"({"flavours":{"web":{"disks":1,"shape":{"memory_kib":4096}},"web":null},)"
        R"("pools":{"web":{"min":0,"max":1,"per_second":0},"web":null,"db":null,"db":{"min":0,"max":2,"per_second":0.1}}})");
    ASSERT_TRUE(saved) << saved.error().story();
    EXPECT_EQ(saved->flavours.at("web"), std::nullopt);
    EXPECT_EQ(saved->pools.at("web"), std::nullopt);
    ASSERT_TRUE(saved->pools.at("db"));
    EXPECT_EQ(saved->pools.at("db")->max, 2u);
    EXPECT_EQ(saved->pools.at("db")->per_second, 0.1);
}

TEST(SavedPools, the_file_is_replaced_or_left_as_it_was) {
    namespace calls = fakes::system_calls;
    const test::TemporaryDirectory directory;
    const std::string path = directory / "pools.json";
    ASSERT_TRUE(save({}, path));
    const auto before = test::contents_of(directory.path());
    calls::start_counting();
    ASSERT_TRUE(save({}, path));
    const std::size_t count = calls::stop_counting().size();
    ASSERT_GE(count, 3u);
    for (std::size_t number = 1; number <= count; ++number) {
        calls::start_counting();
        calls::fail_at(number, ENOSPC);
        const auto failed = save(sample(), path);
        const auto made = calls::stop_counting();
        if (failed)
            continue; // the removal of what a success does not leave
        EXPECT_EQ(failed.error().system_errno(), ENOSPC);
        EXPECT_NE(failed.error().story().find(path), std::string::npos);
        EXPECT_EQ(test::contents_of(directory.path()), before) << number << " " << made.back();
    }
}

} // namespace
} // namespace chaos::daemon
