// SPDX-License-Identifier: BSD-3-Clause
// Guests that end: destroyed, made anew, kept, dumped, or left to somebody else.
#include "chaos/daemon/life_cycle.hpp"

#include <filesystem>

#include "libchaos/domain/lifecycle.hpp"
#include "tests/chaos/daemon/daemon_fixture.hpp"

namespace chaos::daemon {
namespace {

using namespace std::chrono_literals;

constexpr std::uint8_t poweroff = 0;
constexpr std::uint8_t reboot = 1;
constexpr std::uint8_t suspend = 2;
constexpr std::uint8_t crash = 3;

class LifeCycleTest : public DaemonTest {
  protected:
    void watch() {
        subscription = events.listen([this](const Event& event) { told.push_back(event); });
        life_cycle.emplace(LifeCycle::Parts{loop, threads, threads, threads, events, dumps(),
                                            [this](CreateRequest request, Done<MadeGuest> done) {
                                                auto created = try_create(request.config);
                                                if (!created)
                                                    return done(std::move(created).error());
                                                MadeGuest made;
                                                made.guest = *created;
                                                done(made);
                                            }});
    }
    std::string dumps() const { return directory / "dump"; }
    fakes::Domain& domain(const CreatedGuest& created) { return *xen.find(raw(created.id)); }
    bool exists(const CreatedGuest& created) { return xen.find(raw(created.id)) != nullptr; }
    bool is_recorded(const CreatedGuest& created) { return host.registry().record(created.id)->has_value(); }
    CreatedGuest create_ending(EndActions actions, const std::string& name = "web") {
        GuestConfig wanted = config(name);
        wanted.end_actions = actions;
        return create_guest(wanted);
    }

    Events events;
    Events::Subscription subscription;
    WorkThreads threads{loop, host_options(), {0, 64, false}};
    std::optional<LifeCycle> life_cycle;
};

TEST_F(LifeCycleTest, a_guest_that_powers_off_is_destroyed) {
    watch();
    const auto before_creation = xen.domains.size();
    const CreatedGuest web = create_guest();
    run_for(50ms);
    EXPECT_TRUE(exists(web));
    xen.shut_down(domain(web), poweroff);
    ASSERT_TRUE(run_until([&] { return count(EventKind::destroyed) == 1; }));
    EXPECT_FALSE(exists(web));
    EXPECT_FALSE(is_recorded(web));
    EXPECT_EQ(xen.domains.size(), before_creation);
    ASSERT_EQ(count(EventKind::died), 1u);
    EXPECT_EQ(told.front().guest, "web");
    EXPECT_EQ(told.front().detail, "powered off");
    create_guest(); // the name is free
}

TEST_F(LifeCycleTest, a_guest_that_reboots_is_made_anew_with_its_name_and_uuid) {
    watch();
    const CreatedGuest web = create_guest();
    xen.shut_down(domain(web), reboot);
    ASSERT_TRUE(run_until([&] { return count(EventKind::restarted) == 1; }));
    EXPECT_FALSE(exists(web));
    const GuestInfo now = find_guest("web");
    EXPECT_NE(now.domain.id, web.id);
    EXPECT_EQ(now.record->uuid, web.uuid);
    EXPECT_FALSE(now.domain.shutdown);
}

TEST_F(LifeCycleTest, a_guest_that_is_to_be_preserved_stays) {
    watch();
    const CreatedGuest web = create_ending({.on_crash = EndAction::preserve});
    xen.shut_down(domain(web), crash);
    ASSERT_TRUE(run_until([&] { return count(EventKind::died) == 1; }));
    run_for(50ms);
    EXPECT_TRUE(find_guest("web").domain.shutdown);
    EXPECT_EQ(told.size(), 1u);
}

TEST_F(LifeCycleTest, a_guest_that_suspends_itself_stays) {
    watch();
    const CreatedGuest web = create_guest();
    xen.shut_down(domain(web), suspend);
    ASSERT_TRUE(run_until([&] { return count(EventKind::died) == 1; }));
    run_for(50ms);
    EXPECT_TRUE(exists(web));
}

TEST_F(LifeCycleTest, guests_that_stopped_before_it_was_started_are_dealt_with) {
    const CreatedGuest web = create_guest("web");
    const CreatedGuest shop = create_guest("shop");
    xen.shut_down(domain(web), poweroff);
    watch();
    ASSERT_TRUE(run_until([&] { return count(EventKind::destroyed) == 1; }));
    EXPECT_FALSE(exists(web));
    EXPECT_TRUE(exists(shop));
}

TEST_F(LifeCycleTest, memory_of_a_guest_that_crashed_is_written_to_a_file) {
    watch();
    const CreatedGuest web = create_ending({.on_crash = EndAction::coredump_destroy});
    xen.shut_down(domain(web), crash);
    ASSERT_TRUE(run_until([&] { return count(EventKind::destroyed) == 1; }));
    EXPECT_FALSE(exists(web));
    std::vector<std::filesystem::path> files;
    for (const auto& file : std::filesystem::directory_iterator(dumps()))
        files.push_back(file.path());
    ASSERT_EQ(files.size(), 1u);
    EXPECT_EQ(files[0].filename().string().rfind("web-", 0), 0u);
    EXPECT_EQ(files[0].extension(), ".core");
    EXPECT_GE(std::filesystem::file_size(files[0]), 4u << 20);
}

TEST_F(LifeCycleTest, a_guest_whose_memory_cannot_be_written_is_destroyed_all_the_same) {
    std::filesystem::create_symlink("/proc/nowhere", dumps());
    watch();
    const CreatedGuest web = create_ending({.on_crash = EndAction::coredump_restart});
    xen.shut_down(domain(web), crash);
    ASSERT_TRUE(run_until([&] { return count(EventKind::restarted) == 1; }));
    EXPECT_TRUE(std::any_of(told.begin(), told.end(), [](const Event& event) {
        return event.detail.find("dumping the memory of guest web") != std::string::npos;
    }));
}

TEST_F(LifeCycleTest, a_guest_can_be_preserved_under_another_name_and_made_anew) {
    watch();
    const CreatedGuest web = create_ending({.on_crash = EndAction::rename_restart});
    xen.shut_down(domain(web), crash);
    ASSERT_TRUE(run_until([&] { return count(EventKind::restarted) == 1; }));
    EXPECT_TRUE(exists(web));
    const auto preserved = host.registry().record(web.id);
    ASSERT_TRUE(preserved && *preserved);
    EXPECT_EQ((*preserved)->config.name.rfind("web-20", 0), 0u) << (*preserved)->config.name;
    EXPECT_NE(find_guest("web").domain.id, web.id);
    run_for(50ms);
    EXPECT_EQ(count(EventKind::died), 1u) << "the preserved one was taken for another death";
}

TEST_F(LifeCycleTest, a_guest_that_cannot_be_made_anew_stays) {
    watch();
    const CreatedGuest web = create_guest();
    std::filesystem::remove(kernel_path());
    xen.shut_down(domain(web), reboot);
    ASSERT_TRUE(run_until([&] { return count(EventKind::died) == 2; }));
    EXPECT_TRUE(exists(web));
    EXPECT_NE(told.back().detail.find("kernel"), std::string::npos) << told.back().detail;
}

TEST_F(LifeCycleTest, leaves_a_guest_alone_that_somebody_else_has_claimed) {
    watch();
    const CreatedGuest web = create_guest();
    {
        auto claim = Claim::try_take(state_directory(), web.uuid);
        ASSERT_TRUE(claim && *claim);
        xen.shut_down(domain(web), reboot);
        ASSERT_TRUE(run_until([&] { return count(EventKind::died) == 1; }));
        run_for(100ms);
        EXPECT_TRUE(exists(web));
        ASSERT_TRUE(destroy(host, find_guest("web"))); // as `chaos destroy` would
    }
    run_for(1500ms);
    EXPECT_EQ(count(EventKind::restarted), 0u) << "a guest that was destroyed came back";
}

TEST_F(LifeCycleTest, acts_when_whoever_had_claimed_it_did_not) {
    watch();
    const CreatedGuest web = create_guest();
    {
        auto claim = Claim::try_take(state_directory(), web.uuid);
        xen.shut_down(domain(web), reboot);
        ASSERT_TRUE(run_until([&] { return count(EventKind::died) == 1; }));
        run_for(50ms);
    }
    EXPECT_TRUE(run_until([&] { return count(EventKind::restarted) == 1; }));
}

TEST_F(LifeCycleTest, forgets_guests_that_others_have_destroyed) {
    watch();
    const CreatedGuest web = create_guest();
    run_for(50ms);
    ASSERT_TRUE(host.control().destroy(web.id)); // as `xl destroy` would
    ASSERT_TRUE(run_until([&] { return count(EventKind::destroyed) == 1; }));
    EXPECT_EQ(told.back().guest, "web");
    EXPECT_FALSE(is_recorded(web));
}

TEST_F(LifeCycleTest, forgets_guests_that_came_and_went_between_two_looks) {
    watch();
    run_for(50ms);
    const CreatedGuest web = create_guest();
    ASSERT_TRUE(host.control().destroy(web.id));
    life_cycle->look();
    ASSERT_TRUE(run_until([&] { return count(EventKind::destroyed) == 1; }));
    EXPECT_EQ(told.back().guest, "web");
    EXPECT_FALSE(is_recorded(web));
}

TEST_F(LifeCycleTest, leaves_domains_of_others_alone) {
    watch();
    fakes::Domain& foreign = xen.add_domain(7, {1, 2, 3});
    xen.shut_down(foreign, crash);
    run_for(300ms);
    EXPECT_NE(xen.find(7), nullptr);
    EXPECT_TRUE(told.empty());
}

TEST_F(LifeCycleTest, looks_by_itself_where_nobody_tells) {
    xen.domain_exception_taken = true;
    watch();
    const CreatedGuest web = create_guest();
    xen.shut_down(domain(web), poweroff);
    EXPECT_TRUE(run_until([&] { return count(EventKind::destroyed) == 1; }));
}

TEST_F(LifeCycleTest, a_hypervisor_that_fails_is_asked_again) {
    watch();
    const CreatedGuest web = create_guest();
    run_for(50ms);
    xen.clear_calls();
    xen.fail_at(1, EIO);
    xen.shut_down(domain(web), poweroff);
    EXPECT_TRUE(run_until([&] { return count(EventKind::destroyed) == 1; }));
}

} // namespace
} // namespace chaos::daemon
