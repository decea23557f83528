// SPDX-License-Identifier: BSD-3-Clause
// Guests on a switch of xendevd's own: two-sided, with a socket for its uplink.
#include "xendevd/vif/switch.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "tests/xendevd/vif/frames.hpp"
#include "tests/xendevd/vif/front_end.hpp"
#include "xendevd/vif/networks.hpp"

namespace xendevd {
namespace {

using chaos::ErrorKind;

constexpr std::uint32_t stock =
    NOXS_VIF_SCATTER_GATHER | NOXS_VIF_GSO_TCP4 | NOXS_VIF_GSO_TCP6 | NOXS_VIF_CHECKSUM_BLANK;
constexpr chaos::MacAddress broadcast{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, host_address{2, 0, 0, 0, 0, 1};

class SwitchTest : public DaemonFixture, public testing::WithParamInterface<std::uint32_t> {
  protected:
    /// A guest with a vif.
    struct Guest final : BackendOwner, PortHandler {
        Guest(SwitchTest& test, std::uint8_t number)
            : mac{0, 0x16, 0x3e, 0, 0, number},
              front(
                  [&test](std::uint64_t gfn) { return test.page(gfn); },
                  [&test](chaos::GrantReference reference, std::uint64_t gfn) { test.grant(reference, gfn); },
                  100 + number * 130u, 20 + number * 130u) {}
        void backend_failed(chaos::Error reason) override {
            reasons.push_back(reason.story());
            vif->disconnect();
        }
        void handle_event() override {}
        chaos::MacAddress mac;
        FrontEnd front;
        std::unique_ptr<Backend> vif;
        std::vector<std::string> reasons;
    };

    SwitchTest() {
        daemon.networks = networks.get();
        int ends[2];
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
        host = chaos::UniqueFd(ends[0]);
        own = std::make_unique<Switch>(*loop, log, networks->workspace(), "chaos0",
                                       Tap::of_socket(chaos::UniqueFd(ends[1])));
        EXPECT_TRUE(own->listen());
    }
    ~SwitchTest() override {
        for (Guest* guest : {&first, &second, &third})
            guest->vif.reset();
        own.reset();
    }
    chaos::Result<std::unique_ptr<Backend>> make(const chaos::MacAddress& mac) {
        VifSettings settings;
        settings.mac = mac;
        return make_vif_on_switch(daemon, *own, settings);
    }
    void connect(Guest& guest, std::uint32_t features) {
        if (!guest.vif)
            guest.vif = *make(guest.mac);
        const auto local = *loop->bind(guest_id, chaos::EventChannelPort{next_port++}, guest);
        ASSERT_TRUE(guest.vif->connect(guest.front.offer(features | GetParam()), local, guest));
        guest.vif->handle_event();
    }
    static std::string addressed(std::string frame, const chaos::MacAddress& from,
                                 const chaos::MacAddress& to) {
        std::memcpy(frame.data(), to.data(), 6);
        std::memcpy(frame.data() + 6, from.data(), 6);
        return frame;
    }
    void kick(Guest& guest) {
        guest.vif->handle_event();
        for (int turns = 0; turns < 20; ++turns)
            turn();
    }
    std::string at_host() {
        std::string buffer(70000, '\0');
        const ssize_t size = ::recv(host.get(), buffer.data(), buffer.size(), 0);
        return size < 10 ? std::string() : buffer.substr(10, static_cast<std::size_t>(size) - 10);
    }
    void from_host(const std::string& data, Offload offload = {}) {
        std::string packet(reinterpret_cast<const char*>(&offload), sizeof offload);
        packet += data;
        ASSERT_EQ(::send(host.get(), packet.data(), packet.size(), 0), static_cast<ssize_t>(packet.size()));
    }

    std::unique_ptr<Networks> networks = *Networks::open(*loop, grants, log, {}, "");
    chaos::UniqueFd host;
    std::unique_ptr<Switch> own;
    Guest first{*this, 0}, second{*this, 1}, third{*this, 2};
    std::uint32_t next_port = 2;
};

TEST_P(SwitchTest, passes_frames_from_guest_to_guest) {
    connect(first, 0);
    connect(second, 0);
    connect(third, 0);
    for (Guest* guest : {&first, &second, &third})
        guest->front.provide(8);
    const std::string frame = addressed(ethernet_frame(1514), first.mac, second.mac);
    notified = 0;
    first.front.send(frame);
    kick(first);
    EXPECT_EQ(second.front.take()->data, frame);
    EXPECT_FALSE(third.front.take());
    EXPECT_EQ(at_host(), "");
    EXPECT_EQ(notified, 2u);
    EXPECT_EQ(first.vif->counters().from_guest_operations, 1u);
    EXPECT_EQ(second.vif->counters().to_guest_bytes, 1514u);
}

TEST_P(SwitchTest, passes_what_no_guest_has_to_the_host_and_back) {
    connect(first, 0);
    connect(second, 0);
    first.front.provide(8);
    second.front.provide(8);
    const std::string out = addressed(ethernet_frame(90), first.mac, host_address);
    first.front.send(out);
    kick(first);
    EXPECT_EQ(at_host(), out);
    const std::string back = addressed(ethernet_frame(80), host_address, first.mac);
    from_host(back);
    from_host(addressed(ethernet_frame(80), host_address, {2, 9, 9, 9, 9, 9})); // nobody's
    kick(first);
    EXPECT_EQ(first.front.take()->data, back);
    EXPECT_FALSE(first.front.take());
    EXPECT_FALSE(second.front.take());
}

TEST_P(SwitchTest, holds_a_vif_to_the_address_that_it_was_settled_with) {
    const chaos::MacAddress drawn = first.mac;
    first.vif = *make(drawn);
    VifSettings settings;
    settings.name = "vif 0 of guest web";
    settings.mac = {1, 0, 0, 0, 0, 1};
    EXPECT_EQ(first.vif->settle(settings).error().kind(), ErrorKind::invalid_argument) << "that of a group";
    settings.mac = {2, 7, 7, 7, 7, 7};
    { const auto dropped = first.vif->settle(settings); }
    second.vif = *make({2, 7, 7, 7, 7, 7}); // which nobody has, since nothing came of it
    second.vif.reset();
    auto change = first.vif->settle(settings);
    ASSERT_TRUE(change) << change.error().story();
    (*change)();
    first.mac = settings.mac;
    connect(first, 0);
    EXPECT_FALSE(first.vif->settle(settings)) << "it is in use";
    connect(second, 0);
    first.front.provide(8);
    second.front.provide(8);
    const std::string frame = addressed(ethernet_frame(60), second.mac, settings.mac);
    second.front.send(frame);
    kick(second);
    EXPECT_EQ(first.front.take()->data, frame);
    second.front.send(addressed(ethernet_frame(70), second.mac, drawn)); // nobody's on the switch any more
    kick(second);
    EXPECT_FALSE(first.front.take());
    EXPECT_EQ(at_host().size(), 70u);
    first.front.send(addressed(ethernet_frame(60), drawn, second.mac));
    kick(first);
    EXPECT_FALSE(second.front.take()) << "it has another address now";
    EXPECT_EQ(first.vif->counters().from_guest_dropped, 1u);
    EXPECT_EQ(make(settings.mac).error().kind(), ErrorKind::name_taken);
    third.vif = *make(drawn); // it is free again
}

TEST_P(SwitchTest, floods_what_is_for_many) {
    for (Guest* guest : {&first, &second, &third}) {
        connect(*guest, 0);
        guest->front.provide(8);
    }
    const std::string frame = addressed(ethernet_frame(60), first.mac, broadcast);
    first.front.send(frame);
    kick(first);
    EXPECT_EQ(second.front.take()->data, frame);
    EXPECT_EQ(third.front.take()->data, frame);
    EXPECT_FALSE(first.front.take());
    EXPECT_EQ(at_host(), frame);
    from_host(addressed(ethernet_frame(61), host_address, broadcast));
    kick(first);
    for (Guest* guest : {&first, &second, &third})
        EXPECT_EQ(guest->front.take()->data.size(), 61u);
    first.front.send(addressed(ethernet_frame(60), first.mac, {0x01, 0x80, 0xc2, 0, 0, 0})); // spanning tree
    kick(first);
    EXPECT_FALSE(second.front.take());
    EXPECT_EQ(first.vif->counters().from_guest_dropped, 1u);
}

/// ARP, RFC 826: who asks and who announces, and whom that wakes.
TEST_P(SwitchTest, asks_the_one_who_is_known_to_have_an_address) {
    constexpr std::uint16_t request = 1, reply = 2;
    constexpr std::uint32_t ip1 = 0x0a070001, ip2 = 0x0a070002, ip3 = 0x0a070003, host_ip = 0x0a0700fe;
    for (Guest* guest : {&first, &second, &third}) {
        connect(*guest, 0);
        guest->front.provide(16);
    }
    // What guest or host sends to all, and who got it: the guests by number, the host as H.
    const auto seen = [&] {
        std::string who;
        for (int turns = 0; turns < 20; ++turns)
            turn();
        while (first.front.take())
            who += '1';
        while (second.front.take())
            who += '2';
        while (third.front.take())
            who += '3';
        while (!at_host().empty())
            who += 'H';
        return who;
    };
    const auto say = [&](Guest& guest, std::uint16_t operation, std::uint32_t from, std::uint32_t target,
                         const chaos::MacAddress& to = broadcast) {
        guest.front.send(addressed(arp_frame(operation, guest.mac, from, target), guest.mac, to));
        guest.vif->handle_event();
        return seen();
    };
    const auto host_says = [&](std::uint32_t target, const chaos::MacAddress& to = broadcast) {
        from_host(addressed(arp_frame(request, host_address, host_ip, target), host_address, to));
        return seen();
    };
    EXPECT_EQ(say(first, request, ip1, ip1), "H") << "it announces what nobody has asked about";
    EXPECT_EQ(say(second, request, ip2, ip2), "H");
    EXPECT_EQ(say(second, request, ip2, ip1), "1");
    EXPECT_EQ(say(first, request, ip1, ip2), "2");
    EXPECT_EQ(say(first, request, ip1, ip3), "23H") << "unknown: all are asked";
    EXPECT_EQ(say(third, reply, ip3, ip1, first.mac), "1");
    EXPECT_EQ(say(second, request, ip2, ip3), "3") << "learned from the answer";
    EXPECT_EQ(say(first, request, ip1, host_ip), "23H");
    EXPECT_EQ(host_says(ip1, first.mac), "1");
    EXPECT_EQ(say(second, request, ip2, host_ip), "H");
    EXPECT_EQ(host_says(ip2), "2");
    EXPECT_EQ(host_says(host_ip), "") << "no news for anybody";
    // Detection of a conflict: the owner must hear of it.
    EXPECT_EQ(say(third, request, 0, ip1), "1");
    // Somebody claims what another has who is there: from now on it is as on any switch.
    EXPECT_EQ(say(third, reply, host_ip, host_ip), "12H");
    EXPECT_EQ(say(first, request, ip1, host_ip), "23H");
    EXPECT_EQ(say(third, request, ip1, ip1), "12H");
    EXPECT_EQ(say(second, request, ip2, ip1), "13H");
    // One takes over from a guest that went: the others may still believe in that.
    second.vif.reset();
    EXPECT_EQ(say(first, request, ip1, ip2), "3H") << "nobody there could answer";
    EXPECT_EQ(say(third, request, ip2, ip2), "1H");
    EXPECT_EQ(say(first, request, ip1, ip2), "3");
    // Said of somebody else.
    first.front.send(addressed(arp_frame(request, third.mac, 0x0a070009, 0x0a070009), first.mac, broadcast));
    first.vif->handle_event();
    EXPECT_EQ(seen(), "3H");
}

TEST_P(SwitchTest, keeps_no_more_addresses_than_a_guest_may_have) {
    connect(first, 0);
    connect(second, 0);
    second.front.provide(200);
    for (std::uint32_t ip = 1; ip <= Neighbours::most_of_a_port + 10; ++ip) {
        first.front.send(addressed(arp_frame(1, first.mac, ip, ip), first.mac, broadcast));
        kick(first);
        (void)first.front.answers();
    }
    std::size_t flooded = 0;
    while (second.front.take())
        ++flooded;
    EXPECT_EQ(flooded, 10u);
}

TEST_P(SwitchTest, drops_frames_with_another_ones_address) {
    connect(first, 0);
    connect(second, 0);
    second.front.provide(8);
    first.front.send(addressed(ethernet_frame(60), third.mac, second.mac));
    first.front.send(addressed(ethernet_frame(60), first.mac, first.mac));
    kick(first);
    EXPECT_FALSE(second.front.take());
    EXPECT_EQ(first.vif->counters().from_guest_dropped, 2u);
    EXPECT_EQ(first.front.answers().size(), 2u);
}

TEST_P(SwitchTest, refuses_addresses_that_are_taken_or_nobodys) {
    connect(first, 0);
    auto again = make(first.mac);
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().kind(), ErrorKind::name_taken);
    EXPECT_NE(again.error().story().find("00:16:3e:00:00:00"), std::string::npos);
    EXPECT_FALSE(make(broadcast));
    EXPECT_FALSE(make({}));
    first.vif.reset();
    EXPECT_TRUE(make(first.mac));
    VifSettings settings;
    settings.mac = third.mac;
    settings.vlan = 5;
    EXPECT_FALSE(make_vif_on_switch(daemon, *own, settings));
}

TEST_P(SwitchTest, leaves_long_frames_whole_for_guests_that_take_them) {
    connect(first, stock);
    connect(second, stock);
    second.front.provide(40);
    const std::string frame = addressed(tcp_frame(60000), first.mac, second.mac);
    first.front.send(frame, NETTXF_csum_blank, 1448);
    kick(first);
    const auto received = second.front.take();
    ASSERT_TRUE(received);
    EXPECT_EQ(received->data.size(), frame.size());
    EXPECT_EQ(received->data.substr(60), frame.substr(60));
    EXPECT_EQ(received->segment_size, 1448);
    EXPECT_TRUE(received->flags & NETRXF_csum_blank);
}

/// Checks that a frame is right as it stands: lengths and checksums.
void expect_right(const std::string& frame, bool ipv6) {
    const auto bytes = std::as_bytes(std::span(frame));
    const auto headers = read_headers(bytes, static_cast<std::uint32_t>(frame.size()));
    ASSERT_TRUE(headers);
    EXPECT_EQ(headers->end, frame.size());
    if (!ipv6) {
        EXPECT_EQ(fold_sum(add_to_sum(0, bytes.subspan(14, 20))), 0xffff);
    }
    const auto length = static_cast<std::uint32_t>(frame.size()) - headers->transport;
    const std::uint32_t sum = pseudo_header_sum(bytes, *headers, length);
    EXPECT_EQ(fold_sum(add_to_sum(sum, bytes.subspan(headers->transport))), 0xffff);
}

TEST_P(SwitchTest, cuts_frames_up_for_guests_that_do_not_take_long_ones) {
    for (const bool ipv6 : {false, true}) {
        connect(first, stock);
        connect(second, 0);
        second.front.provide(60);
        const std::size_t head = ipv6 ? 74 : 54;
        const std::string frame = addressed(tcp_frame(30001, ipv6), first.mac, second.mac);
        first.front.send(frame, NETTXF_csum_blank, 1448,
                         ipv6 ? XEN_NETIF_GSO_TYPE_TCPV6 : XEN_NETIF_GSO_TYPE_TCPV4,
                         {head + 7, 4001}); // pieces of odd length
        kick(first);
        std::string payload;
        std::uint32_t sequence = get32(std::as_bytes(std::span(frame)), head - 16);
        while (const auto received = second.front.take()) {
            expect_right(received->data, ipv6);
            const auto bytes = std::as_bytes(std::span(received->data));
            EXPECT_EQ(get32(bytes, head - 16), sequence);
            const bool is_last = payload.size() + received->data.size() == frame.size();
            EXPECT_EQ(get16(bytes, head - 8), is_last ? 0x5018 : 0x5010);
            EXPECT_LE(received->data.size(), head + 1448);
            EXPECT_EQ(received->flags, NETRXF_data_validated);
            payload += received->data.substr(head);
            sequence += static_cast<std::uint32_t>(received->data.size() - head);
        }
        EXPECT_TRUE(payload == frame.substr(head));
        EXPECT_EQ(payload.size(), frame.size() - head);
        EXPECT_TRUE(first.reasons.empty());
        first.vif->disconnect();
        second.vif->disconnect();
        first.front.reset();
        second.front.reset();
    }
}

TEST_P(SwitchTest, fills_in_checksums_for_guests_that_want_them) {
    connect(first, stock);
    connect(second, 0);
    connect(third, stock);
    second.front.provide(8);
    third.front.provide(8);
    const std::string frame = addressed(tcp_frame(333), first.mac, second.mac);
    first.front.send(frame, NETTXF_csum_blank, 0, 0, {100, 101, 102});
    kick(first);
    const auto received = second.front.take();
    ASSERT_TRUE(received);
    expect_right(received->data, false);
    EXPECT_EQ(received->data.substr(60), frame.substr(60));
    EXPECT_EQ(received->flags, NETRXF_data_validated);
    // To many: each gets it finished.
    first.front.send(addressed(tcp_frame(334), first.mac, broadcast), NETTXF_csum_blank);
    kick(first);
    expect_right(second.front.take()->data, false);
    expect_right(third.front.take()->data, false);
    EXPECT_FALSE(at_host().empty());
}

TEST_P(SwitchTest, finishes_what_the_host_leaves_open) {
    connect(first, 0);
    first.front.provide(60);
    Offload offload;
    offload.flags = Offload::needs_checksum;
    offload.segmentation = Offload::tcp4;
    offload.segment_size = 1000;
    offload.checksum_start = 34;
    offload.checksum_offset = 16;
    from_host(addressed(tcp_frame(5054), host_address, first.mac), offload);
    kick(first);
    for (int segment = 0; segment < 5; ++segment)
        expect_right(first.front.take()->data, false);
    EXPECT_FALSE(first.front.take());
    offload.checksum_start = 60000; // no kernel would
    from_host(addressed(tcp_frame(5054), host_address, first.mac), offload);
    offload.segmentation = Offload::no_segments;
    from_host(addressed(tcp_frame(100), host_address, first.mac), offload);
    kick(first);
    EXPECT_FALSE(first.front.take());
}

TEST_P(SwitchTest, keeps_a_burst_for_a_slow_guest_and_stalls_nobody) {
    connect(first, 0);
    connect(second, 0);
    connect(third, 0);
    second.front.provide(2);
    third.front.provide(40);
    for (std::size_t size = 60; size < 80; ++size) {
        first.front.send(addressed(ethernet_frame(size), first.mac, second.mac));
        first.front.send(addressed(ethernet_frame(size), first.mac, third.mac));
    }
    kick(first);
    for (std::size_t size = 60; size < 80; ++size)
        EXPECT_EQ(third.front.take()->data.size(), size);
    EXPECT_EQ(first.front.answers().size(), 40u);
    for (std::size_t size = 60; size < 80; ++size) {
        const auto received = second.front.take();
        ASSERT_TRUE(received) << size;
        EXPECT_EQ(received->data.size(), size);
        second.front.provide(1);
        kick(second);
    }
    EXPECT_EQ(second.vif->counters().to_guest_dropped, 0u);
    // But not without end.
    for (int round = 0; round < 100; ++round) {
        for (int frame = 0; frame < 60; ++frame)
            first.front.send(addressed(ethernet_frame(1514), first.mac, second.mac));
        kick(first);
    }
    EXPECT_GT(second.vif->counters().to_guest_dropped, 4000u);
}

TEST_P(SwitchTest, limits_what_one_guest_floods) {
    std::vector<std::unique_ptr<Backend>> others;
    for (std::uint8_t number = 0; number < 255; ++number)
        others.push_back(*make({2, 1, 1, 1, 1, number}));
    connect(first, 0);
    const auto start = Clock::now();
    for (int round = 0; round < 20; ++round) {
        for (int frame = 0; frame < 60; ++frame)
            first.front.send(addressed(ethernet_frame(60), first.mac, broadcast));
        kick(first);
        while (!at_host().empty()) {
        }
    }
    // 200,000 copies at once, 100,000 in each second after; each frame is one to 256 ports.
    const std::chrono::duration<double> taken = Clock::now() - start;
    const auto most = static_cast<std::uint64_t>((200'000 + 100'000 * taken.count()) / 256) + 2;
    EXPECT_GT(first.vif->counters().from_guest_operations, 50u);
    EXPECT_LE(first.vif->counters().from_guest_operations, most);
    EXPECT_EQ(first.vif->counters().from_guest_operations + first.vif->counters().from_guest_dropped, 1200u);
}

TEST_P(SwitchTest, a_broken_guest_costs_its_own_device_only) {
    connect(first, 0);
    connect(second, 0);
    connect(third, 0);
    second.front.provide(8);
    third.front.provide(8);
    second.front.receive().ring[0].req.gref = 5000;
    first.front.send(addressed(ethernet_frame(60), first.mac, second.mac));
    first.front.send(addressed(ethernet_frame(60), first.mac, third.mac));
    kick(first);
    EXPECT_EQ(second.reasons.size(), 1u);
    EXPECT_TRUE(third.front.take());
    EXPECT_TRUE(first.reasons.empty());
    first.front.send(addressed(ethernet_frame(60), first.mac, second.mac)); // to one that is not connected
    kick(first);
    EXPECT_EQ(first.front.answers().size(), 3u);
}

TEST_P(SwitchTest, finds_its_way_among_many_ports) {
    std::vector<std::unique_ptr<Backend>> others;
    for (int number = 0; number < 3000; ++number)
        others.push_back(
            *make({2, 1, 1, 1, static_cast<std::uint8_t>(number >> 8), static_cast<std::uint8_t>(number)}));
    connect(first, 0);
    connect(second, 0);
    second.front.provide(8);
    for (int number = 0; number < 3000; number += 2)
        others[static_cast<std::size_t>(number)].reset();
    first.front.send(addressed(ethernet_frame(60), first.mac, second.mac));
    first.front.send(addressed(ethernet_frame(61), first.mac, broadcast));
    kick(first);
    EXPECT_EQ(second.front.take()->data.size(), 60u);
    EXPECT_EQ(second.front.take()->data.size(), 61u);
}

INSTANTIATE_TEST_SUITE_P(copied_and_mapped, SwitchTest, testing::Values(0u, NOXS_VIF_PERSISTENT),
                         [](const auto& tried) { return tried.param ? "mapped" : "copied"; });

} // namespace
} // namespace xendevd
