// SPDX-License-Identifier: BSD-3-Clause
// Journals: what was appended is read again, whatever happened to the writer in between.
#include "xendevd/journal.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace xendevd {
namespace {

using chaos::DomainId;
using Lines = std::vector<std::string>;

class JournalTest : public testing::Test {
  protected:
    JournalTest() {
        char pattern[] = "/tmp/journal-test.XXXXXX";
        directory = ::mkdtemp(pattern);
    }
    ~JournalTest() override { std::filesystem::remove_all(directory); }
    std::string path(int domain) const { return directory + "/" + std::to_string(domain) + ".journal"; }

    std::string directory;
};

TEST_F(JournalTest, reads_what_was_appended) {
    Journal journal(directory, DomainId{5});
    EXPECT_TRUE(journal.read()->empty());
    EXPECT_FALSE(std::filesystem::exists(path(5)));
    ASSERT_TRUE(journal.append("one"));
    ASSERT_TRUE(journal.append("two"));
    EXPECT_EQ(journal.size(), 8u);
    Journal after(directory, DomainId{5});
    EXPECT_EQ(*after.read(), (Lines{"one", "two"}));
    EXPECT_EQ(after.size(), 8u);
    ASSERT_TRUE(after.append("three"));
    EXPECT_EQ(*after.read(), (Lines{"one", "two", "three"}));
}

TEST_F(JournalTest, forgets_a_line_that_was_never_finished) {
    ASSERT_TRUE(Journal(directory, DomainId{5}).append("whole"));
    std::ofstream(path(5), std::ios::app) << "hal";
    Journal journal(directory, DomainId{5});
    EXPECT_EQ(*journal.read(), (Lines{"whole"}));
    ASSERT_TRUE(journal.append("next"));
    EXPECT_EQ(*journal.read(), (Lines{"whole", "next"}));
}

TEST_F(JournalTest, is_replaced_at_once_and_appended_to_afterwards) {
    Journal journal(directory, DomainId{5});
    ASSERT_TRUE(journal.append("old"));
    ASSERT_TRUE(journal.replace(Lines{"a", "b"}));
    EXPECT_EQ(journal.size(), 4u);
    ASSERT_TRUE(journal.append("c"));
    EXPECT_EQ(*journal.read(), (Lines{"a", "b", "c"}));
    EXPECT_FALSE(std::filesystem::exists(path(5) + ".new"));
    journal.remove();
    EXPECT_FALSE(std::filesystem::exists(path(5)));
    journal.remove();
}

TEST_F(JournalTest, knows_whose_journals_there_are) {
    for (const int domain : {5, 32700})
        ASSERT_TRUE(Journal(directory, DomainId{static_cast<std::uint16_t>(domain)}).append("x"));
    for (const char* other : {"/7.journal.new", "/x.journal", "/70000.journal", "/.journal", "/-1.journal"})
        std::ofstream(directory + other) << "x\n";
    auto found = *Journal::domains(directory);
    std::sort(found.begin(), found.end());
    EXPECT_EQ(found, (std::vector{DomainId{5}, DomainId{32700}}));
    EXPECT_FALSE(Journal::domains(directory + "/missing"));
}

TEST_F(JournalTest, leaves_no_half_line_where_there_is_no_room) {
    Journal journal(directory, DomainId{5});
    ASSERT_TRUE(journal.append("first"));
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
    const rlimit narrow{10, before.rlim_max};
    const auto handler = std::signal(SIGXFSZ, SIG_IGN);
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &narrow), 0);
    const auto written = journal.append("this is too long");
    EXPECT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
    std::signal(SIGXFSZ, handler);
    EXPECT_FALSE(written);
    ASSERT_TRUE(journal.append("third"));
    EXPECT_EQ(*Journal(directory, DomainId{5}).read(), (Lines{"first", "third"}));
}

TEST_F(JournalTest, says_which_file_it_could_not_write) {
    Journal journal(directory + "/missing", DomainId{5});
    EXPECT_NE(journal.append("x").error().story().find("/missing/5.journal"), std::string::npos);
    EXPECT_FALSE(journal.replace(Lines{"x"}));
    std::filesystem::create_directory(path(6));
    EXPECT_FALSE(Journal(directory, DomainId{6}).read());
}

} // namespace
} // namespace xendevd
