// SPDX-License-Identifier: BSD-3-Clause
// A vif between its guest's front end and a socket that stands for its TAP device.
#include "xendevd/vif/vif.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "tests/xendevd/vif/frames.hpp"
#include "tests/xendevd/vif/front_end.hpp"
#include "xendevd/vif/networks.hpp"
#include "xendevd/vif/tap.hpp"

namespace xendevd {
namespace {

constexpr std::uint32_t stock =
    NOXS_VIF_SCATTER_GATHER | NOXS_VIF_GSO_TCP4 | NOXS_VIF_GSO_TCP6 | NOXS_VIF_CHECKSUM_BLANK;

class Owner final : public BackendOwner {
  public:
    explicit Owner(std::unique_ptr<Backend>& backend) : backend_(backend) {}
    void backend_failed(chaos::Error reason) override {
        reasons.push_back(reason.story());
        backend_->disconnect();
    }
    std::vector<std::string> reasons;

  private:
    std::unique_ptr<Backend>& backend_;
};

/// The parameter: features beside those of the test, so that everything is tried with and without mapped pages.
class VifTest : public DaemonFixture, public testing::WithParamInterface<std::uint32_t> {
  protected:
    VifTest() {
        daemon.networks = networks.get();
        int ends[2];
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
        host = chaos::UniqueFd(ends[0]);
        settings.mac = {0, 0x16, 0x3e, 1, 2, 3};
        tap_end = ends[1];
    }
    void make() { vif = make_vif_on_tap(daemon, Tap::of_socket(chaos::UniqueFd(tap_end)), settings); }
    void connect(std::uint32_t features) {
        if (!vif)
            make();
        const auto connected = vif->connect(front.offer(features | GetParam()), local, owner);
        ASSERT_TRUE(connected);
        negotiated = *connected;
        vif->handle_event();
    }
    /// The guest sends an event, and the daemon works until nothing moves.
    void kick() {
        vif->handle_event();
        for (int turns = 0; turns < 20; ++turns)
            turn();
    }
    /// A frame that arrived at the host, with its offload.
    struct HostFrame {
        Offload offload{};
        std::string data;
    };
    std::optional<HostFrame> at_host() {
        std::string buffer(70000, '\0');
        const ssize_t size = ::recv(host.get(), buffer.data(), buffer.size(), 0);
        if (size < static_cast<ssize_t>(sizeof(Offload)))
            return std::nullopt;
        HostFrame frame;
        std::memcpy(&frame.offload, buffer.data(), sizeof frame.offload);
        frame.data =
            buffer.substr(sizeof frame.offload, static_cast<std::size_t>(size) - sizeof frame.offload);
        return frame;
    }
    void from_host(const std::string& data, Offload offload = {}) {
        std::string packet(reinterpret_cast<const char*>(&offload), sizeof offload);
        packet += data;
        ASSERT_EQ(::send(host.get(), packet.data(), packet.size(), 0), static_cast<ssize_t>(packet.size()));
    }

    std::unique_ptr<Networks> networks = *Networks::open(*loop, grants, log, {}, "");
    chaos::UniqueFd host;
    int tap_end = -1;
    VifSettings settings;
    std::unique_ptr<Backend> vif;
    Owner owner{vif};
    FrontEnd front{[this](std::uint64_t gfn) { return page(gfn); },
                   [this](chaos::GrantReference reference, std::uint64_t gfn) { grant(reference, gfn); }, 100,
                   200};
    struct Port final : PortHandler {
        void handle_event() override {}
    } port;
    chaos::EventChannelPort local = *loop->bind(guest_id, chaos::EventChannelPort{2}, port);
    std::uint32_t negotiated = 0;
};

TEST_P(VifTest, carries_frames_both_ways) {
    connect(0);
    front.provide(8);
    const std::string out = ethernet_frame(100), back = ethernet_frame(1514);
    front.send(out);
    from_host(back);
    kick();
    const auto sent = at_host();
    ASSERT_TRUE(sent);
    EXPECT_EQ(sent->data, out);
    EXPECT_EQ(sent->offload.flags, 0);
    EXPECT_EQ(front.answers(), std::vector<std::int16_t>{NETIF_RSP_OKAY});
    const auto received = front.take();
    ASSERT_TRUE(received);
    EXPECT_EQ(received->data, back);
    EXPECT_EQ(received->flags, 0);
    EXPECT_FALSE(front.take());
    EXPECT_EQ(vif->counters().from_guest_bytes, 100u);
    EXPECT_EQ(vif->counters().to_guest_bytes, 1514u);
    EXPECT_EQ(vif->counters().from_guest_operations, 1u);
    EXPECT_EQ(vif->counters().to_guest_operations, 1u);
    EXPECT_TRUE(owner.reasons.empty());
}

TEST_P(VifTest, takes_frames_that_were_there_before_it_connected) {
    front.send(ethernet_frame(60));
    front.provide(4);
    connect(0);
    kick();
    EXPECT_TRUE(at_host());
}

TEST_P(VifTest, carries_long_frames_in_pieces) {
    connect(stock);
    front.provide(40);
    const std::string out = tcp_frame(60000), back = tcp_frame(65000);
    front.send(out, NETTXF_csum_blank | NETTXF_data_validated, 1448);
    Offload offload{};
    offload.flags = Offload::needs_checksum;
    offload.segmentation = Offload::tcp4;
    offload.segment_size = 1400;
    from_host(back, offload);
    kick();
    const auto sent = at_host();
    ASSERT_TRUE(sent);
    EXPECT_EQ(sent->data.size(), out.size());
    EXPECT_EQ(sent->data.substr(60), out.substr(60));
    EXPECT_EQ(sent->offload.flags, Offload::needs_checksum);
    EXPECT_EQ(sent->offload.segmentation, Offload::tcp4);
    EXPECT_EQ(sent->offload.segment_size, 1448);
    EXPECT_EQ(sent->offload.header_length, 54);
    EXPECT_EQ(sent->offload.checksum_start, 34);
    EXPECT_EQ(sent->offload.checksum_offset, 16);
    EXPECT_EQ(front.answers().at(1), NETIF_RSP_NULL);
    const auto received = front.take();
    ASSERT_TRUE(received);
    EXPECT_EQ(received->data, back);
    EXPECT_EQ(received->segment_size, 1400);
    EXPECT_EQ(received->segment_type, XEN_NETIF_GSO_TYPE_TCPV4);
    EXPECT_TRUE(received->flags & NETRXF_csum_blank);
}

TEST_P(VifTest, gathers_a_head_from_short_pieces) {
    connect(stock);
    const std::string out = tcp_frame(300);
    front.send(out, NETTXF_csum_blank, 0, 0, {14, 20, 20, 100});
    kick();
    const auto sent = at_host();
    ASSERT_TRUE(sent);
    EXPECT_EQ(sent->data.substr(60), out.substr(60));
    EXPECT_EQ(sent->offload.checksum_start, 34);
    EXPECT_EQ(front.answers().size(), 5u);
}

TEST_P(VifTest, moves_a_long_frame_that_is_not_segmented_into_place) {
    settings.mtu = 9000;
    connect(stock);
    front.provide(40);
    const std::string back = ethernet_frame(9014);
    from_host(back);
    kick();
    const auto received = front.take();
    ASSERT_TRUE(received);
    EXPECT_EQ(received->data, back);
}

TEST_P(VifTest, drops_frames_too_long_for_a_guest_without_scatter_gather) {
    settings.mtu = 9000;
    connect(0);
    front.provide(4);
    from_host(ethernet_frame(5000));
    from_host(ethernet_frame(70));
    kick();
    EXPECT_EQ(front.take()->data.size(), 70u);
    EXPECT_EQ(vif->counters().to_guest_dropped, 1u);
}

TEST_P(VifTest, leaves_frames_in_the_device_while_the_guest_has_no_room) {
    connect(0);
    front.provide(1);
    for (std::size_t size = 60; size < 70; ++size)
        from_host(ethernet_frame(size));
    kick();
    EXPECT_EQ(front.take()->data.size(), 60u);
    EXPECT_FALSE(front.take());
    front.provide(4);
    EXPECT_LE(front.receive().req_event, front.receive().req_prod); // it wants an event for that
    kick();
    for (std::size_t size = 61; size < 65; ++size)
        EXPECT_EQ(front.take()->data.size(), size);
    EXPECT_FALSE(front.take());
    EXPECT_EQ(vif->counters().to_guest_dropped, 0u);
}

TEST_P(VifTest, waits_for_the_rest_of_a_frame) {
    connect(stock);
    front.send(tcp_frame(300), 0, 0, 0, {100, 100});
    front.transmit().req_prod -= 1;
    kick();
    EXPECT_FALSE(at_host());
    EXPECT_EQ(front.transmit().req_event, 3u);
    front.transmit().req_prod += 1;
    kick();
    EXPECT_TRUE(at_host());
    EXPECT_TRUE(owner.reasons.empty());
}

TEST_P(VifTest, goes_on_where_answers_end) {
    connect(0);
    for (int round = 0; round < 300; ++round) {
        front.send(ethernet_frame(60 + static_cast<std::size_t>(round)));
        if (round % 7 == 0) {
            vif->disconnect();
            connect(0);
        }
        kick();
        ASSERT_EQ(at_host()->data.size(), 60u + static_cast<std::size_t>(round));
        ASSERT_EQ(front.answers().size(), 1u);
    }
}

TEST_P(VifTest, sends_one_event_for_many_answers_and_none_that_is_not_wanted) {
    connect(0);
    notified = 0;
    for (int frame = 0; frame < 20; ++frame)
        front.send(ethernet_frame(60));
    kick();
    EXPECT_EQ(notified, 1u);
    EXPECT_EQ(front.answers().size(), 20u);
    front.transmit().rsp_event = 200;
    front.send(ethernet_frame(60));
    kick();
    EXPECT_EQ(notified, 1u);
}

TEST_P(VifTest, keeps_to_the_rate) {
    settings.rate.operations_per_second = 100; // 5 at once
    connect(0);
    for (int frame = 0; frame < 30; ++frame)
        front.send(ethernet_frame(60));
    vif->handle_event();
    EXPECT_EQ(front.answers().size(), 5u);
    turn_for(std::chrono::milliseconds(120));
    const std::size_t more = front.answers().size();
    EXPECT_GE(more, 8u);
    EXPECT_LE(more, 20u);
}

TEST_P(VifTest, answers_frames_that_make_no_sense_with_an_error) {
    connect(stock);
    front.send("short");
    front.send(ethernet_frame(100), NETTXF_csum_blank); // neither TCP nor UDP
    front.send(tcp_frame(100), NETTXF_csum_blank, 1400, XEN_NETIF_GSO_TYPE_TCPV6);
    front.send(ethernet_frame(100));
    kick();
    EXPECT_EQ(front.answers(), (std::vector<std::int16_t>{NETIF_RSP_ERROR, NETIF_RSP_ERROR, NETIF_RSP_ERROR,
                                                          NETIF_RSP_NULL, NETIF_RSP_OKAY}));
    EXPECT_EQ(vif->counters().errors, 3u);
    EXPECT_TRUE(at_host());
    EXPECT_TRUE(owner.reasons.empty());
}

/// Each way of breaking the protocol: once, and nothing stays mapped.
TEST_P(VifTest, is_told_once_about_a_guest_that_breaks_the_protocol) {
    netif_tx_request good{};
    good.gref = front.transmit_reference(0);
    good.size = 100;
    using Deed = std::function<void()>;
    const std::vector<Deed> deeds{
        [&] { front.transmit().req_prod += 257; },
        [&] { front.receive().req_prod += 257; },
        [&] { // a reference that was not granted
            auto request = good;
            request.gref = 5000;
            front.put_request(request);
            front.push();
        },
        [&] { // beyond its page
            auto request = good;
            request.offset = 4090;
            front.put_request(request);
            front.push();
        },
        [&] { // longer than its frame
            auto request = good;
            request.flags = NETTXF_more_data;
            front.put_request(request);
            request.size = 101;
            request.flags = 0;
            front.put_request(request);
            front.push();
        },
        [&] { // no end of pieces
            auto request = good;
            request.size = 0;
            request.flags = NETTXF_more_data;
            for (int piece = 0; piece < 200; ++piece)
                front.put_request(request);
            front.push();
        },
        [&] { // no end of extras
            auto request = good;
            request.flags = NETTXF_extra_info;
            front.put_request(request);
            netif_extra_info extra{};
            extra.type = XEN_NETIF_EXTRA_TYPE_HASH;
            extra.flags = XEN_NETIF_EXTRA_FLAG_MORE;
            for (int slot = 0; slot < 200; ++slot)
                front.put_slot(extra);
            front.push();
        },
        [&] { // a receive buffer that was not granted
            front.provide(1);
            front.receive().ring[0].req.gref = 5000;
            from_host(ethernet_frame(60));
        },
    };
    const std::size_t mapped = domain.mapped;
    for (std::size_t deed = 0; deed < deeds.size(); ++deed) {
        SCOPED_TRACE(deed);
        front = FrontEnd{
            [this](std::uint64_t gfn) { return page(gfn); },
            [this](chaos::GrantReference reference, std::uint64_t gfn) { grant(reference, gfn); }, 100, 200};
        owner.reasons.clear();
        connect(0);
        deeds[deed]();
        kick();
        if (deed == 1)
            from_host(ethernet_frame(60));
        kick();
        EXPECT_EQ(owner.reasons.size(), 1u);
        EXPECT_EQ(domain.mapped, mapped);
        while (at_host()) {
        }
    }
}

TEST_P(VifTest, refuses_offers_that_cannot_be_served) {
    make();
    Offer offer = front.offer(0);
    offer.rings.pop_back();
    EXPECT_FALSE(vif->connect(offer, local, owner));
    offer.rings.push_back(chaos::GrantReference{5000});
    EXPECT_FALSE(vif->connect(offer, local, owner));
    EXPECT_EQ(domain.mapped, 0u);
    vif->handle_event();
}

TEST_P(VifTest, maps_no_more_than_the_limit_and_copies_beyond_it) {
    connect(0);
    for (std::uint32_t round = 0; round < 200; ++round) {
        front.send(ethernet_frame(60 + round));
        kick();
        ASSERT_EQ(at_host()->data.size(), 60 + round);
    }
    EXPECT_LE(domain.mapped, 2 + FrontEnd::buffers);
    if (GetParam() & NOXS_VIF_PERSISTENT) {
        EXPECT_EQ(domain.mapped, 2 + FrontEnd::buffers);
    } else {
        EXPECT_EQ(domain.mapped, 2u);
    }
}

TEST_P(VifTest, goes_on_copying_when_nothing_can_be_mapped) {
    connect(0);
    front.provide(4);
    xen.before_call = [this](std::string_view call) {
        if (call == "xengnttab_map_domain_grant_refs")
            xen.fail_at(xen.calls().size(), ENOMEM);
    };
    front.send(ethernet_frame(80));
    from_host(ethernet_frame(90));
    kick();
    EXPECT_TRUE(at_host());
    EXPECT_EQ(front.take()->data.size(), 90u);
    xen.fail_at(0, 0);
}

TEST_P(VifTest, takes_nothing_more_when_told_to_stop) {
    connect(0);
    front.provide(4);
    vif->stop_taking_requests();
    front.send(ethernet_frame(80));
    from_host(ethernet_frame(90));
    kick();
    EXPECT_FALSE(at_host());
    EXPECT_FALSE(front.take());
    EXPECT_TRUE(vif->is_idle());
}

INSTANTIATE_TEST_SUITE_P(copied_and_mapped, VifTest, testing::Values(0u, NOXS_VIF_PERSISTENT),
                         [](const auto& tried) { return tried.param ? "mapped" : "copied"; });

} // namespace
} // namespace xendevd
