// SPDX-License-Identifier: BSD-3-Clause
// Guests made out of pools, and pools that fill themselves, notice what changes, and give back what others need.
#include "chaos/daemon/engine.hpp"

#include <filesystem>

#include "libchaos/domain/lifecycle.hpp"
#include "tests/chaos/daemon/daemon_fixture.hpp"
#include "tests/libchaos/state/samples.hpp"

namespace chaos::daemon {
namespace {

using namespace std::chrono_literals;

class EngineTest : public DaemonTest {
  protected:
    explicit EngineTest(std::size_t frames = 16384) : DaemonTest(frames) {}

    void start() {
        stop();
        EngineOptions options;
        options.host = host_options();
        options.workers = 0;
        options.shells_kib = 1 << 20;
        options.reserve_kib = 1;
        options.dump_directory = directory / "dump";
        auto opened = Engine::open(loop, options);
        ASSERT_TRUE(opened) << opened.error().story();
        engine = std::move(*opened);
        subscription = engine->events().listen([this](const Event& event) { told.push_back(event); });
    }
    void stop() {
        subscription = {};
        engine.reset();
    }
    FlavourSpec flavour(const std::string& name = "web", std::uint64_t memory_kib = 4096) {
        FlavourSpec spec;
        spec.name = name;
        spec.shape.kernel = kernel_path();
        spec.shape.memory_kib = memory_kib;
        return spec;
    }
    PoolStatus pool(const std::string& name = "web") {
        for (const PoolStatus& status : engine->pools())
            if (status.flavour == name)
                return status;
        ADD_FAILURE() << "there is no pool " << name;
        return {};
    }
    /// Starts with a pool of `shells`, and waits until it is full.
    void start_with_pool(std::uint32_t shells) {
        start();
        ASSERT_TRUE(engine->put_flavour(flavour()));
        ASSERT_TRUE(engine->put_pool("web", {0, shells, 0}));
        ASSERT_TRUE(run_until([&] { return pool().depth == shells; })) << pool().trouble;
    }
    /// On which guests may say "ready"; the port more is that of ended domains.
    std::size_t watched_ports() { return xen.state().local_ports - 1; }
    void keep_empty_after_this() { ASSERT_TRUE(engine->put_pool("web", {0, pool().depth, 1e-5})); }
    Result<MadeGuest> make(CreateRequest request) {
        std::optional<Result<MadeGuest>> answer;
        engine->create(std::move(request), [&](Result<MadeGuest> made) { answer.emplace(std::move(made)); });
        if (!run_until([&] { return answer.has_value(); }))
            return Error(ErrorKind::timed_out, "the test gave up");
        return std::move(*answer);
    }
    CreateRequest request(const std::string& name) {
        CreateRequest wanted;
        wanted.config = config(name);
        return wanted;
    }
    /// Each domain has a record, and each record its domain, once pools are gone.
    void expect_all_accounted_for() {
        stop();
        auto guests = list(host);
        ASSERT_TRUE(guests) << guests.error().story();
        for (const GuestInfo& found : *guests)
            EXPECT_TRUE(found.record || found.domain.id == this_domain) << raw(found.domain.id);
        EXPECT_EQ(host.registry().ids()->size(), guests->size() - (xen.find(0) ? 1 : 0));
    }

    std::unique_ptr<Engine> engine;
    Events::Subscription subscription;
};

TEST_F(EngineTest, a_guest_comes_out_of_a_pool) {
    start_with_pool(2);
    const auto made = make(request("a"));
    ASSERT_TRUE(made) << made.error().story();
    EXPECT_TRUE(made->hit);
    EXPECT_EQ(made->pool, "web");
    EXPECT_EQ(made->guest.name, "a");
    EXPECT_EQ(made->guest.times.prepare_us, 0u);
    const GuestInfo found = find_guest("a");
    EXPECT_EQ(found.domain.id, made->guest.id);
    EXPECT_FALSE(found.domain.paused);
    EXPECT_EQ(count(EventKind::created), 1u);
    EXPECT_TRUE(run_until([&] { return pool().depth == 2; })) << "it did not fill itself again";
    EXPECT_EQ(pool().hits, 1u);
    EXPECT_EQ(pool().prepared, 3u);
    expect_all_accounted_for();
}

TEST_F(EngineTest, a_start_does_not_list_all_domains_for_each_guest) {
    start();
    for (int number = 0; number < 12; ++number)
        ASSERT_TRUE(make(request("g" + std::to_string(number))));
    stop();
    xen.clear_calls();
    const auto asked = [&] { return std::ranges::count(xen.calls(), "xc_domain_getinfolist"); };
    start();
    // The whole list three times, of two calls each: what the host is, what is to be tidied up, what has stopped.
    ASSERT_TRUE(run_until([&] { return asked() >= 6; }));
    EXPECT_LT(asked(), 12);
}

TEST_F(EngineTest, without_a_shell_a_guest_is_made_as_ever) {
    start();
    const auto without_pool = make(request("a"));
    ASSERT_TRUE(without_pool) << without_pool.error().story();
    EXPECT_FALSE(without_pool->hit);
    EXPECT_EQ(without_pool->pool, "");
    start_with_pool(1);
    keep_empty_after_this();
    ASSERT_TRUE(make(request("b"))->hit);
    const auto empty = make(request("c"));
    ASSERT_TRUE(empty) << empty.error().story();
    EXPECT_FALSE(empty->hit);
    EXPECT_EQ(empty->pool, "web");
    EXPECT_EQ(pool().misses, 1u);
    CreateRequest other = request("d");
    other.config.memory_kib = 2048;
    EXPECT_EQ(make(std::move(other))->pool, "") << "no pool has guests of this size";
    expect_all_accounted_for();
}

TEST_F(EngineTest, sixty_four_at_once_are_sixty_four_guests) {
    start_with_pool(8);
    std::vector<Result<MadeGuest>> answers;
    for (int number = 0; number < 64; ++number) {
        CreateRequest wanted = request("g" + std::to_string(number));
        wanted.config.memory_kib = 4096;
        engine->create(std::move(wanted),
                       [&](Result<MadeGuest> made) { answers.push_back(std::move(made)); });
    }
    // The machine has room for 15 of them.
    ASSERT_TRUE(run_until([&] { return answers.size() == 64; }));
    std::map<DomainId, std::string> guests;
    for (const auto& answer : answers) {
        if (answer)
            EXPECT_TRUE(guests.emplace(answer->guest.id, answer->guest.name).second);
        else
            EXPECT_EQ(answer.error().kind(), ErrorKind::out_of_memory) << answer.error().story();
    }
    EXPECT_GE(guests.size(), 10u);
    for (const auto& [id, name] : guests)
        EXPECT_EQ(find_guest(name).domain.id, id);
    expect_all_accounted_for();
}

TEST_F(EngineTest, a_name_that_is_taken_is_refused) {
    start_with_pool(2);
    ASSERT_TRUE(make(request("a")));
    const auto again = make(request("a"));
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().kind(), ErrorKind::name_taken);
    EXPECT_TRUE(run_until([&] { return pool().depth == 2; }));
    expect_all_accounted_for();
}

TEST_F(EngineTest, waits_until_a_guest_is_ready) {
    start_with_pool(1);
    guest.says_ready = true;
    CreateRequest wanted = request("a");
    wanted.wait_ready = 10s;
    const auto made = make(std::move(wanted));
    ASSERT_TRUE(made) << made.error().story();
    EXPECT_TRUE(made->hit);
    EXPECT_EQ(count(EventKind::ready), 1u);
    expect_all_accounted_for();
}

TEST_F(EngineTest, shells_are_watched_before_there_are_guests) {
    start_with_pool(8);
    EXPECT_EQ(watched_ports(), 8u);
    keep_empty_after_this();
    guest.says_ready = true;
    xen.clear_calls();
    for (int number = 0; number < 8; ++number) {
        CreateRequest wanted = request("g" + std::to_string(number));
        wanted.wait_ready = 10s;
        const auto made = make(std::move(wanted));
        ASSERT_TRUE(made && made->hit) << number;
    }
    EXPECT_LE(std::ranges::count(xen.calls(), "xenevtchn_bind_interdomain"), 1)
        << "of one shell made meanwhile";
    EXPECT_EQ(watched_ports(), pool().depth);
    expect_all_accounted_for();
}

TEST_F(EngineTest, of_a_large_pool_the_next_shells_are_watched) {
    start();
    ASSERT_TRUE(engine->put_flavour(flavour("web", 1024)));
    ASSERT_TRUE(engine->put_pool("web", {0, 24, 0}));
    ASSERT_TRUE(run_until([&] { return pool().depth == 24; })) << pool().trouble;
    EXPECT_EQ(watched_ports(), 16u);
    CreateRequest wanted = request("a");
    wanted.config.memory_kib = 1024;
    const auto made = make(std::move(wanted));
    ASSERT_TRUE(made) << made.error().story();
    EXPECT_TRUE(made->hit);
    EXPECT_EQ(watched_ports(), 15u);
    ASSERT_TRUE(run_until([&] { return pool().depth == 24; }));
    EXPECT_EQ(watched_ports(), 16u);
    expect_all_accounted_for();
}

TEST_F(EngineTest, a_shell_that_could_not_be_watched_is_as_good) {
    xen.before_call = [&](std::string_view call) {
        if (call == "xenevtchn_bind_interdomain")
            xen.fail_at(xen.calls().size(), ENOSPC);
    };
    start_with_pool(1);
    xen.before_call = nullptr;
    xen.fail_at(0, 0);
    EXPECT_EQ(watched_ports(), 0u);
    guest.says_ready = true;
    CreateRequest wanted = request("a");
    wanted.wait_ready = 10s;
    const auto made = make(std::move(wanted));
    ASSERT_TRUE(made) << made.error().story();
    EXPECT_TRUE(made->hit);
    expect_all_accounted_for();
}

TEST_F(EngineTest, a_guest_that_is_not_ready_in_time_or_dies_is_undone) {
    start_with_pool(1);
    guest.says_ready = false;
    CreateRequest wanted = request("late");
    wanted.wait_ready = 60ms;
    const auto late = make(std::move(wanted));
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().kind(), ErrorKind::timed_out) << late.error().story();

    ASSERT_TRUE(run_until([&] { return pool().depth == 1; }));
    guest.stops_with = 3;
    wanted = request("dead");
    wanted.wait_ready = 10s;
    const auto dead = make(std::move(wanted));
    ASSERT_FALSE(dead);
    EXPECT_EQ(dead.error().kind(), ErrorKind::guest_failed) << dead.error().story();

    EXPECT_FALSE(find(host, "late"));
    EXPECT_FALSE(find(host, "dead"));
    expect_all_accounted_for();
}

TEST_F(EngineTest, shells_of_a_changed_kernel_are_never_handed_out) {
    start_with_pool(3);
    std::vector<std::uint16_t> shells;
    for (const auto& [id, domain] : xen.domains)
        shells.push_back(id);
    const std::string bytes = test::contents_of(directory.path()).at("kernel");
    std::filesystem::remove(kernel_path());
    test::write_file(kernel_path(), bytes);
    const auto made = make(request("a"));
    ASSERT_TRUE(made) << made.error().story();
    EXPECT_FALSE(made->hit);
    ASSERT_TRUE(run_until([&] { return pool().depth == 3; }));
    const auto next = make(request("b"));
    ASSERT_TRUE(next) << next.error().story();
    EXPECT_TRUE(next->hit);
    EXPECT_EQ(std::count(shells.begin(), shells.end(), raw(next->guest.id)), 0);
    expect_all_accounted_for();
}

TEST_F(EngineTest, a_kernel_that_vanishes_is_told_of_and_found_again) {
    start_with_pool(2);
    std::filesystem::rename(kernel_path(), kernel_path() + ".away");
    EXPECT_TRUE(run_until([&] { return pool().depth == 0 && !pool().trouble.empty(); }));
    EXPECT_NE(pool().trouble.find(kernel_path()), std::string::npos) << pool().trouble;
    EXPECT_GE(count(EventKind::shell_failed), 1u);
    std::filesystem::rename(kernel_path() + ".away", kernel_path());
    EXPECT_TRUE(run_until([&] { return pool().depth == 2; })) << pool().trouble;
    EXPECT_EQ(pool().trouble, "");
    expect_all_accounted_for();
}

TEST_F(EngineTest, a_shell_that_somebody_let_run_is_not_handed_out) {
    start_with_pool(2);
    keep_empty_after_this();
    const std::uint16_t first = [&] {
        for (const auto& [id, domain] : xen.domains)
            if (id != 0)
                return id;
        return std::uint16_t{0};
    }();
    xen.find(first)->cpu_time_ns = 1;
    for (const char* name : {"a", "b"}) {
        const auto made = make(request(name));
        ASSERT_TRUE(made) << made.error().story();
        EXPECT_NE(raw(made->guest.id), first);
    }
    EXPECT_EQ(pool().dropped, 1u);
    expect_all_accounted_for();
}

TEST_F(EngineTest, drained_and_deleted_pools_leave_nothing) {
    start();
    run_for(50ms);
    const auto before = traces();
    ASSERT_TRUE(engine->put_flavour(flavour()));
    ASSERT_TRUE(engine->put_pool("web", {1, 3, 0}));
    ASSERT_TRUE(run_until([&] { return pool().depth == 3; }));
    EXPECT_FALSE(engine->delete_flavour("web")) << "its pool still needs it";
    ASSERT_TRUE(engine->drain_pool("web"));
    EXPECT_EQ(pool().depth, 0u);
    EXPECT_TRUE(pool().draining);
    run_for(100ms);
    EXPECT_EQ(pool().depth, 0u);
    EXPECT_EQ(traces().xen.domains, before.xen.domains);
    ASSERT_TRUE(engine->put_pool("web", {1, 2, 0}));
    EXPECT_TRUE(run_until([&] { return pool().depth == 2; }));
    ASSERT_TRUE(engine->delete_pool("web"));
    ASSERT_TRUE(engine->delete_flavour("web"));
    EXPECT_TRUE(engine->pools().empty() && engine->flavours().empty());
    EXPECT_TRUE(run_until([&] { return traces().xen.domains == before.xen.domains; }));
    EXPECT_EQ(traces().files, before.files);
}

TEST_F(EngineTest, a_changed_flavour_drops_its_shells) {
    start_with_pool(2);
    ASSERT_TRUE(engine->put_flavour(flavour("web", 2048)));
    EXPECT_EQ(pool().depth, 0u);
    ASSERT_TRUE(run_until([&] { return pool().depth == 2; }));
    CreateRequest wanted = request("a");
    wanted.config.memory_kib = 2048;
    EXPECT_TRUE(make(std::move(wanted))->hit);
    EXPECT_FALSE(make(request("b"))->hit);
    expect_all_accounted_for();
}

TEST_F(EngineTest, what_a_flavour_or_pool_cannot_be_is_refused) {
    start();
    FlavourSpec bad = flavour();
    bad.shape.command_line = "x";
    EXPECT_FALSE(engine->put_flavour(bad));
    bad = flavour();
    bad.shape.uuid = Uuid::random();
    EXPECT_FALSE(engine->put_flavour(bad));
    bad = flavour();
    bad.name = "../x";
    EXPECT_FALSE(engine->put_flavour(bad));
    EXPECT_EQ(engine->put_pool("none", {0, 1, 0}).error().kind(), ErrorKind::not_found);
    EXPECT_EQ(engine->drain_pool("none").error().kind(), ErrorKind::not_found);
    ASSERT_TRUE(engine->put_flavour(flavour()));
    EXPECT_EQ(engine->delete_pool("web").error().kind(), ErrorKind::not_found);
    EXPECT_EQ(engine->put_pool("web", {2, 1, 0}).error().kind(), ErrorKind::invalid_argument);
    FlavourSpec without_kernel = flavour("bare");
    without_kernel.shape.kernel.clear();
    ASSERT_TRUE(engine->put_flavour(without_kernel));
    EXPECT_EQ(engine->put_pool("bare", {0, 1, 0}).error().kind(), ErrorKind::invalid_argument);
    CreateRequest wanted = request("a");
    wanted.flavour = "none";
    EXPECT_EQ(make(std::move(wanted)).error().kind(), ErrorKind::not_found);
}

TEST_F(EngineTest, a_call_that_fails_costs_a_shell_but_no_guest_and_leaves_nothing) {
    start_with_pool(4);
    ASSERT_TRUE(make(request("warm"))->hit);
    ASSERT_TRUE(run_until([&] { return pool().depth == 4; }));
    keep_empty_after_this();
    for (std::size_t number = 1;; ++number) {
        ASSERT_TRUE(engine->put_pool("web", {0, 4, 0}));
        ASSERT_TRUE(run_until([&] { return pool().depth == 4; })) << pool().trouble;
        run_for(10ms);
        const std::string name = "g" + std::to_string(number);
        std::optional<Result<MadeGuest>> answer;
        xen.clear_calls();
        xen.fail_at(number, EIO);
        engine->create(request(name), [&](Result<MadeGuest> made) { answer.emplace(std::move(made)); });
        const std::size_t calls = xen.calls().size();
        xen.fail_at(0, 0);
        ASSERT_TRUE(run_until([&] { return answer.has_value(); }));
        ASSERT_TRUE(*answer) << (*answer).error().story();
        ASSERT_TRUE(destroy(host, find_guest(name)));
        if (calls < number)
            break;
    }
    expect_all_accounted_for();
}

class SmallEngineTest : public EngineTest {
  protected:
    SmallEngineTest() : EngineTest(8192) {} // 32 MiB: seven guests of 4 MiB
};

TEST_F(SmallEngineTest, shells_give_their_memory_to_guests) {
    start_with_pool(6);
    CreateRequest wanted = request("large");
    wanted.config.memory_kib = 16384;
    const auto made = make(std::move(wanted));
    ASSERT_TRUE(made) << made.error().story();
    EXPECT_FALSE(made->hit);
    EXPECT_LE(pool().depth, 3u);
    CreateRequest too_large = request("huge");
    too_large.config.memory_kib = 1 << 20;
    const auto refused = make(std::move(too_large));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind(), ErrorKind::out_of_memory);
    expect_all_accounted_for();
}

TEST_F(SmallEngineTest, a_pool_does_not_fill_itself_with_the_last_memory) {
    start();
    ASSERT_TRUE(engine->put_flavour(flavour()));
    ASSERT_TRUE(engine->put_pool("web", {0, 100, 0}));
    EXPECT_TRUE(run_until([&] { return !pool().trouble.empty(); }));
    EXPECT_NE(pool().trouble.find("memory"), std::string::npos) << pool().trouble;
    EXPECT_GE(pool().depth, 4u);
    EXPECT_TRUE(make(request("a"))->hit);
    expect_all_accounted_for();
}

TEST_F(SmallEngineTest, a_predecessor_that_was_killed_leaves_nothing) {
    { // What a killed process leaves: an unlocked intent, and its domain.
        const auto id = DomainId{32000};
        const Uuid uuid = Uuid::random();
        xen.add_domain(raw(id), uuid.bytes);
        auto reservation = host.registry().reserve("half", uuid);
        ASSERT_TRUE(reservation);
        test::write_file(state_directory() + "/guests/32000.json",
                         test::contents_of(state_directory())
                             .at("guests/" + std::to_string(raw(reservation->id())) + ".json"));
    }
    start();
    EXPECT_TRUE(run_until([&] { return xen.find(32000) == nullptr; }));
    EXPECT_FALSE(std::filesystem::exists(state_directory() + "/guests/32000.json"));
}

} // namespace
} // namespace chaos::daemon
