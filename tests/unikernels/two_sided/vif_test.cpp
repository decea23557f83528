// SPDX-License-Identifier: BSD-3-Clause
// The unikernels' network driver and xendevd's network back-end, with a socket in place of the TAP device.
#include <fcntl.h>
#include <sys/socket.h>

#include <cstring>
#include <optional>
#include <string>

#include "tests/unikernels/two_sided/guest.hpp"
#include "tests/xendevd/vif/frames.hpp"
#include "unikernels/runtime/vif.hpp"
#include "xendevd/vif/networks.hpp"
#include "xendevd/vif/tap.hpp"
#include "xendevd/vif/vif.hpp"

namespace {

using unikernel::FrontEnd;
using unikernel::Vif;
using xendevd::ethernet_frame;
using xendevd::Offload;
using xendevd::tcp_frame;

constexpr std::uint32_t small = NOXS_VIF_CHECKSUM_BLANK | NOXS_VIF_PERSISTENT;
constexpr std::uint32_t large = small | NOXS_VIF_SCATTER_GATHER | NOXS_VIF_GSO_TCP4;

class TwoSidedVif : public two_sided::GuestFixture {
  protected:
    TwoSidedVif() {
        daemon.networks = networks.get();
        settings.mac = {0, 0x16, 0x3e, 1, 2, 3};
        int ends[2];
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
        host = chaos::UniqueFd(ends[0]);
        cable = chaos::UniqueFd(ends[1]);
    }
    ~TwoSidedVif() override { door.reset(); } // before the networks
    void start_back_end() {
        door.reset();
        chaos::UniqueFd end(::fcntl(cable.get(), F_DUPFD_CLOEXEC, 0));
        open_door(xendevd::make_vif_on_tap(daemon, xendevd::Tap::of_socket(std::move(end)), settings));
    }
    void start_guest(std::uint32_t features, std::uint16_t receive_buffers, std::uint16_t transmit_buffers) {
        vif = Vif::open(
            device(),
            {.receive_buffers = receive_buffers, .transmit_buffers = transmit_buffers, .features = features});
        ASSERT_TRUE(vif);
    }
    void connect(std::uint32_t features, std::uint16_t receive_buffers = 32,
                 std::uint16_t transmit_buffers = 16) {
        start_back_end();
        start_guest(features, receive_buffers, transmit_buffers);
        ASSERT_TRUE(wait_for([&] { return vif->state() == FrontEnd::State::connected; }));
        vif->look();
        EXPECT_EQ(vif->features(), features);
    }
    void transmit(const std::string& frame, bool blank = false, std::uint16_t segment_size = 0) {
        ASSERT_GE(vif->room(), frame.size());
        vif->transmit(frame.size(), blank, segment_size,
                      [&frame](std::span<std::byte> to, std::size_t offset) {
                          std::memcpy(to.data(), frame.data() + offset, to.size());
                      });
    }
    std::optional<std::string> at_host(Offload* offload = nullptr) {
        std::string buffer(70000, '\0');
        ssize_t size = -1;
        wait_for([&] { return (size = ::recv(host.get(), buffer.data(), buffer.size(), 0)) >= 0; });
        constexpr auto header = static_cast<ssize_t>(sizeof(Offload));
        if (size < header)
            return std::nullopt;
        if (offload)
            std::memcpy(offload, buffer.data(), sizeof *offload);
        return buffer.substr(header, static_cast<std::size_t>(size - header));
    }
    void from_host(const std::string& data, Offload offload = {}) {
        std::string packet(reinterpret_cast<const char*>(&offload), sizeof offload);
        packet += data;
        ASSERT_EQ(::send(host.get(), packet.data(), packet.size(), 0), static_cast<ssize_t>(packet.size()));
    }
    std::string receive(bool* checksum_is_good = nullptr) {
        Vif::Piece pieces[Vif::most_pieces];
        std::string bytes;
        wait_for([&] {
            vif->look();
            const auto frame = vif->receive(pieces);
            for (const auto& piece : frame.pieces) {
                bytes.append(reinterpret_cast<const char*>(vif->memory_of(piece.buffer)) + piece.offset,
                             piece.length);
                vif->give_back(piece.buffer);
            }
            if (checksum_is_good && !frame.pieces.empty())
                *checksum_is_good = frame.checksum_is_good;
            vif->publish();
            return !frame.pieces.empty();
        });
        return bytes;
    }

    std::unique_ptr<xendevd::Networks> networks = *xendevd::Networks::open(*loop, grants, log, {}, "");
    chaos::UniqueFd host;
    chaos::UniqueFd cable;
    xendevd::VifSettings settings;
    std::unique_ptr<Vif> vif;
};

TEST_F(TwoSidedVif, carries_frames_both_ways_for_long) {
    connect(small);
    for (std::size_t round = 0; round < 300; ++round) {
        const std::string out = ethernet_frame(60 + round);
        const std::string in = ethernet_frame(1514 - round);
        transmit(out);
        vif->publish();
        from_host(in);
        ASSERT_EQ(at_host(), out);
        ASSERT_EQ(receive(), in);
    }
    EXPECT_EQ(vif->counters().dropped, 0u);
}

TEST_F(TwoSidedVif, a_frame_is_sent_before_anybody_serves_the_rings) {
    start_guest(small, 32, 16);
    transmit(ethernet_frame(60));
    vif->publish();
    start_back_end();
    EXPECT_EQ(at_host(), ethernet_frame(60));
}

TEST_F(TwoSidedVif, leaves_checksums_to_the_other_side) {
    connect(small);
    transmit(tcp_frame(200), true);
    vif->publish();
    Offload offload{};
    ASSERT_TRUE(at_host(&offload));
    EXPECT_EQ(offload.flags, Offload::needs_checksum);
    EXPECT_EQ(offload.checksum_start, 34);
    from_host(tcp_frame(200), offload);
    bool good = false;
    EXPECT_EQ(receive(&good).size(), 200u);
    EXPECT_TRUE(good);
    from_host(tcp_frame(200, false, true));
    receive(&good);
    EXPECT_FALSE(good);
}

TEST_F(TwoSidedVif, carries_large_frames_both_ways) {
    connect(large, 256, 64);
    Offload segments{};
    segments.flags = Offload::needs_checksum;
    segments.segmentation = Offload::tcp4;
    segments.segment_size = 1460;
    segments.header_length = 54;
    segments.checksum_start = 34;
    segments.checksum_offset = 16;
    for (std::size_t size = 61000; size > 1000; size -= 3001) {
        const std::string frame = tcp_frame(size);
        transmit(frame, true, 1460);
        vif->publish();
        Offload offload{};
        const auto sent = at_host(&offload);
        ASSERT_TRUE(sent);
        EXPECT_EQ(offload.segmentation, Offload::tcp4);
        EXPECT_EQ(offload.segment_size, 1460);
        EXPECT_EQ(sent->substr(54), frame.substr(54));
        from_host(frame, segments);
        bool good = false;
        ASSERT_EQ(receive(&good).substr(54), frame.substr(54));
        EXPECT_TRUE(good);
        from_host(ethernet_frame(700)); // small ones among them
        ASSERT_EQ(receive(), ethernet_frame(700));
    }
}

TEST_F(TwoSidedVif, goes_on_when_the_back_end_is_replaced) {
    connect(small);
    for (std::size_t round = 0; round < 30; ++round) {
        transmit(ethernet_frame(100 + round));
        vif->publish();
        if (round % 3 != 0)
            turn();
        start_back_end();
        // Once, or twice if the former one had not said that it was done.
        ASSERT_EQ(at_host(), ethernet_frame(100 + round));
        while (::recv(host.get(), nullptr, 0, 0) >= 0) {
        }
        from_host(ethernet_frame(200 + round));
        ASSERT_EQ(receive(), ethernet_frame(200 + round));
    }
}

TEST_F(TwoSidedVif, goes_when_it_is_asked_to_and_comes_again) {
    for (int round = 0; round < 5; ++round) {
        std::memset(page(control_gfn), 0, 4096); // as the toolstack leaves it for the next device
        connect(small);
        from_host(ethernet_frame(100));
        EXPECT_EQ(receive(), ethernet_frame(100));
        bool removed = false;
        door->remove(false, std::chrono::seconds(5), [&](chaos::Result<void> result) {
            EXPECT_TRUE(result);
            removed = true;
        });
        EXPECT_TRUE(vif->has_work(false));
        EXPECT_EQ(vif->state(), FrontEnd::State::closing);
        vif->close();
        ASSERT_TRUE(wait_for([&] { return removed; }));
        EXPECT_EQ(vif->state(), FrontEnd::State::closed);
        vif.reset();
    }
}

} // namespace
