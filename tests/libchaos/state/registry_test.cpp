// SPDX-License-Identifier: BSD-3-Clause
// The registry used by one process at a time: ids, names, records, and what is left when a process was
// killed.
#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "libchaos/state/contents.hpp"
#include "samples.hpp"
#include "tests/libchaos/temporary_directory.hpp"

namespace chaos {
namespace {

using test::contents_of;
using test::make_guest;
using test::open_registry;
using test::sample_record;
using test::write_file;

const Uuid uuid = *Uuid::parse("01234567-89ab-4cde-8f01-23456789abcd");
const Uuid other_uuid = *Uuid::parse("11234567-89ab-4cde-8f01-23456789abcd");

class RegistryTest : public testing::Test {
  protected:
    /// What a process leaves that is killed while it makes `name`: an unlocked intent and, mostly, a link.
    void leave_intent(std::uint16_t id, const std::string& name, bool with_link = true) {
        write_file(guest(id), to_json(Intent{name, other_uuid}));
        if (with_link)
            link(name, std::to_string(id));
    }
    void link(const std::string& name, const std::string& target) {
        std::filesystem::create_symlink(target, directory / ("state/names/" + name));
    }
    std::string guest(std::uint16_t id) const {
        return directory / ("state/guests/" + std::to_string(id) + ".json");
    }
    std::map<std::string, std::string> files() const { return contents_of(directory / "state"); }

    test::TemporaryDirectory directory;
    Registry registry = open_registry(directory / "state");
};

TEST_F(RegistryTest, makes_its_directories_for_the_owner_alone) {
    open_registry(directory / "a/b/c");
    for (const char* name : {"a/b/c", "a/b/c/guests", "a/b/c/names"}) {
        struct stat status {};
        ASSERT_EQ(::stat((directory / name).c_str(), &status), 0) << name;
        EXPECT_EQ(status.st_mode & 0777, 0700u) << name;
    }
}

TEST_F(RegistryTest, fails_to_open_where_it_may_not_make_directories) {
    write_file(directory / "file", "");
    const auto opened = Registry::open(directory / "file/state");
    ASSERT_FALSE(opened);
    EXPECT_NE(opened.error().story().find(directory / "file/state"), std::string::npos);
}

TEST_F(RegistryTest, does_not_follow_a_link_in_place_of_its_directory) {
    std::filesystem::create_directories(directory / "elsewhere/guests");
    std::filesystem::create_directories(directory / "trap");
    std::filesystem::create_symlink(directory / "elsewhere/guests", directory / "trap/guests");
    EXPECT_FALSE(Registry::open(directory / "trap"));
}

TEST_F(RegistryTest, hands_out_ids_from_the_top_downwards) {
    EXPECT_EQ(make_guest(registry, "a", uuid), DomainId{32700});
    EXPECT_EQ(make_guest(registry, "b", uuid), DomainId{32699});
    EXPECT_EQ(open_registry(directory / "state").reserve("c", uuid)->id(), DomainId{32698});
}

TEST_F(RegistryTest, does_not_hand_out_an_id_again_before_it_went_round) {
    (void)registry.reserve("a", uuid);
    EXPECT_EQ(registry.reserve("a", uuid)->id(), DomainId{32699});
}

TEST_F(RegistryTest, starts_over_at_the_top_after_the_lowest_id) {
    write_file(directory / "state/next-domain", "01000\n");
    EXPECT_EQ(make_guest(registry, "a", uuid), DomainId{1000});
    EXPECT_EQ(make_guest(registry, "b", uuid), DomainId{32700});
}

TEST_F(RegistryTest, starts_over_when_the_counter_is_damaged_and_skips_ids_in_use) {
    make_guest(registry, "a", uuid);
    make_guest(registry, "b", uuid);
    int number = 0;
    for (const char* text : {"", "rubbish", "0", "999", "32701", "99999999999999", "-5"}) {
        write_file(directory / "state/next-domain", text);
        EXPECT_EQ(raw(make_guest(registry, "n" + std::to_string(number), uuid)), 32698 - number) << text;
        ++number;
    }
    std::filesystem::remove(directory / "state/next-domain");
    EXPECT_EQ(raw(make_guest(registry, "last", uuid)), 32698 - number);
}

TEST_F(RegistryTest, says_so_when_every_id_is_in_use) {
    for (int id = 1000; id <= 32700; ++id)
        ASSERT_EQ(::close(::open(guest(static_cast<std::uint16_t>(id)).c_str(), O_CREAT | O_WRONLY, 0600)),
                  0);
    const auto reserved = registry.reserve("web", uuid);
    ASSERT_FALSE(reserved);
    EXPECT_EQ(reserved.error().story(),
              "reserving the name web: all domain ids from 1000 to 32700 are in use");
    std::filesystem::remove(guest(20000));
    EXPECT_EQ(registry.reserve("web", uuid)->id(), DomainId{20000});
}

TEST_F(RegistryTest, gives_id_and_name_back_when_a_reservation_is_dropped) {
    const auto before = files();
    {
        const auto reserved = registry.reserve("web", uuid);
        ASSERT_TRUE(reserved);
        EXPECT_NE(files(), before);
    }
    EXPECT_EQ(files(), before);
}

TEST_F(RegistryTest, gives_a_moved_reservation_back_once) {
    std::optional<Reservation> reserved(std::move(*registry.reserve("web", uuid)));
    {
        const Reservation moved = std::move(*reserved);
        EXPECT_EQ(registry.reserve("web", uuid).error().kind(), ErrorKind::name_taken);
    }
    auto again = registry.reserve("web", uuid);
    ASSERT_TRUE(again);
    reserved.reset(); // what was moved from has nothing to give back
    EXPECT_TRUE(again->commit(sample_record(again->id(), uuid, "web")));
    EXPECT_EQ(*registry.id_of("web"), again->id());
}

TEST_F(RegistryTest, holds_an_id_for_a_shell_that_is_given_a_name_later) {
    const auto before = files();
    {
        auto shell = registry.reserve_shell(uuid);
        ASSERT_TRUE(shell) << shell.error().story();
        EXPECT_EQ(shell->id(), DomainId{32700});
        EXPECT_EQ(files().size(), 1u) << "a shell has no name";
        EXPECT_FALSE(registry.leftover(shell->id())->has_value()) << "its maker lives";
        const auto unfinished = *registry.unfinished(shell->id());
        ASSERT_TRUE(unfinished);
        EXPECT_EQ(unfinished->uuid, uuid);
        EXPECT_EQ(unfinished->name, "");

        ASSERT_TRUE(shell->claim("web"));
        EXPECT_EQ(registry.reserve("web", other_uuid).error().kind(), ErrorKind::name_taken);
        EXPECT_FALSE(shell->claim("mail")) << "it has a name already";
    }
    EXPECT_EQ(files(), before) << "id and name were not given back";
    auto shell = *registry.reserve_shell(uuid);
    ASSERT_TRUE(shell.claim("web"));
    ASSERT_TRUE(shell.commit(sample_record(shell.id(), uuid, "web")));
    EXPECT_EQ(*registry.id_of("web"), shell.id());
    EXPECT_FALSE(registry.unfinished(shell.id())->has_value());
}

TEST_F(RegistryTest, refuses_a_shell_the_name_of_a_guest) {
    make_guest(registry, "web", other_uuid);
    auto shell = *registry.reserve_shell(uuid);
    auto other = *registry.reserve_shell(uuid);
    const auto before = files();
    EXPECT_EQ(shell.claim("web").error().kind(), ErrorKind::name_taken);
    EXPECT_EQ(shell.claim("../x").error().kind(), ErrorKind::invalid_argument);
    EXPECT_EQ(files(), before);
    ASSERT_TRUE(other.claim("mail"));
    EXPECT_EQ(shell.claim("mail").error().kind(), ErrorKind::name_taken);
    EXPECT_TRUE(shell.claim("news")) << "a refusal is not the end of it";
}

TEST_F(RegistryTest, moves_a_shell_to_another_registry_of_the_same_directory) {
    Registry second = open_registry(directory / "state");
    std::optional<Reservation> shell;
    {
        Registry first = open_registry(directory / "state");
        shell.emplace(*first.reserve_shell(uuid));
        shell->move_to(second);
    }
    ASSERT_TRUE(shell->claim("web"));
    shell.reset();
    EXPECT_TRUE(files().empty());
}

TEST_F(RegistryTest, finds_the_shell_of_a_killed_maker_whatever_came_of_its_name) {
    write_file(guest(5000), to_json(Intent{"", other_uuid}));
    link("web", "5000");
    auto alive = *registry.reserve_shell(uuid);
    const auto leftover = *registry.leftover(DomainId{5000});
    ASSERT_TRUE(leftover);
    EXPECT_EQ(leftover->name, "");
    ASSERT_TRUE(registry.remove(DomainId{5000}, other_uuid));
    EXPECT_EQ(registry.ids()->size(), 1u);
    EXPECT_EQ(files().size(), 2u) << "one file and one link: none too many to see";
    ASSERT_TRUE(registry.drop_stale_names(0));
    EXPECT_EQ(files().size(), 1u);
}

TEST_F(RegistryTest, remembers_both_uuids_of_a_domain_whose_handle_changes) {
    {
        auto shell = *registry.reserve_shell(uuid);
        ASSERT_TRUE(shell.claim("web"));
        ASSERT_TRUE(shell.announce_uuid(uuid, other_uuid));
        EXPECT_FALSE(registry.leftover(shell.id())->has_value()) << "its maker still holds it";
        EXPECT_EQ((*registry.unfinished(shell.id()))->next_uuid, other_uuid);
        EXPECT_EQ(registry.reserve("web", uuid).error().kind(), ErrorKind::name_taken);
    }
    EXPECT_TRUE(files().empty());
    write_file(guest(5000), to_json(Intent{"web", uuid, other_uuid}));
    EXPECT_EQ((*registry.leftover(DomainId{5000}))->next_uuid, other_uuid);
}

TEST_F(RegistryTest, refuses_names_that_guests_may_not_have) {
    for (const char* name : {"", "../x", "a/b", ".", "..", "12", "a\nb"}) {
        EXPECT_EQ(registry.reserve(name, uuid).error().kind(), ErrorKind::invalid_argument) << name;
        EXPECT_FALSE(registry.id_of(name)->has_value()) << name;
    }
    EXPECT_TRUE(files().empty());
}

TEST_F(RegistryTest, refuses_a_name_that_is_being_made_or_exists) {
    auto reserved = registry.reserve("web", uuid);
    const auto while_made = files();
    EXPECT_EQ(registry.reserve("web", other_uuid).error().kind(), ErrorKind::name_taken);
    EXPECT_EQ(files(), while_made) << "the second attempt left something";
    ASSERT_TRUE(reserved->commit(sample_record(reserved->id(), uuid, "web")));
    EXPECT_EQ(registry.reserve("web", other_uuid).error().kind(), ErrorKind::name_taken);
}

TEST_F(RegistryTest, shows_a_record_only_once_it_is_committed) {
    auto reserved = registry.reserve("web", uuid);
    EXPECT_FALSE(registry.record(reserved->id())->has_value());
    EXPECT_EQ(*registry.id_of("web"), reserved->id());
    ASSERT_TRUE(reserved->commit(sample_record(reserved->id(), uuid, "web")));
    const auto record = registry.record(reserved->id());
    ASSERT_TRUE(record && record->has_value());
    EXPECT_EQ((*record)->config.name, "web");
    EXPECT_EQ(files().size(), 2u) << "one record and one link";
}

TEST_F(RegistryTest, refuses_to_commit_somebody_elses_record) {
    auto reserved = registry.reserve("web", uuid);
    EXPECT_FALSE(reserved->commit(sample_record(DomainId{5000}, uuid, "web")));
    EXPECT_FALSE(reserved->commit(sample_record(reserved->id(), uuid, "mail")));
    EXPECT_TRUE(reserved->commit(sample_record(reserved->id(), uuid, "web")));
    EXPECT_FALSE(reserved->commit(sample_record(reserved->id(), uuid, "web"))) << "it is done already";
}

TEST_F(RegistryTest, writes_files_for_the_owner_alone) {
    make_guest(registry, "web", uuid);
    struct stat status {};
    ASSERT_EQ(::stat(guest(32700).c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600u);
    ASSERT_EQ(::stat((directory / "state/next-domain").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600u);
}

TEST_F(RegistryTest, lists_finished_and_unfinished_guests_and_nothing_else) {
    make_guest(registry, "a", uuid);
    const auto reserved = registry.reserve("b", uuid);
    for (const char* name : {"rubbish", "12x.json", ".json", "007.json", "99999.json", "0.json"})
        write_file(directory / (std::string("state/guests/") + name), "{}");
    auto ids = *registry.ids();
    std::sort(ids.begin(), ids.end());
    EXPECT_EQ(ids, (std::vector{DomainId{32699}, DomainId{32700}}));
}

TEST_F(RegistryTest, forgets_a_guest_with_its_name) {
    const DomainId id = make_guest(registry, "web", uuid);
    ASSERT_TRUE(registry.remove(id, uuid));
    EXPECT_TRUE(files().empty());
    EXPECT_TRUE(registry.remove(id, uuid)) << "what is gone is as good as removed";
}

TEST_F(RegistryTest, does_not_forget_another_guest_under_the_same_id) {
    const DomainId id = make_guest(registry, "web", uuid);
    const auto before = files();
    ASSERT_TRUE(registry.remove(id, other_uuid));
    EXPECT_EQ(files(), before);
}

TEST_F(RegistryTest, does_not_take_a_name_from_the_guest_that_has_it_now) {
    leave_intent(5000, "web", false);
    make_guest(registry, "web", uuid);
    ASSERT_TRUE(registry.remove(DomainId{5000}, other_uuid));
    EXPECT_EQ(*registry.id_of("web"), DomainId{32700});
}

TEST_F(RegistryTest, renames_a_guest) {
    const DomainId id = make_guest(registry, "web", uuid);
    ASSERT_TRUE(registry.rename(id, "mail"));
    EXPECT_EQ(*registry.id_of("mail"), id);
    EXPECT_FALSE(registry.id_of("web")->has_value());
    EXPECT_EQ((*registry.record(id))->config.name, "mail");
    EXPECT_EQ((*registry.record(id))->config.kernel, "/usr/lib/chaos/noop");
    EXPECT_EQ(files().size(), 2u);
    EXPECT_TRUE(registry.reserve("web", other_uuid)) << "the old name is free";
}

TEST_F(RegistryTest, renames_a_guest_to_its_own_name) {
    const DomainId id = make_guest(registry, "web", uuid);
    const auto before = files();
    EXPECT_TRUE(registry.rename(id, "web"));
    EXPECT_EQ(files(), before);
}

TEST_F(RegistryTest, refuses_to_rename_to_a_taken_or_bad_name) {
    const DomainId id = make_guest(registry, "web", uuid);
    make_guest(registry, "mail", uuid);
    const auto before = files();
    EXPECT_EQ(registry.rename(id, "mail").error().kind(), ErrorKind::name_taken);
    EXPECT_EQ(registry.rename(id, "a/b").error().kind(), ErrorKind::invalid_argument);
    EXPECT_EQ(files(), before);
}

TEST_F(RegistryTest, refuses_to_rename_what_is_not_a_finished_guest) {
    EXPECT_EQ(registry.rename(DomainId{5000}, "mail").error().kind(), ErrorKind::not_found);
    leave_intent(5000, "web");
    EXPECT_EQ(registry.rename(DomainId{5000}, "mail").error().kind(), ErrorKind::invalid_argument);
}

TEST_F(RegistryTest, takes_a_name_whose_record_is_gone) {
    link("web", "5000");
    EXPECT_FALSE(registry.id_of("web")->has_value());
    EXPECT_EQ(make_guest(registry, "web", uuid), DomainId{32700});
    EXPECT_EQ(*registry.id_of("web"), DomainId{32700});
}

TEST_F(RegistryTest, takes_a_name_whose_record_says_another) {
    const DomainId id = make_guest(registry, "mail", uuid);
    link("web", std::to_string(raw(id))); // as a rename leaves it that was killed halfway
    EXPECT_FALSE(registry.id_of("web")->has_value());
    EXPECT_TRUE(registry.reserve("web", other_uuid));
    EXPECT_EQ(*registry.id_of("mail"), id);
}

TEST_F(RegistryTest, takes_a_name_whose_link_already_points_to_the_new_id) {
    link("web", "32700");
    auto reserved = registry.reserve("web", uuid);
    ASSERT_TRUE(reserved);
    EXPECT_EQ(reserved->id(), DomainId{32700});
    ASSERT_TRUE(reserved->commit(sample_record(reserved->id(), uuid, "web")));
    EXPECT_EQ(*registry.id_of("web"), DomainId{32700});
}

TEST_F(RegistryTest, takes_a_name_whose_link_points_nowhere_that_makes_sense) {
    for (const char* target :
         {"rubbish", "0", "99999", "../guests/5000.json", "an address that is too long to be an id"}) {
        link("web", target);
        EXPECT_FALSE(registry.id_of("web")->has_value());
        EXPECT_TRUE(registry.reserve("web", uuid)) << target;
    }
}

TEST_F(RegistryTest, reports_a_name_that_is_no_link) {
    write_file(directory / "state/names/web", "32700");
    EXPECT_FALSE(registry.id_of("web"));
    EXPECT_FALSE(registry.reserve("web", uuid));
    EXPECT_EQ(files().size(), 1u);
}

TEST_F(RegistryTest, takes_a_name_from_a_killed_maker_and_leaves_its_intent_to_be_found) {
    leave_intent(5000, "web");
    make_guest(registry, "web", uuid);
    const auto leftover = registry.leftover(DomainId{5000});
    ASSERT_TRUE(leftover && leftover->has_value());
    EXPECT_EQ((*leftover)->name, "web");
    EXPECT_EQ((*leftover)->uuid, other_uuid);
    ASSERT_TRUE(registry.remove(DomainId{5000}, other_uuid));
    EXPECT_EQ(*registry.id_of("web"), DomainId{32700}) << "the name belongs to the new guest";
}

TEST_F(RegistryTest, takes_nothing_for_a_leftover_but_an_unlocked_intent) {
    EXPECT_FALSE(registry.leftover(DomainId{5000})->has_value()) << "no file";
    EXPECT_FALSE(registry.leftover(make_guest(registry, "a", uuid))->has_value()) << "a finished record";
    auto reserved = registry.reserve("b", uuid);
    EXPECT_FALSE(registry.leftover(reserved->id())->has_value()) << "its maker lives";
    leave_intent(5000, "c");
    EXPECT_TRUE(registry.leftover(DomainId{5000})->has_value());
}

TEST_F(RegistryTest, looking_at_a_leftover_does_not_make_it_seem_alive_to_others) {
    leave_intent(5000, "web");
    const UniqueFd looking(::open(guest(5000).c_str(), O_RDONLY));
    ASSERT_EQ(::flock(looking.get(), LOCK_SH), 0);
    EXPECT_TRUE(registry.leftover(DomainId{5000})->has_value());
    EXPECT_TRUE(registry.reserve("web", uuid));
}

TEST_F(RegistryTest, removes_a_leftover) {
    leave_intent(5000, "web");
    write_file(directory / "state/guests/5000.new", "{\"half\":"); // killed while it wrote its record
    ASSERT_TRUE(registry.remove(DomainId{5000}, other_uuid));
    EXPECT_TRUE(files().empty());
}

TEST_F(RegistryTest, clears_away_a_record_that_was_never_put_in_place) {
    make_guest(registry, "web", uuid);
    const auto before = files();
    write_file(directory / "state/guests/32700.new", "{\"half\":");
    EXPECT_EQ(registry.ids()->size(), 1u);
    EXPECT_EQ(files(), before);
}

TEST_F(RegistryTest, clears_away_a_second_name_that_a_killed_rename_left) {
    make_guest(registry, "web", uuid);
    const auto before = files();
    link("shop", "32700"); // the new name was taken, the record not replaced
    link("other", "32000");
    EXPECT_EQ(registry.ids()->size(), 1u);
    EXPECT_EQ(files(), before);
}

TEST_F(RegistryTest, does_not_clear_away_what_a_living_process_is_writing) {
    const auto reserved = registry.reserve("web", uuid);
    write_file(directory / "state/guests/32700.new", "{\"half\":");
    EXPECT_EQ(registry.ids()->size(), 1u);
    EXPECT_EQ(files().count("guests/32700.new"), 1u);
}

TEST_F(RegistryTest, reports_a_damaged_record_by_its_path_and_keeps_its_name) {
    const DomainId id = make_guest(registry, "web", uuid);
    for (const std::string& text : {std::string(), std::string("rubbish"), std::string(3 << 20, ' ')}) {
        write_file(guest(raw(id)), text);
        const auto record = registry.record(id);
        ASSERT_FALSE(record);
        EXPECT_NE(record.error().story().find(guest(raw(id))), std::string::npos);
        const auto names_it = [&](auto result) {
            return !result && result.error().story().find(guest(raw(id))) != std::string::npos;
        };
        EXPECT_TRUE(names_it(registry.leftover(id)));
        EXPECT_TRUE(names_it(registry.id_of("web")));
        EXPECT_TRUE(names_it(registry.remove(id, uuid)));
        EXPECT_TRUE(names_it(registry.rename(id, "mail")));
        EXPECT_TRUE(names_it(registry.change(id, uuid)));
        EXPECT_EQ(registry.reserve("web", other_uuid).error().kind(), ErrorKind::name_taken);
        EXPECT_EQ(registry.ids()->size(), 1u);
    }
}

TEST_F(RegistryTest, reports_a_record_that_is_another_ids) {
    make_guest(registry, "web", uuid);
    std::filesystem::copy_file(guest(32700), guest(6000));
    const auto record = registry.record(DomainId{6000});
    ASSERT_FALSE(record);
    EXPECT_NE(record.error().story().find("domain 32700"), std::string::npos);
}

TEST_F(RegistryTest, does_not_follow_links_or_hang_on_pipes_in_place_of_records) {
    write_file(directory / "secret", to_json(sample_record(DomainId{6000}, uuid, "web")));
    std::filesystem::create_symlink(directory / "secret", guest(6000));
    EXPECT_FALSE(registry.record(DomainId{6000}));
    ASSERT_EQ(::mkfifo(guest(6001).c_str(), 0600), 0);
    EXPECT_FALSE(registry.record(DomainId{6001}));
    std::filesystem::create_directory(guest(6002));
    EXPECT_FALSE(registry.record(DomainId{6002}));
}

TEST_F(RegistryTest, survives_its_directory_being_emptied_by_hand) {
    auto reserved = registry.reserve("web", uuid);
    std::filesystem::remove(guest(32700));
    std::filesystem::remove(directory / "state/names/web");
    EXPECT_TRUE(registry.ids()->empty());
    EXPECT_FALSE(registry.record(DomainId{32700})->has_value());
    EXPECT_TRUE(registry.reserve("web", uuid));
}

TEST_F(RegistryTest, keeps_no_descriptor_open_but_its_two_directories) {
    const auto count = [] {
        return std::distance(std::filesystem::directory_iterator("/proc/self/fd"),
                             std::filesystem::directory_iterator());
    };
    const auto before = count();
    for (int round = 0; round < 3; ++round) {
        const DomainId id = make_guest(registry, "web", uuid);
        (void)registry.reserve("web", uuid);
        (void)registry.reserve("mail", uuid);
        (void)registry.rename(id, "mail");
        (void)registry.ids();
        (void)registry.leftover(id);
        (void)registry.remove(id, uuid);
    }
    EXPECT_EQ(count(), before);
}

} // namespace
} // namespace chaos
