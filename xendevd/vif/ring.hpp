// SPDX-License-Identifier: BSD-3-Clause
// The back-end's side of a netif ring, in a page that the guest may change at any moment: indices are read once and
// checked, requests are copied before they are used.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>

#include <xen/xen.h>

#include <xen/grant_table.h>

#include <xen/io/netif.h>

namespace xendevd {

/// Requests are answered in the order they came, so one index says both what was taken and what was answered.
template<typename Shared, typename Request, typename Response>
class NetRing {
  public:
    static constexpr std::uint32_t size =
        256; // entries of 12 and 8 bytes behind 64 in a page, a power of two

    NetRing() = default;
    /// Starts at rsp_prod, as docs/noxs.md says for any back-end that connects.
    explicit NetRing(std::byte* page) : shared_(reinterpret_cast<Shared*>(page)) {
        answered_ = published_ = std::atomic_ref(shared_->rsp_prod).load(std::memory_order_acquire);
    }

    /// How many requests there are beyond those answered; nothing if the guest's index is out of range.
    [[nodiscard]] std::optional<std::uint32_t> waiting() const {
        // Acquire: the requests are read after the index that announces them.
        const std::uint32_t count =
            std::atomic_ref(shared_->req_prod).load(std::memory_order_acquire) - answered_;
        if (count > size - (answered_ - published_))
            return std::nullopt;
        return count;
    }
    /// A copy of the request `ahead` of the first that is not answered yet; `ahead` < waiting().
    template<typename As = Request>
    [[nodiscard]] As request(std::uint32_t ahead) const {
        static_assert(sizeof(As) <= sizeof(shared_->ring[0]));
        As copy;
        std::memcpy(&copy, entry(ahead), sizeof copy);
        asm volatile("" : : : "memory"); // the copy is not made again
        return copy;
    }
    /// Answers the first request that is not answered yet; the guest sees it once publish() is called.
    template<typename As = Response>
    void answer(const As& response) {
        static_assert(sizeof(As) <= sizeof(shared_->ring[0]));
        std::memcpy(entry(0), &response, sizeof response);
        ++answered_;
    }
    /// Shows the guest what was answered; true if it wants an event for that.
    [[nodiscard]] bool publish() {
        if (published_ == answered_)
            return false;
        // Release: the answers are there before the index that announces them.
        std::atomic_ref(shared_->rsp_prod).store(answered_, std::memory_order_release);
        // Full: the guest sees the index, or we see the event it asked for before it slept.
        std::atomic_thread_fence(std::memory_order_seq_cst);
        const std::uint32_t wanted = std::atomic_ref(shared_->rsp_event).load(std::memory_order_relaxed);
        const bool notify = answered_ - wanted < answered_ - published_;
        published_ = answered_;
        return notify;
    }
    /// Asks for an event once more than `more` requests wait; true if they do already, which then causes none.
    [[nodiscard]] bool ask_for_event(std::uint32_t more) {
        std::atomic_ref(shared_->req_event).store(answered_ + more + 1, std::memory_order_relaxed);
        // Full: the guest sees what we ask for, or we see its requests.
        std::atomic_thread_fence(std::memory_order_seq_cst);
        const auto count = waiting();
        return !count || *count > more;
    }

  private:
    void* entry(std::uint32_t ahead) const { return &shared_->ring[(answered_ + ahead) % size]; }

    Shared* shared_ = nullptr;
    std::uint32_t answered_ = 0;
    std::uint32_t published_ = 0;
};

using TransmitRing = NetRing<netif_tx_sring, netif_tx_request, netif_tx_response>;
using ReceiveRing = NetRing<netif_rx_sring, netif_rx_request, netif_rx_response>;

} // namespace xendevd
