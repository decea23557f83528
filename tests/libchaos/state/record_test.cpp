// SPDX-License-Identifier: BSD-3-Clause
// Records as JSON: everything that is written comes back, and nothing damaged is believed.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "libchaos/state/contents.hpp"
#include "samples.hpp"

namespace chaos {
namespace {

const Uuid uuid = *Uuid::parse("01234567-89ab-4cde-8f01-23456789abcd");

nlohmann::json sample_json() {
    return nlohmann::json::parse(to_json(test::sample_record(DomainId{32700}, uuid, "web")));
}

std::string story_of(const nlohmann::json& document) {
    const auto record = record_from_json(document.dump());
    return record ? "accepted" : record.error().story();
}

TEST(Record, keeps_every_field_of_the_configuration) {
    GuestRecord record = test::sample_record(DomainId{1234}, uuid, "web");
    record.config.type = GuestType::pv;
    record.config.ramdisk = "/boot/initrd.img";
    record.config.command_line = "root=/dev/xvda \"quoted\" back\\slash tab\t caf\xc3\xa9";
    record.config.memory_kib = maximum_memory_kib;
    record.config.vcpus = 2;
    record.config.cpus = {CpuSet(0b1011101), CpuSet().set()};
    record.config.cpus_soft = {CpuSet(0)};
    record.config.uuid = uuid;
    record.config.max_event_channels = 1023;
    record.config.max_grant_frames = 64;

    const auto back = record_from_json(to_json(record));

    ASSERT_TRUE(back) << back.error().story();
    EXPECT_EQ(back->id, DomainId{1234});
    EXPECT_EQ(back->uuid, uuid);
    EXPECT_EQ(back->created_unix_ms, record.created_unix_ms);
    EXPECT_EQ(back->config.name, "web");
    EXPECT_EQ(back->config.type, GuestType::pv);
    EXPECT_EQ(back->config.kernel, record.config.kernel);
    EXPECT_EQ(back->config.ramdisk, record.config.ramdisk);
    EXPECT_EQ(back->config.command_line, record.config.command_line);
    EXPECT_EQ(back->config.memory_kib, maximum_memory_kib);
    EXPECT_EQ(back->config.vcpus, 2u);
    EXPECT_EQ(back->config.cpus, record.config.cpus);
    EXPECT_EQ(back->config.cpus_soft, record.config.cpus_soft);
    EXPECT_EQ(back->config.uuid, uuid);
    EXPECT_EQ(back->config.max_event_channels, 1023u);
    EXPECT_EQ(back->config.max_grant_frames, 64u);
    ASSERT_TRUE(back->system && back->console);
    EXPECT_EQ(back->system->frame, Gfn{1022});
    EXPECT_EQ(back->system->port, EventChannelPort{1});
    EXPECT_EQ(back->system->grant, GrantReference{8});
    EXPECT_EQ(back->console->frame, Gfn{1023});
}

TEST(Record, keeps_the_absence_of_devices_and_of_a_uuid_in_the_configuration) {
    GuestRecord record = test::sample_record(DomainId{1234}, uuid, "web");
    record.system.reset();
    record.console.reset();

    const auto back = record_from_json(to_json(record));

    ASSERT_TRUE(back) << back.error().story();
    EXPECT_FALSE(back->system);
    EXPECT_FALSE(back->console);
    EXPECT_FALSE(back->config.uuid);
}

TEST(Record, keeps_paths_that_are_not_text) {
    for (const std::string path :
         {"\xff\xfe", "\xc3", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xc0\xaf"}) {
        GuestRecord record = test::sample_record(DomainId{1234}, uuid, "web");
        record.config.kernel = "/images/" + path;
        const auto back = record_from_json(to_json(record));
        ASSERT_TRUE(back) << back.error().story();
        EXPECT_EQ(back->config.kernel, record.config.kernel);
    }
}

TEST(Record, keeps_text_of_every_script_readable) {
    GuestRecord record = test::sample_record(DomainId{1234}, uuid, "web");
    record.config.kernel = "/\u00e9\u4e16\U0001f600";
    EXPECT_NE(to_json(record).find(record.config.kernel), std::string::npos);
    EXPECT_EQ(record_from_json(to_json(record))->config.kernel, record.config.kernel);
}

TEST(Record, keeps_the_largest_affinity) {
    GuestRecord record = test::sample_record(DomainId{1234}, uuid, "web");
    record.config.vcpus = maximum_vcpus;
    CpuSet every_second;
    for (std::size_t cpu = 0; cpu < every_second.size(); cpu += 2)
        every_second.set(cpu);
    record.config.cpus.assign(maximum_vcpus, every_second);
    record.config.cpus_soft = record.config.cpus;
    const auto back = record_from_json(to_json(record));
    ASSERT_TRUE(back) << back.error().story();
    EXPECT_EQ(back->config.cpus, record.config.cpus);
}

TEST(Record, is_one_line_with_numbers_as_numbers_and_the_uuid_as_text) {
    const std::string text = to_json(test::sample_record(DomainId{32700}, uuid, "web"));
    EXPECT_EQ(text.find('\n'), text.size() - 1);
    const auto document = nlohmann::json::parse(text);
    EXPECT_EQ(document["id"], 32700);
    EXPECT_EQ(document["uuid"], "01234567-89ab-4cde-8f01-23456789abcd");
    EXPECT_EQ(document["config"]["memory_kib"], 4096);
}

TEST(Record, cut_anywhere_is_an_error) {
    const std::string text = to_json(test::sample_record(DomainId{32700}, uuid, "web"));
    for (std::size_t size = 0; size + 1 < text.size(); ++size)
        EXPECT_FALSE(record_from_json(text.substr(0, size))) << size;
}

TEST(Record, with_any_byte_changed_is_an_error_or_a_valid_record) {
    const std::string text = to_json(test::sample_record(DomainId{32700}, uuid, "web"));
    for (std::size_t at = 0; at < text.size(); ++at) {
        for (int bit = 0; bit < 8; ++bit) {
            std::string changed = text;
            changed[at] = static_cast<char>(changed[at] ^ (1 << bit));
            if (const auto record = record_from_json(changed)) {
                EXPECT_TRUE(check_guest_name(record->config.name)) << changed;
                EXPECT_GE(raw(record->id), 1) << changed;
            }
        }
    }
}

TEST(Record, names_the_member_that_is_wrong) {
    const auto with = [](const char* pointer, nlohmann::json value) {
        nlohmann::json document = sample_json();
        document[nlohmann::json::json_pointer(pointer)] = std::move(value);
        return story_of(document);
    };
    const std::string prefix = "the record is damaged: ";
    EXPECT_EQ(with("/id", 0), prefix + "id is not a number from 1 to 32751");
    EXPECT_EQ(with("/id", -1), prefix + "id is not a number from 1 to 32751");
    EXPECT_EQ(with("/id", 32752), prefix + "id is not a number from 1 to 32751");
    EXPECT_EQ(with("/id", 1.5), prefix + "id is not a number from 1 to 32751");
    EXPECT_EQ(with("/id", "7"), prefix + "id is not a number from 1 to 32751");
    EXPECT_NE(with("/uuid", "not one").find("uuid"), std::string::npos);
    EXPECT_EQ(with("/uuid", 7), prefix + "uuid is not a string");
    EXPECT_EQ(with("/config", 7), prefix + "config is not an object");
    EXPECT_NE(with("/config/name", "../../etc/passwd").find("name"), std::string::npos);
    EXPECT_EQ(with("/config/type", "hvm"), prefix + "type is neither pvh nor pv");
    EXPECT_EQ(with("/config/kernel", nullptr), prefix + "kernel is not a string");
    EXPECT_NE(with("/config/kernel", {{"hex", "abc"}}).find("hexadecimal"), std::string::npos);
    EXPECT_NE(with("/config/kernel", {{"hex", "zz"}}).find("hexadecimal"), std::string::npos);
    EXPECT_NE(with("/config/command_line", std::string(2048, 'x')).find("2047"), std::string::npos);
    EXPECT_NE(with("/config/memory_kib", 255).find("256"), std::string::npos);
    EXPECT_NE(with("/config/vcpus", 129).find("128"), std::string::npos);
    EXPECT_EQ(with("/config/cpus", 3), prefix + "cpus is not a list");
    EXPECT_NE(with("/config/cpus", {3}).find("not a list"), std::string::npos);
    EXPECT_NE(with("/config/cpus", {{256}}).find("256"), std::string::npos);
    EXPECT_NE(with("/config/cpus", {{"3-2"}}).find("FIRST-LAST"), std::string::npos);
    EXPECT_NE(with("/config/cpus", {{"0-256"}}).find("FIRST-LAST"), std::string::npos);
    EXPECT_NE(with("/config/cpus", {{"0-3x"}}).find("FIRST-LAST"), std::string::npos);
    EXPECT_NE(with("/config/cpus", {{""}}).find("FIRST-LAST"), std::string::npos);
    EXPECT_NE(with("/config/cpus_soft", {{0}, {1}, {2}}).find("3 of 1"), std::string::npos);
    EXPECT_NE(with("/config/max_grant_frames", 0).find("max_grant_frames"), std::string::npos);
    EXPECT_EQ(with("/system", {1, 2}), prefix + "system is not an object");
    EXPECT_EQ(with("/console", {{"frame", 1}, {"port", 1}}), prefix + "grant is missing");
    EXPECT_EQ(with("/state", "dreaming"), prefix + "state is neither creating nor created");
}

TEST(Record, without_a_member_is_an_error) {
    for (const char* key : {"version", "state", "id", "uuid", "created_unix_ms", "config"}) {
        nlohmann::json document = sample_json();
        document.erase(key);
        EXPECT_NE(story_of(document).find(std::string(key) + " is missing"), std::string::npos) << key;
    }
    for (const char* key : {"name", "type", "kernel", "ramdisk", "command_line", "memory_kib", "vcpus",
                            "max_event_channels", "max_grant_frames"}) {
        nlohmann::json document = sample_json();
        document["config"].erase(key);
        EXPECT_NE(story_of(document).find(std::string(key) + " is missing"), std::string::npos) << key;
    }
}

TEST(Record, of_a_newer_chaos_is_refused_by_its_version) {
    nlohmann::json document = sample_json();
    document["version"] = 2;
    EXPECT_EQ(story_of(document), "the record has version 2 and this chaos knows version 1 only");
}

TEST(Record, with_members_it_does_not_know_is_accepted) {
    nlohmann::json document = sample_json();
    document["colour"] = "blue";
    EXPECT_EQ(story_of(document), "accepted");
}

TEST(Record, nested_without_end_is_an_error) {
    EXPECT_FALSE(record_from_json(std::string(100'000, '[')));
    EXPECT_FALSE(record_from_json(std::string(50'000, '[') + std::string(50'000, ']')));
}

// The leak sanitizer fails the program if the name is lost on the way out.
TEST(Intent, with_a_good_name_and_a_bad_uuid_is_an_error_that_leaks_nothing) {
    nlohmann::json document = nlohmann::json::parse(to_json(Intent{std::string(60, 'n'), uuid}));
    document["uuid"] = "01234567-1-23456789abcd";
    EXPECT_FALSE(contents_from_json(document.dump()));
}

TEST(Intent, comes_back_as_an_intent_and_never_as_a_record) {
    const std::string text = to_json(Intent{"web", uuid});
    const auto contents = contents_from_json(text);
    ASSERT_TRUE(contents) << contents.error().story();
    ASSERT_TRUE(std::holds_alternative<Intent>(*contents));
    EXPECT_EQ(std::get<Intent>(*contents).name, "web");
    EXPECT_EQ(std::get<Intent>(*contents).uuid, uuid);
    EXPECT_FALSE(record_from_json(text));
}

} // namespace
} // namespace chaos
