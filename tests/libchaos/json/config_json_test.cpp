// SPDX-License-Identifier: BSD-3-Clause
// Configurations as JSON: everything that is written comes back, and what somebody asks for is taken by its word or
// refused with a reason.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "libchaos/json/config_json.hpp"

namespace chaos::json {
namespace {

using Json = nlohmann::json;

GuestConfig full_config() {
    GuestConfig config;
    config.name = "web";
    config.type = GuestType::pv;
    config.kernel = "/boot/\xff";
    config.ramdisk = "/boot/initrd";
    config.command_line = "root=/dev/xvda \"quoted\"";
    config.memory_kib = 65536;
    config.vcpus = 2;
    config.cpus = {CpuSet(0b1011101), CpuSet().set()};
    config.cpus_soft = {CpuSet(1)};
    config.uuid = Uuid::parse("01234567-89ab-4cde-8f01-23456789abcd").value();
    config.max_event_channels = 1023;
    config.max_grant_frames = 64;
    config.store = StoreMode::private_store;
    VifConfig vif;
    vif.mac = MacAddress{0, 0x16, 0x3e, 1, 2, 3};
    vif.bridge = "xenbr0";
    vif.rate.bytes_per_second = 1000;
    config.vifs = {vif, VifConfig{}};
    DiskConfig disk;
    disk.path = "/srv/web.img";
    disk.device_name = "xvda";
    disk.discard = false;
    config.disks = {disk};
    return config;
}

Json small() {
    return {{"name", "web"}, {"kernel", "/boot/web"}, {"memory_kib", 4096}};
}

/// As it comes over a wire.
Document sent(const Json& document) {
    return Document(document.dump());
}

std::string refusal(const Json& document, Asked asked = Asked::guest) {
    const auto config = read_asked_config(sent(document).root(), asked);
    if (config)
        return "accepted";
    EXPECT_EQ(config.error().kind(), ErrorKind::invalid_config);
    return config.error().story();
}

std::string refusal_with(const char* key, Json value) {
    Json document = small();
    document[key] = std::move(value);
    return refusal(document);
}

TEST(ConfigJson, everything_comes_back) {
    const GuestConfig config = full_config();
    const std::string text = to_json(config);
    const auto back = read_asked_config(Document(text).root(), Asked::guest);
    ASSERT_TRUE(back) << back.error().story();
    EXPECT_EQ(to_json(*back), text);
    EXPECT_EQ(back->kernel, config.kernel);
    EXPECT_EQ(back->cpus, config.cpus);
    EXPECT_EQ(back->uuid, config.uuid);
    EXPECT_EQ(back->vifs, config.vifs);
    EXPECT_EQ(back->disks, config.disks);
    EXPECT_EQ(back->store, StoreMode::private_store);
}

TEST(ConfigJson, what_is_left_out_is_what_a_file_that_says_nothing_means) {
    const auto config = read_asked_config(sent(small()).root(), Asked::guest);
    ASSERT_TRUE(config) << config.error().story();
    const auto file = parse_guest_config("name='web'\nkernel='/boot/web'\nmemory=4\n", "web.cfg", {});
    ASSERT_TRUE(file);
    EXPECT_EQ(to_json(*config), to_json(*file));
}

TEST(ConfigJson, what_is_missing_or_unknown_is_named) {
    for (const char* key : {"name", "kernel", "memory_kib"}) {
        Json document = small();
        document.erase(key);
        EXPECT_EQ(refusal(document), "config: " + std::string(key) + " is missing");
    }
    EXPECT_EQ(refusal_with("memry", 1), "config: there is an unknown member \"memry\"");
    EXPECT_EQ(refusal_with("vifs", {{{"brigde", "x"}}}),
              "config: vifs[0]: there is an unknown member \"brigde\"");
    EXPECT_EQ(refusal_with("disks", {Json::object(), {{"x", 1}}}),
              "config: disks[1]: there is an unknown member \"x\"");
    EXPECT_EQ(refusal(Json::array()), "config: it is not an object");
    EXPECT_EQ(refusal(Json(nullptr)), "config: it is not an object");
}

TEST(ConfigJson, what_is_wrong_is_named_with_what_would_be_right) {
    EXPECT_NE(refusal_with("name", "../x").find("config: name: "), std::string::npos);
    EXPECT_EQ(refusal_with("kernel", "boot/web"),
              "config: kernel is not an absolute path: it must begin with /");
    EXPECT_EQ(refusal_with("kernel", ""), "config: kernel is empty: the path of a kernel file was expected");
    EXPECT_EQ(refusal_with("kernel", std::string("/a\0b", 4)), "config: kernel holds a zero byte");
    EXPECT_EQ(refusal_with("kernel", "/" + std::string(4095, 'x')),
              "config: kernel has more than 4095 bytes");
    EXPECT_EQ(refusal_with("ramdisk", "initrd"),
              "config: ramdisk is not an absolute path: it must begin with /");
    EXPECT_EQ(refusal_with("memory_kib", 4098),
              "config: memory_kib is not a multiple of 4: memory comes in whole pages");
    EXPECT_EQ(refusal_with("memory_kib", -4), "config: memory_kib is not a number from 256 to 1073741824");
    EXPECT_EQ(refusal_with("vcpus", 0), "config: vcpus is not a number from 1 to 128");
    EXPECT_EQ(refusal_with("cpus", {{0}, {1}}), "config: cpus has entries for 2 of 1 vCPUs");
    EXPECT_EQ(refusal_with("cpus", {{"5-2"}}), "config: cpus: a CPU range is not FIRST-LAST below 256");
    EXPECT_EQ(refusal_with("store", "shared"), "config: store is none of auto, private, xenstore and none");
    EXPECT_EQ(refusal_with("max_event_channels", 0),
              "config: max_event_channels is not a number from 1 to 131071");
    EXPECT_EQ(refusal_with("uuid", 1), "config: uuid is not a string");
}

TEST(ConfigJson, devices_that_cannot_be_together_are_refused) {
    const Json vif = {{"mac", "00:16:3e:00:00:01"}};
    const Json disk = {{"path", "/srv/a"}, {"device_name", "xvda"}};
    EXPECT_EQ(refusal_with("vifs", {vif, vif}),
              "config: vifs[1]: another of this guest has this MAC address");
    EXPECT_EQ(refusal_with("disks", {disk, disk}),
              "config: disks[1]: another of this guest has this device_name");
    EXPECT_EQ(refusal_with("disks", {{{"path", "srv/a"}, {"device_name", "xvda"}}}),
              "config: disks[0]: path is not an absolute path: it must begin with /");
    EXPECT_EQ(refusal_with("vifs", Json(125, Json::object())), "config: vifs is not a list of at most 124");
    Json document = small();
    document["vifs"] = Json(124, Json::object());
    document["disks"] = Json::array({disk});
    EXPECT_EQ(refusal(document), "config: a guest can have 124 vifs and disks together");
}

TEST(ConfigJson, a_shape_has_nothing_that_only_one_guest_can_have) {
    EXPECT_EQ(refusal({{"memory_kib", 4096}}, Asked::shape), "accepted");
    EXPECT_EQ(refusal({{"vcpus", 1}}, Asked::shape), "shape: memory_kib is missing");
    const auto refused = [](const char* key, Json value) {
        return refusal({{"memory_kib", 4096}, {key, std::move(value)}}, Asked::shape);
    };
    const std::string why = " is what only one guest can have; leave it out";
    EXPECT_EQ(refused("name", "web"), "shape: name" + why);
    EXPECT_EQ(refused("uuid", "01234567-89ab-4cde-8f01-23456789abcd"), "shape: uuid" + why);
    EXPECT_EQ(refused("command_line", "x"), "shape: command_line" + why);
    EXPECT_EQ(refused("disks", {{{"path", "/a"}, {"device_name", "xvda"}}}), "shape: disks" + why);
    EXPECT_EQ(refused("vifs", {{{"mac", "00:16:3e:00:00:01"}}}), "shape: vifs: mac" + why);
    EXPECT_EQ(refused("vifs", {{{"ipv4", "10.0.0.2"}, {"prefix", 24}}}), "shape: vifs: ipv4" + why);
    EXPECT_EQ(refused("vifs", {{{"device_name", "tap1"}}}), "shape: vifs: device_name" + why);
}

TEST(ConfigJson, a_shape_that_was_written_is_one) {
    GuestConfig shape;
    shape.memory_kib = 4096;
    shape.vifs.resize(2);
    EXPECT_EQ(refusal(Json::parse(to_json(shape)), Asked::shape), "accepted");
}

TEST(ConfigJson, one_device_is_read_as_strictly) {
    EXPECT_TRUE(read_asked_vif(Document("{}").root()));
    EXPECT_FALSE(read_asked_vif(sent({{"id", 1}}).root()));
    EXPECT_TRUE(read_asked_disk(sent({{"path", "/srv/a"}, {"device_name", "xvda"}}).root()));
    EXPECT_EQ(read_asked_disk(sent({{"path", "a"}, {"device_name", "xvda"}}).root()).error().story(),
              "disk: path is not an absolute path: it must begin with /");
    EXPECT_EQ(read_asked_disk(sent({{"path", "/a"}}).root()).error().story(), "disk: device_name is missing");
}

} // namespace
} // namespace chaos::json
