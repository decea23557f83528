// SPDX-License-Identifier: BSD-3-Clause
// list() and find(): what there is, joined with what is known of it; and tidying up after processes that were
// killed.
#include "libchaos/domain/query.hpp"

#include <filesystem>

#include "libchaos/state/contents.hpp"
#include "tests/fakes/system_calls.hpp"
#include "tests/libchaos/domain/host_fixture.hpp"
#include "tests/libchaos/state/samples.hpp"

namespace chaos {
namespace {

class QueryTest : public test::HostTest {
  protected:
    std::vector<std::string> names() {
        const auto guests = list(host);
        EXPECT_TRUE(guests) << guests.error().story();
        std::vector<std::string> found;
        for (const GuestInfo& guest_info : *guests)
            found.push_back(guest_info.name());
        return found;
    }
    /// What a chaos leaves that is killed while it makes guest `name`.
    void leave_half_made(std::uint16_t id, const std::string& name, const Uuid& whose) {
        test::write_file(state_directory() + "/guests/" + std::to_string(id) + ".json",
                         to_json(Intent{name, whose}));
        std::filesystem::create_symlink(std::to_string(id), state_directory() + "/names/" + name);
    }

    const Uuid uuid = *Uuid::parse("01234567-89ab-4cde-8f01-23456789abcd");
};

TEST_F(QueryTest, lists_every_domain_by_rising_id) {
    create_guest("a");
    create_guest("b");
    xen.add_domain(5, {5});
    EXPECT_EQ(names(), (std::vector<std::string>{"Domain-0", "", "b", "a"}));
    const auto guests = *list(host);
    EXPECT_EQ(guests[1].domain.id, DomainId{5});
    EXPECT_FALSE(guests[1].record);
    EXPECT_EQ(guests[3].domain.memory_kib, 4096u);
    EXPECT_TRUE(guests[3].domain.pvh);
}

TEST_F(QueryTest, lists_more_domains_than_one_call_returns) {
    for (std::uint16_t id = 1; id <= 600; ++id)
        xen.add_domain(id, {1});
    EXPECT_EQ(names().size(), 601u);
}

TEST_F(QueryTest, forgets_records_whose_domain_is_gone) {
    create_guest("a");
    create_guest("b");
    xen.destroy(*xen.find(32700));
    EXPECT_EQ(names(), (std::vector<std::string>{"Domain-0", "b"}));
    EXPECT_EQ(test::contents_of(state_directory()).size(), 2u);
}

TEST_F(QueryTest, forgets_a_record_whose_id_went_to_another_domain) {
    create_guest("a");
    xen.destroy(*xen.find(32700));
    xen.add_domain(32700, {9});
    EXPECT_EQ(names(), (std::vector<std::string>{"Domain-0", ""}));
    EXPECT_TRUE(test::contents_of(state_directory()).empty());
    EXPECT_NE(xen.find(32700), nullptr);
}

TEST_F(QueryTest, destroys_what_a_killed_chaos_left_half_made) {
    leave_half_made(5000, "half", uuid);
    xen.add_domain(5000, uuid.bytes);
    EXPECT_EQ(names(), (std::vector<std::string>{"Domain-0"}));
    EXPECT_EQ(xen.find(5000), nullptr);
    EXPECT_TRUE(test::contents_of(state_directory()).empty());
}

TEST_F(QueryTest, forgets_an_intent_that_never_came_to_a_domain) {
    leave_half_made(5000, "half", uuid);
    names();
    EXPECT_TRUE(test::contents_of(state_directory()).empty());
}

TEST_F(QueryTest, does_not_destroy_another_toolstacks_domain_under_the_id_of_an_intent) {
    leave_half_made(5000, "half", uuid);
    xen.add_domain(5000, {9});
    names();
    EXPECT_NE(xen.find(5000), nullptr);
    EXPECT_TRUE(test::contents_of(state_directory()).empty());
}

TEST_F(QueryTest, leaves_alone_what_a_living_chaos_is_making) {
    Host other = second_host();
    const auto reserved = other.registry().reserve("half", uuid);
    xen.add_domain(raw(reserved->id()), uuid.bytes);
    names();
    EXPECT_NE(xen.find(raw(reserved->id())), nullptr);
    EXPECT_EQ(test::contents_of(state_directory()).size(), 2u);
}

TEST_F(QueryTest, tells_shells_and_guests_being_made_from_foreign_domains) {
    Host other = second_host();
    const auto shell = other.registry().reserve_shell(uuid);
    xen.add_domain(raw(shell->id()), uuid.bytes);
    const Uuid second = *Uuid::parse("21234567-89ab-4cde-8f01-23456789abcd");
    const auto making = other.registry().reserve("half", second);
    xen.add_domain(raw(making->id()), second.bytes);
    xen.add_domain(5, {5});
    create_guest("whole");
    const auto guests = *list(host);
    ASSERT_EQ(guests.size(), 5u); // by rising id
    EXPECT_FALSE(guests[0].shell) << "dom0";
    EXPECT_FALSE(guests[1].shell) << "another toolstack's";
    EXPECT_FALSE(guests[2].shell) << "a whole guest";
    EXPECT_TRUE(guests[3].shell);
    EXPECT_TRUE(guests[4].shell);
    EXPECT_EQ(guests[4].name(), "");
    const auto found = find(host, std::to_string(raw(shell->id())));
    ASSERT_FALSE(found);
    EXPECT_NE(found.error().story().find("is a shell"), std::string::npos) << found.error().story();
}

TEST_F(QueryTest, destroys_the_shell_of_a_killed_chaos_under_either_handle) {
    const Uuid next = *Uuid::parse("31234567-89ab-4cde-8f01-23456789abcd");
    for (const Uuid& handle : {uuid, next}) {
        test::write_file(state_directory() + "/guests/5000.json", to_json(Intent{"web", uuid, next}));
        std::filesystem::create_symlink("5000", state_directory() + "/names/web");
        xen.add_domain(5000, handle.bytes);
        EXPECT_EQ(names(), (std::vector<std::string>{"Domain-0"}));
        EXPECT_TRUE(test::contents_of(state_directory()).empty());
    }
}

TEST_F(QueryTest, tidies_the_name_that_a_killed_chaos_had_claimed_for_a_shell) {
    Host other = second_host();
    const auto alive = other.registry().reserve_shell(uuid);
    xen.add_domain(raw(alive->id()), uuid.bytes);
    const Uuid dead = *Uuid::parse("31234567-89ab-4cde-8f01-23456789abcd");
    test::write_file(state_directory() + "/guests/5000.json", to_json(Intent{"", dead}));
    std::filesystem::create_symlink("5000", state_directory() + "/names/web");
    xen.add_domain(5000, dead.bytes);
    EXPECT_EQ(names(), (std::vector<std::string>{"Domain-0", ""}));
    EXPECT_EQ(xen.find(5000), nullptr);
    EXPECT_EQ(test::contents_of(state_directory()).size(), 1u) << "its name is left";
}

// Another process makes its domain and commits its record at any moment: between any two of our file system
// calls.
TEST_F(QueryTest, never_forgets_a_guest_that_is_finished_while_it_looks) {
    Host other = second_host();
    std::size_t moments = 0;
    for (std::size_t number = 1;; ++number) {
        std::optional<Reservation> reserved(std::move(*other.registry().reserve("late", uuid)));
        const DomainId id = reserved->id();
        fakes::system_calls::do_before(number, [&] {
            xen.add_domain(raw(id), uuid.bytes);
            const auto committed = reserved->commit(test::sample_record(id, uuid, "late"));
            EXPECT_TRUE(committed) << committed.error().story();
            reserved.reset();
        });
        fakes::system_calls::start_counting();
        names();
        fakes::system_calls::stop_counting();
        if (reserved)
            break; // it makes no more calls
        ++moments;
        EXPECT_TRUE(host.registry().record(id)->has_value()) << "finished before call " << number;
        xen.destroy(*xen.find(raw(id)));
        ASSERT_TRUE(host.registry().remove(id, uuid));
    }
    EXPECT_GE(moments, 4u);
}

TEST_F(QueryTest, shows_the_other_guests_if_one_record_is_damaged) {
    create_guest("a");
    create_guest("b");
    test::write_file(state_directory() + "/guests/32700.json", "rubbish");
    EXPECT_EQ(names(), (std::vector<std::string>{"Domain-0", "b", ""}));
    EXPECT_NE(xen.find(32700), nullptr) << "nothing says that the guest is not wanted";
}

TEST_F(QueryTest, reports_each_call_that_fails) {
    create_guest("a");
    leave_half_made(5000, "half", uuid);
    for (std::size_t number = 1;; ++number) {
        xen.clear_calls();
        xen.fail_at(number, EIO);
        const auto guests = list(host);
        xen.fail_at(0, 0);
        if (xen.calls().size() < number)
            break;
        ASSERT_FALSE(guests) << xen.calls()[number - 1];
        EXPECT_EQ(guests.error().system_errno(), EIO);
    }
    EXPECT_EQ(names(), (std::vector<std::string>{"Domain-0", "a"}));
}

TEST_F(QueryTest, finds_a_guest_by_name_id_and_uuid) {
    const CreatedGuest created = create_guest("web");
    create_guest("mail");
    for (const std::string& text : {std::string("web"), std::string("32700"), created.uuid.to_string()}) {
        const GuestInfo found = find_guest(text);
        EXPECT_EQ(found.domain.id, created.id) << text;
        EXPECT_EQ(found.name(), "web") << text;
    }
}

TEST_F(QueryTest, says_what_it_did_not_find) {
    xen.add_domain(5, {5});
    for (const std::string& text :
         {std::string("web"), std::string("32700"), std::string("99999"), std::string("-1"), std::string(),
          std::string("../x"), uuid.to_string(), std::string("5")}) {
        const auto found = find(host, text);
        ASSERT_FALSE(found) << text;
        EXPECT_EQ(found.error().kind(), ErrorKind::not_found) << text;
        EXPECT_NE(found.error().story().find(text), std::string::npos);
    }
}

TEST_F(QueryTest, does_not_find_a_guest_whose_domain_is_gone_and_forgets_it) {
    const CreatedGuest created = create_guest("web");
    for (const std::string& text : {std::string("web"), std::string("32700"), created.uuid.to_string()}) {
        if (fakes::Domain* domain = xen.find(32700))
            xen.destroy(*domain);
        EXPECT_EQ(find(host, text).error().kind(), ErrorKind::not_found) << text;
    }
    EXPECT_TRUE(test::contents_of(state_directory()).empty());
}

TEST_F(QueryTest, does_not_find_what_a_killed_chaos_left_half_made_and_destroys_it) {
    for (const char* text : {"half", "5000"}) {
        leave_half_made(5000, "half", uuid);
        xen.add_domain(5000, uuid.bytes);
        const auto found = find(host, text);
        ASSERT_FALSE(found) << text;
        EXPECT_EQ(found.error().story(), std::string("there is no guest ") + text);
        EXPECT_EQ(xen.find(5000), nullptr) << text;
        EXPECT_TRUE(test::contents_of(state_directory()).empty()) << text;
    }
}

TEST_F(QueryTest, says_that_a_guest_is_still_being_made) {
    Host other = second_host();
    const auto reserved = other.registry().reserve("half", uuid);
    xen.add_domain(raw(reserved->id()), uuid.bytes);
    const auto found = find(host, "half");
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().kind(), ErrorKind::not_found);
    EXPECT_EQ(found.error().story(), "guest half is still being made");
    EXPECT_NE(xen.find(raw(reserved->id())), nullptr);
}

TEST_F(QueryTest, does_not_find_a_guest_under_a_name_that_a_killed_rename_left) {
    create_guest("web");
    std::filesystem::create_symlink("32700", state_directory() + "/names/mail");
    EXPECT_EQ(find(host, "mail").error().kind(), ErrorKind::not_found);
    EXPECT_EQ(find_guest("web").domain.id, DomainId{32700});
}

} // namespace
} // namespace chaos
