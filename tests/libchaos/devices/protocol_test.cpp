// SPDX-License-Identifier: BSD-3-Clause
// Packets between chaos and xendevd: what is written is read back the same, and nothing but that is read.
#include "libchaos/devices/protocol.hpp"

#include <gtest/gtest.h>

namespace chaos::devices {
namespace {

using namespace std::chrono_literals;

const Uuid uuid = Uuid::parse("01234567-89ab-4cde-8f01-23456789abcd").value();

AttachRequest full_request() {
    AttachRequest request;
    request.domain = DomainId{32700};
    request.uuid = uuid;
    request.name = "web";
    request.console = DeviceEnd{EventChannelPort{3}, GrantReference{9}};
    AttachVif vif{0, {EventChannelPort{4}, GrantReference{10}}, {}};
    vif.config =
        parse_vif("mac=00:16:3e:01:02:03,bridge=xenbr0.12,ip=10.0.0.2/16,gateway=10.0.0.1,rate=10Mb/s@20ms,"
                  "pps=1000,mtu=9000,vifname=tap-web")
            .value();
    request.vifs = {vif, {7, {EventChannelPort{6}, GrantReference{14}}, {}}};
    request.vifs[1].config.mac = MacAddress{2, 0, 0, 0, 0, 1};
    AttachVbd vbd{0, {EventChannelPort{5}, GrantReference{11}}, {}, 2048, 4096};
    vbd.config =
        parse_disk("format=raw,vdev=xvda,access=ro,no-discard,direct,iops=100,target=/srv/a,b=\"c\".img")
            .value();
    request.vbds = {vbd};
    return request;
}

AttachRequest stock_request() {
    AttachRequest request;
    request.domain = DomainId{1};
    request.uuid = uuid;
    request.noxs = false;
    request.console = DeviceEnd{EventChannelPort{2}, GrantReference{0}};
    request.store = AttachStore{{EventChannelPort{1}, GrantReference{1}}, 2, 131072};
    request.vifs = {{0, {}, {}}};
    request.vifs[0].config.mac = MacAddress{2, 0, 0, 0, 0, 1};
    request.vbds = {{51712, {}, parse_disk("/srv/x.img,raw,xvda,w").value(), 1, 512}};
    return request;
}

AttachRequest shell_request() {
    AttachRequest request = full_request();
    request.shell = true;
    request.name.clear();
    request.vbds.clear();
    return request;
}

SettleRequest settle_request() {
    const AttachRequest full = full_request();
    SettleRequest request;
    request.domain = full.domain;
    request.uuid = uuid;
    request.next_uuid = Uuid::parse("11234567-89ab-4cde-8f01-23456789abcd").value();
    request.name = "web";
    request.vifs = {{0, full.vifs[0].config}, {7, full.vifs[1].config}};
    request.vbds = full.vbds;
    return request;
}

TEST(Protocol, every_request_is_read_back_as_it_was_written) {
    SettleRequest only_a_name;
    only_a_name.domain = DomainId{5};
    only_a_name.uuid = uuid;
    only_a_name.name = "web";
    const Request requests[] = {
        full_request(),
        stock_request(),
        shell_request(),
        settle_request(),
        only_a_name,
        DetachRequest{DomainId{5}, DeviceType::vbd, 51712, true, 1500ms},
        DetachRequest{DomainId{5}, DeviceType::vif, 0, false, 10s},
        ForgetRequest{DomainId{32751}},
        ShutdownRequest{DomainId{5}, ShutdownAction::poweroff},
        ShutdownRequest{DomainId{5}, ShutdownAction::reboot},
        ShutdownRequest{DomainId{5}, ShutdownAction::halt},
        ShutdownRequest{DomainId{5}, ShutdownAction::suspend},
        ListRequest{},
        ListRequest{DomainId{7}},
        ConsoleRequest{DomainId{7}, false},
        ConsoleRequest{DomainId{7}, true},
        StatusRequest{},
    };
    for (const Request& request : requests) {
        const std::string packet = encode(request);
        const auto decoded = decode_request(packet);
        ASSERT_TRUE(decoded) << packet << ": " << decoded.error().story();
        EXPECT_TRUE(*decoded == request) << packet;
        EXPECT_EQ(encode(*decoded), packet);
    }
}

TEST(Protocol, paths_of_any_bytes_travel_unharmed) {
    AttachRequest request = stock_request();
    request.vbds[0].config.path = "/srv/\xff\x01\"\\\n.img";
    const auto decoded = decode_request(encode(request));
    ASSERT_TRUE(decoded) << decoded.error().story();
    EXPECT_EQ(std::get<AttachRequest>(*decoded).vbds[0].config.path, request.vbds[0].config.path);
}

/// A sound request with one text replaced by another.
std::string spoiled(const std::string& what, const std::string& by,
                    const AttachRequest& request = full_request()) {
    std::string packet = encode(request);
    const auto at = packet.find(what);
    EXPECT_NE(at, std::string::npos) << what << " is not in " << packet;
    return packet.replace(at, what.size(), by);
}

TEST(Protocol, whatever_is_wrong_with_a_request_is_named) {
    const std::pair<std::string, std::string> cases[] = {
        {"", "not JSON"},
        {"{", "not JSON"},
        {"[]", "not an object"},
        {"{}", "op is missing"},
        {R"({"op":1})", "op is not a string"},
        {R"({"op":"explode"})", "no such op"},
        {R"({"op":"status","more":1})", "unknown member \"more\""},
        {R"({"op":"forget"})", "domain is missing"},
        {R"({"op":"forget","domain":0})", "domain is not a number from 1"},
        {R"({"op":"forget","domain":32752})", "domain is not a number from 1"},
        {R"({"op":"forget","domain":-1})", "domain is not a number"},
        {R"({"op":"forget","domain":1.5})", "domain is not a number"},
        {R"({"op":"shutdown","domain":1,"reason":"maybe"})", "reason"},
        {R"({"op":"detach","domain":1,"type":"vtpm","id":0})", "neither vif nor vbd"},
        {R"({"op":"detach","domain":1,"type":"vif","id":0,"timeout_ms":99999999})", "timeout_ms"},
        {R"({"op":"console","domain":1,"write":1})", "write is neither true nor false"},
        {spoiled("\"port\":4,", ""), "port is missing"},
        {spoiled("\"port\":4", "\"port\":0"), "port is not a number"},
        {spoiled("\"port\":4", "\"port\":131072"), "port is not a number"},
        {spoiled("00:16:3e", "01:16:3e"), "address of a group"},
        {spoiled("xenbr0", "../x"), "name of a network interface"},
        {spoiled("xenbr0", "a b"), "name of a network interface"},
        {spoiled("\"prefix\":16", "\"prefix\":33"), "prefix is not a number"},
        {spoiled("\"mtu\":9000", "\"mtu\":67"), "MTU"},
        {spoiled("\"vlan\":12", "\"vlan\":4095"), "vlan"},
        {spoiled("\"id\":7", "\"id\":0"), "one id"},
        {spoiled("\"id\":7", "\"id\":65536"), "id is not a number"},
        {spoiled("\"/srv", "\"srv"), "not absolute"},
        {spoiled("\"/srv", "\"\\u0000/srv"), "zero bytes"},
        {spoiled("xvda", "xvd"), "a letter"},
        {spoiled("\"sectors\":2048", "\"sectors\":0"), "sectors"},
        {spoiled("\"sector_size\":4096", "\"sector_size\":1024"), "sector_size"},
        {spoiled("\"interval_us\":20000", "\"interval_us\":0"), "interval"},
        {spoiled("\"web\"", "\"../web\""), "name: a guest cannot be named"},
        {spoiled("\"noxs\"", "\"other\""), "platform"},
        {spoiled("\"stock\"", "\"noxs\"", stock_request()), "has no store"},
        {spoiled("\"id\":51712", "\"id\":51712,\"port\":1", stock_request()), "itself"},
        {spoiled("\"vifs\":[", "\"vifs\":{\"a\":["), "not JSON"},
        {spoiled("\"vcpus\":2", "\"vcpus\":0", stock_request()), "vcpus"},
        {spoiled("\"noxs\"", "\"noxs\",\"shell\":true"), "has no name yet"},
        {R"({"op":"settle","domain":1,"uuid":"01234567-89ab-4cde-8f01-23456789abcd"})", "name is"},
        {R"({"op":"settle","domain":1,"uuid":"01234567-89ab-4cde-8f01-23456789abcd","name":"web",)"
         R"("vifs":[{"id":0,"port":1,"grant":1,"mac":"00:16:3e:00:00:01"}]})",
         "itself"},
        {std::string(largest_packet + 1, ' '), "longer than any"},
        {std::string(60'000, '['), "not JSON"},
    };
    for (const auto& [packet, words] : cases) {
        const auto decoded = decode_request(packet);
        ASSERT_FALSE(decoded) << packet;
        EXPECT_EQ(decoded.error().kind(), ErrorKind::invalid_argument);
        EXPECT_NE(decoded.error().story().find(words), std::string::npos)
            << decoded.error().story() << "\n  for " << packet.substr(0, 400);
    }
}

TEST(Protocol, more_devices_than_a_guest_can_have_are_refused) {
    AttachRequest request = full_request();
    request.vifs.clear();
    for (std::uint16_t id = 0; id <= most_devices; ++id) {
        request.vifs.push_back({id, {EventChannelPort{4}, GrantReference{10}}, {}});
        request.vifs.back().config.mac = MacAddress{2};
    }
    EXPECT_FALSE(decode_request(encode(request)));
    request.vifs.pop_back();
    EXPECT_TRUE(decode_request(encode(request)));
}

TEST(Protocol, an_error_keeps_kind_words_and_advice) {
    const Error told =
        Error(ErrorKind::not_found, "there is no bridge \"x\"").while_doing("vif 0").advise("Make it.");
    const auto heard = decode_reply(encode_error(told));
    ASSERT_FALSE(heard);
    EXPECT_EQ(heard.error().kind(), ErrorKind::not_found);
    EXPECT_EQ(heard.error().story(), told.story());
    EXPECT_EQ(heard.error().advice(), "Make it.");
}

TEST(Protocol, what_is_no_reply_is_an_error_that_says_so) {
    EXPECT_TRUE(decode_reply(ok_reply));
    EXPECT_TRUE(decode_reply(R"({ "ok" : true, "more" : 1 })"));
    for (const char* reply : {"", "{", "[]", "{}", R"({"ok":false})", R"({"ok":1})", R"({"error":1})",
                              R"({"error":{"kind":"system"}})", R"({"error":{"kind":1,"message":"x"}})"}) {
        const auto decoded = decode_reply(reply);
        ASSERT_FALSE(decoded) << reply;
        EXPECT_NE(decoded.error().story().find("answer that is none"), std::string::npos)
            << decoded.error().story();
    }
}

TEST(Protocol, a_list_is_read_with_all_that_it_tells) {
    const auto guest = decode_list_packet(
        R"({"guest":{"domain":7,"uuid":"u","name":"web","console":true,"devices":[
            {"type":"vif","id":0,"state":"connected","bridge":"xenbr0","port":3,"ok":true,"odd":-1.5,"counters":{
                "from_guest_bytes":1,"from_guest_operations":2,"to_guest_bytes":3,"to_guest_operations":4,
                "from_guest_dropped":5,"to_guest_dropped":6,"errors":7,"of_tomorrow":8}}]}})");
    ASSERT_TRUE(guest) << guest.error().story();
    ASSERT_TRUE(*guest);
    EXPECT_EQ((*guest)->domain, DomainId{7});
    EXPECT_EQ((*guest)->name, "web");
    EXPECT_TRUE((*guest)->console);
    ASSERT_EQ((*guest)->devices.size(), 1u);
    const DeviceStatus& device = (*guest)->devices[0];
    EXPECT_EQ(device.type, "vif");
    EXPECT_EQ(device.state, "connected");
    EXPECT_EQ(device.counters, (Counters{1, 2, 3, 4, 5, 6, 7}));
    EXPECT_EQ(device.details, (std::vector<std::pair<std::string, Detail>>{
                                  {"bridge", "xenbr0"}, {"ok", true}, {"port", std::uint64_t{3}}}));
    EXPECT_FALSE(*decode_list_packet(ok_reply)) << "the end";
    EXPECT_EQ(decode_list_packet(encode_error(Error(ErrorKind::not_found, "x"))).error().kind(),
              ErrorKind::not_found);
    EXPECT_FALSE(decode_list_packet(R"({"guest":{}})"));
    EXPECT_FALSE(decode_list_packet(R"({"guest":{"domain":7,"devices":[{"type":"vif"}]}})"));
}

TEST(Protocol, status_is_read) {
    const auto status = decode_status(R"({"ok":true,"version":"0.2.0","pid":17,"guests":3,"devices":5})");
    ASSERT_TRUE(status) << status.error().story();
    EXPECT_EQ(status->version, "0.2.0");
    EXPECT_EQ(status->pid, 17u);
    EXPECT_EQ(status->guests, 3u);
    EXPECT_EQ(status->devices, 5u);
    EXPECT_FALSE(decode_status("{}"));
}

} // namespace
} // namespace chaos::devices
