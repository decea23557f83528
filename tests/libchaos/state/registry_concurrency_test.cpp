// SPDX-License-Identifier: BSD-3-Clause
// Many processes on one state directory: one winner per name, one owner per id, whoever is killed and
// whenever.
#include <gtest/gtest.h>

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <functional>
#include <random>
#include <set>

#include "samples.hpp"
#include "tests/libchaos/temporary_directory.hpp"

namespace chaos {
namespace {

using test::make_guest;
using test::open_registry;
using test::sample_record;

/// Memory that forked processes share.
template<typename T>
class Shared {
  public:
    Shared()
        : value_(new (::mmap(nullptr, sizeof(T), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0))
                     T{}) {}
    Shared(const Shared&) = delete;
    Shared& operator=(const Shared&) = delete;
    ~Shared() { ::munmap(value_, sizeof(T)); }
    T* operator->() { return value_; }
    T& operator*() { return *value_; }

  private:
    T* value_;
};

pid_t start(const std::function<int()>& work) {
    const pid_t child = ::fork();
    if (child == 0)
        ::_exit(work());
    return child;
}

int exit_status(pid_t child) {
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/// As a shell gets its name.
Result<Reservation> reserve_and_claim(Registry& registry, const std::string& name) {
    Reservation shell = TRY(registry.reserve_shell(Uuid::random()));
    TRY(shell.claim(name));
    return shell;
}

TEST(RegistryConcurrency, gives_a_name_to_exactly_one_of_many) {
    const test::TemporaryDirectory directory;
    open_registry(directory.path());
    constexpr int processes = 8;
    constexpr int rounds = 50;
    struct State {
        std::array<std::atomic<int>, rounds> arrived{};
        std::array<std::atomic<int>, rounds> winners{};
        std::array<std::atomic<int>, rounds> losers{};
    };
    Shared<State> state;
    std::vector<pid_t> children;
    for (int process = 0; process < processes; ++process) {
        children.push_back(start([&, process] {
            Registry registry = open_registry(directory.path());
            for (int round = 0; round < rounds; ++round) {
                for (++state->arrived[round]; state->arrived[round] < processes;)
                    ::usleep(10);
                const std::string name = "web" + std::to_string(round);
                auto reserved =
                    process % 2 ? registry.reserve(name, Uuid::random()) : reserve_and_claim(registry, name);
                if (reserved)
                    ++state->winners[round];
                else if (reserved.error().kind() == ErrorKind::name_taken)
                    ++state->losers[round];
                while (state->winners[round] + state->losers[round] < processes)
                    ::usleep(10);
            }
            return 0;
        }));
    }
    for (const pid_t child : children)
        EXPECT_EQ(exit_status(child), 0);
    for (int round = 0; round < rounds; ++round) {
        EXPECT_EQ(state->winners[round], 1) << round;
        EXPECT_EQ(state->losers[round], processes - 1) << round;
    }
    EXPECT_TRUE(test::contents_of(directory.path()).empty());
}

TEST(RegistryConcurrency, a_change_that_waited_for_a_maker_sees_what_the_maker_made) {
    const test::TemporaryDirectory directory;
    open_registry(directory.path());
    struct State {
        std::atomic<bool> reserved{};
        std::atomic<bool> asking{};
    };
    Shared<State> state;
    const pid_t maker = start([&] {
        Registry registry = open_registry(directory.path());
        const Uuid uuid = Uuid::random();
        auto reservation = registry.reserve("web", uuid);
        state->reserved = true;
        while (!state->asking)
            ::usleep(10);
        ::usleep(20'000); // by now the other waits for the intent's lock
        return reservation->commit(sample_record(reservation->id(), uuid, "web")) ? 0 : 1;
    });
    Registry registry = open_registry(directory.path());
    while (!state->reserved)
        ::usleep(10);
    state->asking = true;
    const auto renamed = registry.rename(DomainId{32700}, "mail");
    EXPECT_TRUE(renamed) << renamed.error().story();
    EXPECT_EQ(exit_status(maker), 0);
    EXPECT_EQ(*registry.id_of("mail"), DomainId{32700});
}

TEST(RegistryConcurrency, gives_every_guest_of_many_makers_an_id_of_its_own) {
    const test::TemporaryDirectory directory;
    open_registry(directory.path());
    constexpr int processes = 6;
    constexpr int guests = 100;
    std::vector<pid_t> children;
    for (int process = 0; process < processes; ++process) {
        children.push_back(start([&] {
            Registry registry = open_registry(directory.path());
            for (int guest = 0; guest < guests; ++guest)
                make_guest(registry, "p" + std::to_string(process) + "g" + std::to_string(guest),
                           Uuid::random());
            return 0;
        }));
    }
    for (const pid_t child : children)
        EXPECT_EQ(exit_status(child), 0);

    Registry registry = open_registry(directory.path());
    const auto ids = registry.ids();
    ASSERT_TRUE(ids);
    std::set<std::string> names;
    for (const DomainId id : *ids) {
        const auto record = registry.record(id);
        ASSERT_TRUE(record && record->has_value());
        EXPECT_EQ(*registry.id_of((*record)->config.name), id);
        names.insert((*record)->config.name);
    }
    EXPECT_EQ(names.size(), std::size_t{processes * guests});
    EXPECT_EQ(raw(*std::min_element(ids->begin(), ids->end())), 32700 - processes * guests + 1)
        << "ids were skipped";
}

// Workers reserve, commit, rename and remove four names as fast as they can, and are killed at random
// instants. Each notes in shared memory what it holds; a worker that is given what a living one holds has
// found a fault. Records of the dead are removed by the living, as the guests of a dead chaos are.
struct Holders {
    std::array<std::atomic<pid_t>, 4> of_name{};
    std::array<std::atomic<pid_t>, 32768> of_id{};
    std::atomic<pid_t> being_killed{}; // it holds nothing any more a moment before it is gone
    std::atomic<int> faults{};
    std::atomic<int> guests{};
};

class Worker {
  public:
    Worker(const std::string& directory, Holders& holders, unsigned seed)
        : registry_(open_registry(directory)), holders_(holders), random_(seed) {}

    void run() {
        for (;;)
            make_one(random_() % 4);
    }

  private:
    static std::string name_of(unsigned number) { return "guest-" + std::to_string(number); }
    static bool lives(pid_t process) { return process != 0 && ::kill(process, 0) == 0; }

    void fault(const char* what) {
        std::fprintf(stderr, "%s\n", what);
        ++holders_.faults;
    }
    void take(std::atomic<pid_t>& holder, const char* what) {
        const pid_t before = holder.exchange(::getpid());
        if (before != ::getpid() && before != holders_.being_killed && lives(before))
            fault(what);
    }
    void check(const Result<void>& result) {
        if (!result)
            fault(result.error().story().c_str());
    }

    void make_one(unsigned number) {
        const Uuid uuid = Uuid::random();
        auto reserved = registry_.reserve(name_of(number), uuid);
        if (!reserved) {
            if (reserved.error().kind() != ErrorKind::name_taken)
                fault(reserved.error().story().c_str());
            return remove_the_dead();
        }
        const DomainId id = reserved->id();
        take(holders_.of_name[number], "a name was given to two");
        take(holders_.of_id[raw(id)], "an id was given to two");
        if (random_() % 4 == 0) {
            give_back(id, number);
            return;
        }
        GuestRecord record = sample_record(id, uuid, name_of(number));
        record.config.command_line = std::to_string(::getpid());
        check(reserved->commit(record));
        ++holders_.guests;
        if (random_() % 2 == 0)
            number = rename(id, number);
        const auto found = registry_.id_of(name_of(number));
        if (!found || *found != id)
            fault("a guest is not found by its name");
        give_back(id, number);
        check(registry_.remove(id, uuid));
    }

    unsigned rename(DomainId id, unsigned number) {
        const unsigned other = random_() % 4;
        holders_.of_name[number] = 0; // given up somewhere within rename()
        const auto renamed = registry_.rename(id, name_of(other));
        if (!renamed && renamed.error().kind() != ErrorKind::name_taken)
            fault(renamed.error().story().c_str());
        const unsigned now = renamed ? other : number;
        take(holders_.of_name[now], "a name was given to two by a rename");
        return now;
    }

    void give_back(DomainId id, unsigned number) {
        holders_.of_name[number] = 0;
        holders_.of_id[raw(id)] = 0;
    }

    void remove_the_dead() {
        const auto ids = registry_.ids();
        if (!ids)
            return fault(ids.error().story().c_str());
        for (const DomainId id : *ids) {
            const auto record = registry_.record(id);
            if (!record)
                return fault(record.error().story().c_str());
            const auto leftover = registry_.leftover(id);
            if (!leftover)
                return fault(leftover.error().story().c_str());
            if (*record && !lives(std::stoi((*record)->config.command_line)))
                check(registry_.remove(id, (*record)->uuid));
            if (*leftover)
                check(registry_.remove(id, (*leftover)->uuid));
        }
    }

    Registry registry_;
    Holders& holders_;
    std::mt19937 random_;
};

TEST(RegistryConcurrency, keeps_names_and_ids_apart_while_processes_are_killed) {
    const test::TemporaryDirectory directory;
    open_registry(directory.path());
    Shared<Holders> holders;
    std::mt19937 random(20261120);
    const auto start_worker = [&] {
        const unsigned seed = random();
        return start([&] {
            Worker(directory.path(), *holders, seed).run();
            return 0;
        });
    };
    std::array<pid_t, 3> workers{};
    for (pid_t& worker : workers)
        worker = start_worker();
    int kills = 0;
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(4);
    while (std::chrono::steady_clock::now() < end) {
        ::usleep(500 + random() % 8000);
        pid_t& worker = workers[random() % workers.size()];
        holders->being_killed = worker;
        ::kill(worker, SIGKILL);
        EXPECT_EQ(exit_status(worker), -1);
        worker = start_worker();
        ++kills;
    }
    for (const pid_t worker : workers) {
        holders->being_killed = worker;
        ::kill(worker, SIGKILL);
        (void)exit_status(worker);
    }
    EXPECT_EQ(holders->faults, 0);
    EXPECT_GT(kills, 20);
    EXPECT_GT(holders->guests, kills);

    // Whatever the last ones left can be tidied up, and then every name is free.
    Registry registry = open_registry(directory.path());
    const auto ids = registry.ids();
    ASSERT_TRUE(ids) << ids.error().story();
    for (const DomainId id : *ids) {
        const auto record = registry.record(id);
        ASSERT_TRUE(record) << record.error().story();
        const auto leftover = registry.leftover(id);
        ASSERT_TRUE(leftover && (record->has_value() || leftover->has_value()));
        ASSERT_TRUE(registry.remove(id, *record ? (*record)->uuid : (*leftover)->uuid));
    }
    for (int number = 0; number < 4; ++number)
        make_guest(registry, "guest-" + std::to_string(number), Uuid::random());
    EXPECT_EQ(test::contents_of(directory.path()).size(), 8u);
}

} // namespace
} // namespace chaos
