// SPDX-License-Identifier: BSD-3-Clause
// Claims: one at a time for a guest, none in the way of another, gone with their holder.
#include "libchaos/state/claim.hpp"

#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "tests/fakes/system_calls.hpp"
#include "tests/libchaos/temporary_directory.hpp"

namespace chaos {
namespace {

using namespace std::chrono_literals;

class ClaimTest : public testing::Test {
  protected:
    Result<std::optional<Claim>> attempt(const Uuid& guest) { return Claim::try_take(directory / "", guest); }
    bool is_free(const Uuid& guest) {
        auto taken = attempt(guest);
        EXPECT_TRUE(taken) << taken.error().story();
        return taken->has_value();
    }
    test::TemporaryDirectory directory;
    const Uuid web = Uuid::random();
    const Uuid shop = Uuid::random();
};

TEST_F(ClaimTest, is_held_by_one_at_a_time) {
    {
        const auto first = attempt(web);
        ASSERT_TRUE(first && *first);
        EXPECT_FALSE(is_free(web));
        EXPECT_TRUE(is_free(shop));
        EXPECT_FALSE(is_free(web)) << "giving one claim back gave another one back as well";
    }
    EXPECT_TRUE(is_free(web));
}

TEST_F(ClaimTest, goes_with_the_process_that_holds_it) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    if (child == 0) {
        const auto held = attempt(web);
        (void)!::write(ends[1], "x", 1);
        ::pause();
        ::_exit(held ? 0 : 1);
    }
    char byte = 0;
    ASSERT_EQ(::read(ends[0], &byte, 1), 1);
    EXPECT_FALSE(is_free(web));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    EXPECT_TRUE(is_free(web));
    ::close(ends[0]);
    ::close(ends[1]);
}

TEST_F(ClaimTest, waiting_ends_in_time_or_when_told_to) {
    const auto held = attempt(web);
    ASSERT_TRUE(held && *held);
    const auto late = Claim::take(directory / "", web, 1ms);
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().kind(), ErrorKind::timed_out);
    const UniqueFd stop(::eventfd(1, EFD_CLOEXEC));
    const auto stopped = Claim::take(directory / "", web, 1h, stop.get());
    ASSERT_FALSE(stopped);
    EXPECT_EQ(stopped.error().kind(), ErrorKind::interrupted);
    EXPECT_TRUE(Claim::take(directory / "", shop, 0ms));
}

TEST_F(ClaimTest, a_file_that_cannot_be_opened_is_reported) {
    const auto taken = Claim::try_take(directory / "nowhere", web);
    ASSERT_FALSE(taken);
    EXPECT_EQ(taken.error().system_errno(), ENOENT);
    EXPECT_NE(taken.error().story().find("claims"), std::string::npos);
}

} // namespace
} // namespace chaos
