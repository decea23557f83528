// SPDX-License-Identifier: BSD-3-Clause
// A guest's end of a vif, small enough to misbehave: rings and buffers in pages of a pretend guest.
#pragma once

#include <cstdint>
#include <cstring>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "noxs/noxs.h"
#include "tests/xendevd/daemon_fixture.hpp"
#include "xendevd/backend.hpp"
#include "xendevd/vif/ring.hpp"

namespace xendevd {

/// A frame as the guest got it.
struct ReceivedFrame {
    std::string data;
    std::uint16_t flags = 0; ///< of the first response
    std::uint16_t segment_size = 0;
    std::uint8_t segment_type = 0;
};

/// Uses pages `first_page` to first_page + 200 of the guest, under references of the same numbers less `first_page` plus
/// `first_reference`.
class FrontEnd {
  public:
    static constexpr std::uint32_t buffers = 64; // each way
    static constexpr std::uint32_t pages = 2 + 2 * buffers;

    using Grant = std::function<void(chaos::GrantReference, std::uint64_t gfn)>;
    FrontEnd(std::function<std::byte*(std::uint64_t)> page, const Grant& grant, std::uint64_t first_page,
             std::uint32_t first_reference)
        : page_(std::move(page)), first_page_(first_page), first_reference_(first_reference) {
        for (std::uint32_t index = 0; index < pages; ++index)
            grant(chaos::GrantReference{first_reference + index}, first_page + index);
        reset();
    }

    void reset() {
        SHARED_RING_INIT(&transmit());
        SHARED_RING_INIT(&receive());
        transmitted_ = answered_ = provided_ = received_ = 0;
    }
    netif_tx_sring& transmit() { return *reinterpret_cast<netif_tx_sring*>(page_(first_page_)); }
    netif_rx_sring& receive() { return *reinterpret_cast<netif_rx_sring*>(page_(first_page_ + 1)); }
    [[nodiscard]] Offer offer(std::uint32_t features) const {
        Offer offer;
        offer.domain = chaos::DomainId{77};
        offer.rings = {chaos::GrantReference{first_reference_}, chaos::GrantReference{first_reference_ + 1}};
        offer.features = features;
        return offer;
    }
    [[nodiscard]] std::uint32_t transmit_reference(std::uint32_t buffer) const {
        return first_reference_ + 2 + buffer % buffers;
    }
    [[nodiscard]] std::uint32_t receive_reference(std::uint32_t buffer) const {
        return first_reference_ + 2 + buffers + buffer % buffers;
    }
    std::byte* transmit_buffer(std::uint32_t buffer) { return page_(first_page_ + 2 + buffer % buffers); }
    std::byte* receive_buffer(std::uint32_t buffer) {
        return page_(first_page_ + 2 + buffers + buffer % buffers);
    }

    // ---- transmit, piece by piece
    void put_request(const netif_tx_request& request) { put_slot(request); }
    template<typename Slot>
    void put_slot(const Slot& slot) {
        std::memcpy(&transmit().ring[transmitted_++ % 256], &slot, sizeof slot);
    }
    void push() { transmit().req_prod = transmitted_; }
    /// Sends a frame whose pieces have the given sizes; what is left over is the last.
    void send(std::string_view frame, std::uint16_t flags = 0, std::uint16_t segment_size = 0,
              std::uint8_t segment_type = XEN_NETIF_GSO_TYPE_TCPV4,
              const std::vector<std::size_t>& sizes = {}) {
        std::size_t offset = 0;
        for (std::size_t piece = 0; offset < frame.size() || piece == 0; ++piece) {
            const std::size_t most = piece < sizes.size() ? sizes[piece] : chaos::page_size;
            const auto part = frame.substr(offset, most);
            const std::uint32_t buffer = transmitted_;
            std::memcpy(transmit_buffer(buffer), part.data(), part.size());
            netif_tx_request request{};
            request.gref = transmit_reference(buffer);
            request.id = static_cast<std::uint16_t>(buffer % 256);
            request.size = static_cast<std::uint16_t>(piece == 0 ? frame.size() : part.size());
            offset += part.size();
            if (piece == 0)
                request.flags = flags;
            if (offset < frame.size())
                request.flags |= NETTXF_more_data;
            if (piece == 0 && segment_size > 0)
                request.flags |= NETTXF_extra_info;
            put_request(request);
            if (piece == 0 && segment_size > 0) {
                netif_extra_info extra{};
                extra.type = XEN_NETIF_EXTRA_TYPE_GSO;
                extra.u.gso.size = segment_size;
                extra.u.gso.type = segment_type;
                put_slot(extra);
            }
        }
        push();
    }
    /// Status of every slot answered since the last call.
    std::vector<std::int16_t> answers() {
        std::vector<std::int16_t> statuses;
        for (; answered_ != transmit().rsp_prod; ++answered_)
            statuses.push_back(transmit().ring[answered_ % 256].rsp.status);
        transmit().rsp_event = answered_ + 1;
        return statuses;
    }

    // ---- receive
    void provide(std::uint32_t count) {
        for (; count > 0; --count, ++provided_) {
            netif_rx_request request{};
            request.id = static_cast<std::uint16_t>(provided_ % 256);
            request.gref = receive_reference(provided_);
            std::memcpy(&receive().ring[provided_ % 256], &request, sizeof request);
        }
        receive().req_prod = provided_;
    }
    /// The next frame that arrived; checks that it is put together as netif.h says.
    std::optional<ReceivedFrame> take() {
        if (received_ == receive().rsp_prod)
            return std::nullopt;
        ReceivedFrame frame;
        for (bool first = true, more = true; more; first = false) {
            EXPECT_NE(received_, receive().rsp_prod) << "a frame ends in the middle";
            const netif_rx_response response = receive().ring[received_ % 256].rsp;
            EXPECT_EQ(response.id, received_ % 256);
            EXPECT_GE(response.status, 0);
            EXPECT_LE(response.offset + response.status, 4096);
            const auto* data = reinterpret_cast<const char*>(receive_buffer(received_));
            frame.data.append(data + response.offset, static_cast<std::size_t>(response.status));
            more = response.flags & NETRXF_more_data;
            if (first)
                frame.flags = response.flags;
            ++received_;
            if (response.flags & NETRXF_extra_info) {
                EXPECT_TRUE(first);
                netif_extra_info extra{};
                std::memcpy(&extra, &receive().ring[received_ % 256], sizeof extra);
                EXPECT_EQ(extra.type, XEN_NETIF_EXTRA_TYPE_GSO);
                EXPECT_EQ(extra.flags, 0);
                frame.segment_size = extra.u.gso.size;
                frame.segment_type = extra.u.gso.type;
                ++received_;
            }
        }
        receive().rsp_event = received_ + 1;
        return frame;
    }

  private:
    std::function<std::byte*(std::uint64_t)> page_;
    std::uint64_t first_page_;
    std::uint32_t first_reference_;
    std::uint32_t transmitted_ = 0, answered_ = 0, provided_ = 0, received_ = 0;
};

} // namespace xendevd
