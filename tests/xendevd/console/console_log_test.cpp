// SPDX-License-Identifier: BSD-3-Clause
// Console logs: times, rotation, and disks that do not take them.
#include "xendevd/console/console_log.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/libchaos/temporary_directory.hpp"

namespace xendevd {
namespace {

class ConsoleLogTest : public testing::Test {
  protected:
    static std::string contents(const std::string& path) {
        std::ostringstream text;
        text << std::ifstream(path, std::ios::binary).rdbuf();
        return text.str();
    }

    chaos::test::TemporaryDirectory directory;
    std::string path = directory.path() + "/web.log";
    ConsoleLog log{path};
    ConsoleLog::Time time{std::chrono::milliseconds(1795250122123)};
};

TEST_F(ConsoleLogTest, gives_each_line_one_time) {
    EXPECT_FALSE(std::filesystem::exists(path));
    ASSERT_TRUE(log.write("one\r\ntw", time));
    ASSERT_TRUE(log.write("o\n\n", time + std::chrono::seconds(1)));
    ASSERT_TRUE(log.write("three", time + std::chrono::seconds(2)));
    EXPECT_EQ(contents(path), "2026-11-21T08:35:22.123Z one\n"
                              "2026-11-21T08:35:22.123Z two\n"
                              "2026-11-21T08:35:23.123Z \n"
                              "2026-11-21T08:35:24.123Z three");
}

TEST_F(ConsoleLogTest, shows_control_characters) {
    ASSERT_TRUE(log.write(std::string("\x1b[2J\0\x7f\t\xc3\xa9\n", 10), time));
    EXPECT_EQ(contents(path), "2026-11-21T08:35:22.123Z ^[[2J^@^?\t\xc3\xa9\n");
}

TEST_F(ConsoleLogTest, goes_on_in_a_new_line_after_a_restart) {
    ASSERT_TRUE(log.write("hal", time));
    ASSERT_TRUE(ConsoleLog(path).write("f\n", time));
    ASSERT_TRUE(ConsoleLog(path).write("next\n", time));
    EXPECT_EQ(contents(path), "2026-11-21T08:35:22.123Z hal\n"
                              "2026-11-21T08:35:22.123Z f\n"
                              "2026-11-21T08:35:22.123Z next\n");
}

TEST_F(ConsoleLogTest, never_takes_more_than_two_files) {
    const std::string flood(2048, '\n');
    for (int round = 0; round < 100; ++round) {
        ASSERT_TRUE(log.write(flood, time));
        ASSERT_LE(std::filesystem::file_size(path), ConsoleLog::longest_file);
    }
    EXPECT_LE(std::filesystem::file_size(path + ".1"), ConsoleLog::longest_file);
    EXPECT_GT(std::filesystem::file_size(path + ".1"), ConsoleLog::longest_file * 9 / 10);
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(directory.path()), {}), 2);
    EXPECT_EQ(contents(path).find("2026-11-21T"), 0u);
}

TEST_F(ConsoleLogTest, tells_why_it_cannot_write_and_tries_again_later) {
    ConsoleLog nowhere(directory.path() + "/missing/web.log");
    const auto result = nowhere.write("one\n", time);
    ASSERT_FALSE(result);
    EXPECT_NE(result.error().story().find("/missing/web.log"), std::string::npos);
    EXPECT_TRUE(nowhere.write("two\n", time + std::chrono::seconds(9))) << "it does not try";
    std::filesystem::create_directory(directory.path() + "/missing");
    ASSERT_TRUE(nowhere.write("three\n", time + std::chrono::seconds(10)));
    EXPECT_EQ(contents(directory.path() + "/missing/web.log"), "2026-11-21T08:35:32.123Z three\n");
}

TEST_F(ConsoleLogTest, follows_no_link) {
    std::filesystem::create_symlink(directory.path() + "/elsewhere", path);
    EXPECT_FALSE(log.write("one\n", time));
    EXPECT_FALSE(std::filesystem::exists(directory.path() + "/elsewhere"));
}

} // namespace
} // namespace xendevd
