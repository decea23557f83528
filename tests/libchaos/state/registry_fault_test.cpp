// SPDX-License-Identifier: BSD-3-Clause
// Everything that the registry does, with each of its system calls in turn failing, and with the process
// killed in place of each of its system calls in turn.
#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <functional>

#include "libchaos/state/contents.hpp"
#include "samples.hpp"
#include "tests/fakes/system_calls.hpp"
#include "tests/libchaos/temporary_directory.hpp"

namespace chaos {
namespace {

using test::contents_of;
using test::make_guest;
using test::open_registry;
using test::sample_record;
namespace system_calls = fakes::system_calls;

const Uuid uuid = *Uuid::parse("01234567-89ab-4cde-8f01-23456789abcd");
const Uuid other_uuid = *Uuid::parse("11234567-89ab-4cde-8f01-23456789abcd");

/// One thing that is done with the registry, and the state it is done in.
struct Deed {
    const char* name;
    std::function<void(const std::string& directory)> prepare;
    std::function<Result<void>(Registry&)> act;
    /// It deletes: then it may be half done when a deletion fails, or when it is killed.
    bool removes = false;
};

std::ostream& operator<<(std::ostream& out, const Deed& deed) {
    return out << deed.name;
}

Result<void> create_web(Registry& registry) {
    Reservation reservation = TRY(registry.reserve("web", uuid));
    return reservation.commit(sample_record(reservation.id(), uuid, "web"));
}

Result<void> make_a_shell_and_name_it(Registry& registry) {
    Reservation shell = TRY(registry.reserve_shell(uuid));
    TRY(shell.claim("web"));
    return shell.commit(sample_record(shell.id(), uuid, "web"));
}
Result<void> make_a_shell_of_another_uuid(Registry& registry) {
    Reservation shell = TRY(registry.reserve_shell(uuid));
    TRY(shell.claim("web"));
    TRY(shell.announce_uuid(uuid, other_uuid));
    return shell.commit(sample_record(shell.id(), other_uuid, "web"));
}

void nothing(const std::string& directory) {
    open_registry(directory);
}
void a_guest(const std::string& directory) {
    Registry registry = open_registry(directory);
    make_guest(registry, "web", uuid);
}
void a_killed_maker(const std::string& directory) {
    open_registry(directory);
    test::write_file(directory + "/guests/5000.json", to_json(Intent{"web", other_uuid}));
    test::write_file(directory + "/guests/5000.new", "{\"half\":");
    ASSERT_EQ(::symlink("5000", (directory + "/names/web").c_str()), 0);
}
void a_rename_killed_halfway(const std::string& directory) {
    Registry registry = open_registry(directory);
    make_guest(registry, "mail", uuid);
    ASSERT_EQ(::symlink("32700", (directory + "/names/web").c_str()), 0);
}

const Deed deeds[] = {
    {"create", nothing, create_web},
    {"create_over_a_killed_maker", a_killed_maker, create_web},
    {"create_over_a_rename_killed_halfway", a_rename_killed_halfway, create_web},
    {"make_a_shell_and_name_it", nothing, make_a_shell_and_name_it},
    {"make_a_shell_of_another_uuid", nothing, make_a_shell_of_another_uuid},
    {"make_a_shell_and_name_it_after_a_killed_maker", a_killed_maker, make_a_shell_and_name_it},
    {"drop_a_shell", nothing,
     [](Registry& registry) -> Result<void> {
         Reservation shell = TRY(registry.reserve_shell(uuid));
         return shell.claim("web");
     },
     true},
    {"drop_a_reservation", nothing,
     [](Registry& registry) -> Result<void> {
         TRY(registry.reserve("web", uuid));
         return {};
     },
     true},
    {"rename", a_guest, [](Registry& registry) { return registry.rename(DomainId{32700}, "mail"); }},
    {"finish_a_rename_killed_halfway", a_rename_killed_halfway,
     [](Registry& registry) { return registry.rename(DomainId{32700}, "web"); }},
    {"remove", a_guest, [](Registry& registry) { return registry.remove(DomainId{32700}, uuid); }, true},
    {"remove_a_leftover", a_killed_maker,
     [](Registry& registry) { return registry.remove(DomainId{5000}, other_uuid); }, true},
    {"list", a_killed_maker,
     [](Registry& registry) -> Result<void> {
         TRY(registry.ids());
         TRY(registry.record(DomainId{5000}));
         TRY(registry.leftover(DomainId{5000}));
         TRY(registry.id_of("web"));
         return {};
     }},
};

/// What the next user of the directory must be able to do whatever happened: read everything, tidy up, start
/// afresh.
void expect_recovery(const std::string& directory) {
    Registry registry = open_registry(directory);
    const auto ids = registry.ids();
    ASSERT_TRUE(ids) << ids.error().story();
    for (const DomainId id : *ids) {
        const auto record = registry.record(id);
        ASSERT_TRUE(record) << record.error().story();
        const auto leftover = registry.leftover(id);
        ASSERT_TRUE(leftover) << leftover.error().story();
        ASSERT_NE(record->has_value(), leftover->has_value()) << "neither finished nor left over";
        const auto removed = registry.remove(id, *record ? (*record)->uuid : (*leftover)->uuid);
        ASSERT_TRUE(removed) << removed.error().story();
    }
    for (const char* name : {"web", "mail"})
        make_guest(registry, name, other_uuid);
    EXPECT_EQ(contents_of(directory).size(), 4u) << "two records, two links, and nothing else";
}

/// A finished record is found by its name, unless the deed was to remove it.
void expect_reachable(const std::string& directory) {
    Registry registry = open_registry(directory);
    const auto ids = registry.ids();
    ASSERT_TRUE(ids) << ids.error().story();
    for (const DomainId id : *ids) {
        const auto record = registry.record(id);
        ASSERT_TRUE(record) << record.error().story();
        if (!record->has_value())
            continue;
        const auto found = registry.id_of((*record)->config.name);
        ASSERT_TRUE(found) << found.error().story();
        EXPECT_EQ(*found, id) << (*record)->config.name;
    }
}

class EveryCall : public testing::TestWithParam<Deed> {};

TEST_P(EveryCall, failing_in_turn_leaves_all_as_it_was_or_done) {
    const Deed& deed = GetParam();
    for (const int errno_value : {EIO, ENOSPC, ENOENT}) {
        std::size_t failures = 0;
        for (std::size_t number = 1;; ++number) {
            const test::TemporaryDirectory directory;
            deed.prepare(directory.path());
            const auto before = contents_of(directory.path());
            Registry registry = open_registry(directory.path());

            system_calls::fail_at(number, errno_value);
            system_calls::start_counting();
            const auto outcome = deed.act(registry);
            const auto calls = system_calls::stop_counting();
            if (calls.size() < number) {
                EXPECT_TRUE(outcome) << outcome.error().story();
                break;
            }
            SCOPED_TRACE("call " + std::to_string(number) + ", " + calls[number - 1] + ", errno " +
                         std::to_string(errno_value));
            failures += !outcome;
            if (calls[number - 1] == "unlinkat" && errno_value == ENOENT)
                continue; // a file that is said to be gone and is not: nobody can make that good
            if (!outcome && errno_value != ENOENT) {
                EXPECT_EQ(outcome.error().system_errno(), errno_value) << outcome.error().story();
            }
            if (!outcome && !(deed.removes && calls[number - 1] == "unlinkat")) {
                auto after = contents_of(directory.path());
                for (const auto& [name, text] : after) // tidied up: stale links and strays may go
                    EXPECT_TRUE(before.contains(name) && before.at(name) == text) << name;
            }
            expect_recovery(directory.path());
        }
        EXPECT_GT(failures, 2u) << "no call was made to fail";
    }
}

TEST_P(EveryCall, fatal_in_turn_leaves_what_the_next_process_can_use) {
    const Deed& deed = GetParam();
    for (std::size_t number = 1;; ++number) {
        ASSERT_LT(number, 100u);
        const test::TemporaryDirectory directory;
        deed.prepare(directory.path());
        const pid_t child = ::fork();
        ASSERT_GE(child, 0);
        if (child == 0) {
            Registry registry = open_registry(directory.path());
            system_calls::die_at(number);
            system_calls::start_counting();
            ::_exit(deed.act(registry) ? 0 : 1);
        }
        int status = 0;
        ASSERT_EQ(::waitpid(child, &status, 0), child);
        SCOPED_TRACE("killed in place of call " + std::to_string(number));
        if (!deed.removes)
            expect_reachable(directory.path());
        expect_recovery(directory.path());
        if (WIFEXITED(status)) {
            EXPECT_EQ(WEXITSTATUS(status), 0);
            EXPECT_GT(number, 4u) << "no call was fatal";
            break;
        }
        ASSERT_EQ(WTERMSIG(status), SIGKILL);
    }
}

INSTANTIATE_TEST_SUITE_P(Registry, EveryCall, testing::ValuesIn(deeds),
                         [](const auto& instance) { return std::string(instance.param.name); });

// These run once per creation of a guest: a call more must be noticed, and defended.
TEST(RegistryCost, of_a_creation_is_fifteen_calls) {
    const test::TemporaryDirectory directory;
    Registry registry = open_registry(directory.path());
    system_calls::start_counting();
    auto reservation = registry.reserve("web", uuid);
    const auto reserving = system_calls::stop_counting();
    EXPECT_EQ(reserving, (std::vector<std::string>{"openat", "flock", "write", "openat", "flock", "pread",
                                                   "linkat", "pwrite", "symlinkat"}));
    system_calls::start_counting();
    const auto committed = reservation->commit(sample_record(reservation->id(), uuid, "web"));
    const auto committing = system_calls::stop_counting();
    EXPECT_TRUE(committed);
    EXPECT_EQ(committing, (std::vector<std::string>{"openat", "write", "renameat"}));
    // and three close(2): the counter, the record, the intent
}

TEST(RegistryCost, of_a_name_for_a_shell_is_one_call) {
    const test::TemporaryDirectory directory;
    Registry registry = open_registry(directory.path());
    auto shell = *registry.reserve_shell(uuid);
    system_calls::start_counting();
    EXPECT_TRUE(shell.claim("web"));
    EXPECT_EQ(system_calls::stop_counting(), (std::vector<std::string>{"symlinkat"}));
}

TEST(RegistryCost, of_a_look_at_a_record_is_two_calls) {
    const test::TemporaryDirectory directory;
    Registry registry = open_registry(directory.path());
    const DomainId id = make_guest(registry, "web", uuid);
    system_calls::start_counting();
    const auto record = registry.record(id);
    EXPECT_EQ(system_calls::stop_counting(), (std::vector<std::string>{"openat", "pread"}));
    EXPECT_TRUE(record && record->has_value());
}

} // namespace
} // namespace chaos
