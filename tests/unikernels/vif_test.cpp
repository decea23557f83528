// SPDX-License-Identifier: BSD-3-Clause
// The vif's front end against a back-end made of Xen's own ring macros, over the same pages.
#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <string>
#include <vector>

#define xen_mb() std::atomic_thread_fence(std::memory_order_seq_cst)
#define xen_rmb() std::atomic_thread_fence(std::memory_order_acquire)
#define xen_wmb() std::atomic_thread_fence(std::memory_order_release)

#include "fake_hypervisor.hpp"
#include "unikernels/runtime/vif.hpp"

namespace {

using unikernel::Device;
using unikernel::FrontEnd;
using unikernel::Vif;

/// The other side: it does what docs/noxs.md says of a back-end, and nothing unasked.
class BackEnd {
  public:
    explicit BackEnd(noxs_vif_page& control) : control_(control) {}

    void connect(std::uint32_t features) {
        EXPECT_EQ(control_.frontend.state, std::uint32_t{NOXS_FRONTEND_OFFERED});
        EXPECT_EQ(control_.frontend.ring_pages, 2u);
        auto* transmit = fake_hypervisor::granted_page(control_.frontend.ring_references[0]);
        auto* receive = fake_hypervisor::granted_page(control_.frontend.ring_references[1]);
        auto* transmit_shared = reinterpret_cast<netif_tx_sring*>(transmit);
        auto* receive_shared = reinterpret_cast<netif_rx_sring*>(receive);
        BACK_RING_ATTACH(&transmit_, transmit_shared, transmit_shared->rsp_prod, 4096);
        BACK_RING_ATTACH(&receive_, receive_shared, receive_shared->rsp_prod, 4096);
        control_.backend.features = features & control_.frontend.features;
        say(NOXS_BACKEND_CONNECTED);
    }
    void say(noxs_backend_state state) {
        control_.backend.state = state;
        control_.backend.answer_sequence = control_.frontend.sequence;
    }

    /// Takes one frame that the guest transmitted; its request flags into `flags`, its extra's size into `segment_size`.
    std::string take(std::uint16_t* flags = nullptr, std::uint16_t* segment_size = nullptr) {
        std::string frame;
        std::size_t left = 0;
        for (bool first = true, more = true; more; first = false) {
            if (!RING_HAS_UNCONSUMED_REQUESTS(&transmit_)) {
                ADD_FAILURE() << "no request";
                return {};
            }
            const netif_tx_request request = *RING_GET_REQUEST(&transmit_, transmit_.req_cons);
            ++transmit_.req_cons;
            taken_.push_back(request.id);
            if (first) {
                left = request.size;
                flags != nullptr ? * flags = request.flags : 0;
            }
            if ((request.flags & NETTXF_extra_info) != 0) {
                netif_extra_info extra;
                std::memcpy(&extra, RING_GET_REQUEST(&transmit_, transmit_.req_cons++), sizeof(extra));
                EXPECT_EQ(extra.type, XEN_NETIF_EXTRA_TYPE_GSO);
                segment_size != nullptr ? * segment_size = extra.u.gso.size : 0;
                taken_.push_back(extra_information);
            }
            more = (request.flags & NETTXF_more_data) != 0;
            // The first request tells the size of the whole frame; what it holds itself is what the others do not.
            std::size_t length = request.size;
            if (first && more) {
                length = 4096;
            }
            EXPECT_LE(request.offset + length, 4096u);
            frame.append(reinterpret_cast<const char*>(fake_hypervisor::granted_page(request.gref)) +
                             request.offset,
                         length);
        }
        EXPECT_EQ(frame.size(), left);
        return frame;
    }
    /// Answers what was taken; true if the guest wants an event.
    bool answer_taken() {
        for (const std::uint32_t id : taken_) {
            auto* response = RING_GET_RESPONSE(&transmit_, transmit_.rsp_prod_pvt);
            ++transmit_.rsp_prod_pvt;
            response->id = static_cast<std::uint16_t>(id);
            response->status = id == extra_information ? NETIF_RSP_NULL : NETIF_RSP_OKAY;
        }
        taken_.clear();
        int wanted = 0;
        RING_PUSH_RESPONSES_AND_CHECK_NOTIFY(&transmit_, wanted);
        return wanted != 0;
    }

    /// Delivers a frame in pieces of `piece` bytes; with an extra slot behind the first if asked for.
    void deliver(const std::string& frame, std::size_t piece = 4096, bool extra = false) {
        for (std::size_t offset = 0; offset < frame.size(); offset += piece) {
            const std::size_t length = std::min(piece, frame.size() - offset);
            const netif_rx_request request = *RING_GET_REQUEST(&receive_, receive_.req_cons);
            ++receive_.req_cons;
            const std::uint16_t at = static_cast<std::uint16_t>(4096 - length);
            std::memcpy(fake_hypervisor::granted_page(request.gref) + at, frame.data() + offset, length);
            const bool with_extra = extra && offset == 0;
            respond(
                {.id = request.id,
                 .offset = at,
                 .flags = static_cast<std::uint16_t>((offset + length < frame.size() ? NETRXF_more_data : 0) |
                                                     (with_extra ? NETRXF_extra_info : 0)),
                 .status = static_cast<std::int16_t>(length)});
            if (with_extra) {
                ++receive_.req_cons;
                netif_extra_info info{};
                info.type = XEN_NETIF_EXTRA_TYPE_GSO;
                netif_rx_response raw;
                std::memcpy(&raw, &info, sizeof(raw));
                respond(raw);
            }
        }
    }
    void respond(netif_rx_response response) {
        *RING_GET_RESPONSE(&receive_, receive_.rsp_prod_pvt) = response;
        ++receive_.rsp_prod_pvt;
    }
    /// True if the guest wants an event.
    bool push_received() {
        int wanted = 0;
        RING_PUSH_RESPONSES_AND_CHECK_NOTIFY(&receive_, wanted);
        return wanted != 0;
    }
    [[nodiscard]] unsigned posted() const { return RING_HAS_UNCONSUMED_REQUESTS(&receive_); }

    netif_tx_back_ring transmit_{};
    netif_rx_back_ring receive_{};

  private:
    static constexpr std::uint32_t extra_information = 0xffff;
    noxs_vif_page& control_;
    std::vector<std::uint32_t> taken_;
};

class VifTest : public testing::Test {
  protected:
    VifTest() {
        fake_hypervisor::grants.clear();
        fake_hypervisor::grants_are_in_use = false;
    }
    void open(std::uint32_t features, std::uint16_t receive_buffers = 32,
              std::uint16_t transmit_buffers = 16) {
        vif = Vif::open(
            {.control_page = control.get(), .port = 5, .id = 0, .backend_domain = 3, .instance = 1},
            {.receive_buffers = receive_buffers, .transmit_buffers = transmit_buffers, .features = features});
        ASSERT_TRUE(vif);
    }
    std::string receive() {
        Vif::Piece pieces[Vif::most_pieces];
        std::string bytes;
        const auto frame = vif->receive(pieces);
        for (const auto& piece : frame.pieces) {
            bytes.append(reinterpret_cast<const char*>(vif->memory_of(piece.buffer)) + piece.offset,
                         piece.length);
            vif->give_back(piece.buffer);
        }
        return bytes;
    }
    void transmit(const std::string& frame, std::uint16_t segment_size = 0) {
        vif->transmit(frame.size(), true, segment_size,
                      [&frame](std::span<std::byte> to, std::size_t offset) {
                          std::memcpy(to.data(), frame.data() + offset, to.size());
                      });
    }

    std::unique_ptr<noxs_vif_page> control = std::make_unique<noxs_vif_page>();
    BackEnd back_end{*control};
    std::unique_ptr<Vif> vif;
};

std::string pattern(std::size_t size) {
    std::string bytes(size, '\0');
    for (std::size_t i = 0; i < size; ++i) {
        bytes[i] = static_cast<char>(i * 7 + i / 251);
    }
    return bytes;
}

TEST_F(VifTest, offers_rings_and_is_served) {
    const auto events = fake_hypervisor::events_sent;
    open(NOXS_VIF_PERSISTENT | NOXS_VIF_CHECKSUM_BLANK);
    EXPECT_EQ(fake_hypervisor::events_sent, events + 1);
    EXPECT_EQ(control->frontend.sequence, 1u);
    EXPECT_EQ(vif->state(), FrontEnd::State::waiting);
    EXPECT_FALSE(vif->has_work(false));
    back_end.connect(~0u);
    EXPECT_TRUE(vif->has_work(false));
    vif->look();
    EXPECT_EQ(vif->state(), FrontEnd::State::connected);
    EXPECT_EQ(vif->features(), std::uint32_t{NOXS_VIF_PERSISTENT | NOXS_VIF_CHECKSUM_BLANK});
    EXPECT_EQ(back_end.posted(), 32u);
    for (const auto& [reference, grant] : fake_hypervisor::grants) {
        EXPECT_GE(reference, NOXS_FIRST_GUEST_GRANT);
        EXPECT_EQ(grant.domain, 3);
    }
}

TEST_F(VifTest, frames_wait_on_the_ring_until_somebody_serves_it) {
    open(NOXS_VIF_PERSISTENT);
    transmit("early");
    vif->publish();
    back_end.connect(~0u);
    EXPECT_EQ(back_end.take(), "early");
}

TEST_F(VifTest, transmits_more_than_its_buffers_and_asks_for_events_only_when_it_waits) {
    open(NOXS_VIF_PERSISTENT, 32, 16);
    back_end.connect(~0u);
    vif->look();
    for (int round = 0; round < 100; ++round) {
        for (int i = 0; i < 16; ++i) {
            ASSERT_EQ(vif->room(), 4096u);
            transmit(pattern(static_cast<std::size_t>(60 + round * 16 + i)));
        }
        EXPECT_EQ(vif->room(), 0u);
        vif->publish();
        const bool waits = round % 2 == 0;
        EXPECT_FALSE(vif->has_work(waits));
        for (int i = 0; i < 16; ++i) {
            ASSERT_EQ(back_end.take(), pattern(static_cast<std::size_t>(60 + round * 16 + i)));
        }
        EXPECT_EQ(back_end.answer_taken(), waits);
        vif->look();
    }
    EXPECT_EQ(vif->counters().transmitted_frames, 1600u);
}

TEST_F(VifTest, transmits_large_frames_in_pieces_with_their_segment_size) {
    open(NOXS_VIF_PERSISTENT | NOXS_VIF_SCATTER_GATHER | NOXS_VIF_GSO_TCP4, 32, 64);
    EXPECT_EQ(vif->room(), 4096u); // nobody has said yet that more will do
    back_end.connect(~0u);
    vif->look();
    EXPECT_EQ(vif->room(), 65535u);
    for (int round = 0; round < 50; ++round) {
        const std::string frame = pattern(65535 - static_cast<std::size_t>(round) * 1000);
        transmit(frame, 1448);
        vif->publish();
        std::uint16_t flags = 0;
        std::uint16_t segment_size = 0;
        ASSERT_EQ(back_end.take(&flags, &segment_size), frame);
        EXPECT_EQ(segment_size, 1448);
        EXPECT_EQ(flags & NETTXF_csum_blank, NETTXF_csum_blank);
        back_end.answer_taken();
        vif->look();
        EXPECT_EQ(vif->room(), 65535u);
    }
}

TEST_F(VifTest, receives_frames_of_any_number_of_pieces) {
    open(NOXS_VIF_PERSISTENT | NOXS_VIF_SCATTER_GATHER, 256);
    back_end.connect(~0u);
    vif->look();
    for (int round = 0; round < 200; ++round) {
        EXPECT_EQ(back_end.posted(), 256u);
        EXPECT_FALSE(vif->has_work(false));
        back_end.deliver(pattern(1514));
        back_end.deliver(pattern(60000), 4096, true);
        back_end.deliver(pattern(9000), 1000);
        EXPECT_TRUE(back_end.push_received());
        EXPECT_TRUE(vif->has_work(false));
        vif->look();
        ASSERT_EQ(receive(), pattern(1514));
        ASSERT_EQ(receive(), pattern(60000));
        ASSERT_EQ(receive(), pattern(9000));
        ASSERT_EQ(receive(), "");
        vif->publish();
    }
    EXPECT_EQ(vif->counters().dropped, 0u);
}

TEST_F(VifTest, waits_for_the_rest_of_a_frame_without_spinning) {
    open(NOXS_VIF_PERSISTENT | NOXS_VIF_SCATTER_GATHER);
    back_end.connect(~0u);
    vif->look();
    back_end.respond({.id = 0, .offset = 0, .flags = NETRXF_more_data, .status = 10});
    back_end.push_received();
    EXPECT_TRUE(vif->has_work(false));
    vif->look();
    EXPECT_EQ(receive(), "");
    EXPECT_FALSE(vif->has_work(false));
    back_end.respond({.id = 1, .offset = 0, .flags = 0, .status = 10});
    EXPECT_TRUE(back_end.push_received());
    EXPECT_TRUE(vif->has_work(false));
    vif->look();
    EXPECT_EQ(receive().size(), 20u);
}

TEST_F(VifTest, drops_frames_that_make_no_sense_and_keeps_their_buffers) {
    open(NOXS_VIF_PERSISTENT);
    back_end.connect(~0u);
    vif->look();
    back_end.respond({.id = 0, .offset = 4000, .flags = 0, .status = 97});
    back_end.respond({.id = 0, .offset = 0, .flags = 0, .status = -1});
    back_end.respond({.id = 0, .offset = 65535, .flags = 0, .status = 1});
    back_end.respond({.id = 0, .offset = 0, .flags = 0, .status = 0});
    back_end.receive_.req_cons += 4;
    back_end.deliver("good");
    back_end.push_received();
    EXPECT_EQ(receive(), "good");
    EXPECT_EQ(vif->counters().dropped, 4u);
    vif->publish();
    EXPECT_EQ(back_end.posted(), 32u);
}

TEST_F(VifTest, stops_at_indices_and_ids_that_cannot_be) {
    open(NOXS_VIF_PERSISTENT);
    back_end.connect(~0u);
    vif->look();
    back_end.transmit_.sring->rsp_prod = 1; // nothing was transmitted
    back_end.receive_.sring->rsp_prod = 33; // of 32 requests
    vif->look();
    EXPECT_EQ(receive(), "");
    EXPECT_EQ(vif->room(), 0u);
    EXPECT_FALSE(vif->has_work(true));
}

TEST_F(VifTest, ignores_an_answer_to_what_was_not_asked) {
    open(NOXS_VIF_PERSISTENT);
    back_end.connect(~0u);
    transmit("a");
    transmit("b");
    vif->publish();
    back_end.take();
    back_end.take();
    for (const std::uint16_t id : {std::uint16_t{15}, std::uint16_t{999}}) {
        *RING_GET_RESPONSE(&back_end.transmit_,
                           back_end.transmit_.rsp_prod_pvt++) = {.id = id, .status = NETIF_RSP_OKAY};
    }
    RING_PUSH_RESPONSES(&back_end.transmit_);
    vif->look();
    EXPECT_NE(vif->room(), 0u);
}

TEST_F(VifTest, goes_on_with_a_restarted_back_end) {
    open(NOXS_VIF_PERSISTENT);
    back_end.connect(~0u);
    transmit("one");
    transmit("two");
    vif->publish();
    back_end.take();
    back_end.answer_taken();
    back_end.take(); // taken, and never answered
    BackEnd second(*control);
    second.connect(~0u);
    EXPECT_EQ(second.take(), "two");
    second.answer_taken();
    vif->look();
    second.deliver("three");
    second.push_received();
    EXPECT_EQ(receive(), "three");
}

TEST_F(VifTest, closes_when_asked_and_gives_everything_back) {
    const auto pages = fake_hypervisor::pages_in_use;
    const auto handlers = fake_hypervisor::handlers_bound;
    open(NOXS_VIF_PERSISTENT);
    back_end.connect(~0u);
    vif->look();
    control->backend.state = NOXS_BACKEND_CLOSING;
    EXPECT_TRUE(vif->has_work(false));
    vif->look();
    EXPECT_EQ(vif->state(), FrontEnd::State::closing);
    vif->close();
    EXPECT_EQ(control->frontend.state, std::uint32_t{NOXS_FRONTEND_CLOSED});
    EXPECT_EQ(control->frontend.sequence, 2u);
    EXPECT_EQ(vif->room(), 0u);
    back_end.say(NOXS_BACKEND_CLOSED);
    EXPECT_EQ(vif->state(), FrontEnd::State::closed);
    vif.reset();
    EXPECT_TRUE(fake_hypervisor::grants.empty());
    EXPECT_EQ(fake_hypervisor::pages_in_use, pages);
    EXPECT_EQ(fake_hypervisor::handlers_bound, handlers);
}

TEST_F(VifTest, is_closed_when_its_slot_has_another_device) {
    open(NOXS_VIF_PERSISTENT);
    back_end.connect(~0u);
    vif->close();
    EXPECT_NE(vif->state(), FrontEnd::State::closed) << "the back-end has not let go yet";
    // The page changed, but not for this device.
    fake_hypervisor::generation += 2;
    fake_hypervisor::listed_vif = vif->device();
    EXPECT_NE(vif->state(), FrontEnd::State::closed);
    // The next one's control page says nothing of what became of this one.
    fake_hypervisor::generation += 2;
    ++fake_hypervisor::listed_vif->instance;
    control->backend = {};
    EXPECT_EQ(vif->state(), FrontEnd::State::closed);
    fake_hypervisor::listed_vif.reset();
}

TEST_F(VifTest, keeps_memory_that_the_back_end_still_has) {
    const auto pages = fake_hypervisor::pages_in_use;
    open(NOXS_VIF_PERSISTENT);
    back_end.connect(~0u);
    vif.reset();
    EXPECT_EQ(fake_hypervisor::pages_in_use, pages + 50);
}

} // namespace
