// SPDX-License-Identifier: BSD-3-Clause
// Configuration files that are there, missing, or no files at all.
#include <fstream>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../temporary_directory.hpp"
#include "expect_error.hpp"
#include "libchaos/config/guest_config.hpp"

namespace chaos {
namespace {

class LoadGuestConfig : public testing::Test {
  protected:
    std::string write(const std::string& content) {
        std::ofstream(path_) << content;
        return path_;
    }

    test::TemporaryDirectory directory_;
    std::string path_ = directory_ / "web.cfg";
};

TEST_F(LoadGuestConfig, a_file_is_read_with_its_overrides) {
    const auto config =
        load_guest_config(write("name='web'\nkernel='k'\nmemory=4\n"), {"memory=8", "vcpus=2; name=other"});
    ASSERT_TRUE(config) << config.error().story();
    EXPECT_EQ(config->name, "other");
    EXPECT_EQ(config->memory_kib, 8192u);
    EXPECT_EQ(config->vcpus, 2u);
}

TEST_F(LoadGuestConfig, errors_name_file_and_line_or_the_override) {
    EXPECT_TRUE(fails_saying(load_guest_config(write("name='web'\nkernel='k'\nmemory=0\n"), {}),
                             {path_ + ":3: memory = 0"}));
    EXPECT_TRUE(fails_saying(load_guest_config(write("name='web'\nkernel='k'\nmemory=4\n"), {"memory=0"}),
                             {"override \"memory=0\": memory = 0"}));
}

TEST_F(LoadGuestConfig, a_missing_file_is_refused) {
    const auto config = load_guest_config(directory_ / "none.cfg", {});
    EXPECT_TRUE(fails_saying(config, {"none.cfg", "No such file"}));
    EXPECT_EQ(config.error().kind(), ErrorKind::invalid_config);
}

TEST_F(LoadGuestConfig, what_is_no_file_is_refused_at_once) {
    EXPECT_TRUE(fails_saying(load_guest_config(directory_.path(), {}), {"no regular file"}));
    ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
    EXPECT_TRUE(fails_saying(load_guest_config(path_, {}), {"no regular file"}));
    EXPECT_TRUE(fails_saying(load_guest_config("/dev/zero", {}), {"no regular file"}));
    EXPECT_FALSE(load_guest_config("", {}));
}

TEST_F(LoadGuestConfig, an_oversized_file_is_refused) {
    write("");
    ASSERT_EQ(::truncate(path_.c_str(), off_t{1} << 40), 0);
    EXPECT_TRUE(fails_saying(load_guest_config(path_, {}), {"1024 KiB"}));
}

TEST_F(LoadGuestConfig, a_file_that_claims_to_be_empty_is_read_to_its_end) {
    EXPECT_TRUE(fails_saying(load_guest_config("/proc/self/status", {}), {"/proc/self/status:1"}));
}

} // namespace
} // namespace chaos
