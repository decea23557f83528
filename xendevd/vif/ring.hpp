// SPDX-License-Identifier: BSD-3-Clause
// The back-end's side of a netif ring, in a page that the guest may change at any moment: indices are read once and
// checked, requests are copied before they are used.
//
// A response takes the place of a request. Who is killed after the first responses of a batch were written, and before rsp_prod
// tells of them, leaves places that whoever takes over would read as requests. So responses are held here until they are
// published, and before the first is written the page says, in a field that belongs to the back-end, up to which place
// there will be responses. A new back-end answers up to there (answer_for_killed()) and goes on behind it.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <vector>

#include <xen/xen.h>

#include <xen/grant_table.h>

#include <xen/io/netif.h>

namespace xendevd {

/// Where a ring page says up to which place it is being answered: in what xen/io/ring.h leaves between the indices and the
/// entries, zero at first. It is the guest's memory: what a guest writes there falls upon that guest.
constexpr std::size_t answering_offset = 20;
static_assert(answering_offset >= offsetof(netif_tx_sring, pvt) + sizeof(netif_tx_sring::pvt) &&
              answering_offset + sizeof(std::uint32_t) <= offsetof(netif_tx_sring, ring));

/// How responses lie in the places of requests.
struct TransmitEntries {
    using Shared = netif_tx_sring;
    using Request = netif_tx_request;
    using Response = netif_tx_response;

    /// `id`, `flags` and what marks an extra slot stay legible beside the response.
    static void write(std::byte* entry, const Response& response) {
        if (response.status == NETIF_RSP_NULL)
            std::memcpy(entry + offsetof(Response, status), &response.status, sizeof response.status);
        else
            std::memcpy(entry, &response, sizeof response);
    }
    static_assert(offsetof(Request, flags) >= sizeof(Response) && offsetof(Request, id) >= sizeof(Response));
    static_assert(offsetof(netif_extra_info, flags) + sizeof(std::uint8_t) <= offsetof(Response, status));

    /// Answers places of which some may be answered already: frames that were all passed on.
    class AnswerForKilled {
      public:
        void operator()(std::byte* entry) {
            if (in_extras_) {
                netif_extra_info extra;
                std::memcpy(&extra, entry, sizeof extra);
                in_extras_ = (extra.flags & XEN_NETIF_EXTRA_FLAG_MORE) != 0;
                return write(entry, {0, NETIF_RSP_NULL});
            }
            Request request;
            std::memcpy(&request, entry, sizeof request);
            in_extras_ = !in_frame_ && (request.flags & NETTXF_extra_info) != 0;
            in_frame_ = (request.flags & NETTXF_more_data) != 0;
            write(entry, {request.id, NETIF_RSP_OKAY});
        }

      private:
        bool in_frame_ = false, in_extras_ = false;
    };
};

struct ReceiveEntries {
    using Shared = netif_rx_sring;
    using Request = netif_rx_request;
    using Response = netif_rx_response;

    static void write(std::byte* entry, const Response& response) {
        std::memcpy(entry, &response, sizeof response);
    }
    static_assert(sizeof(Response) == sizeof(std::uint64_t));
    static_assert(sizeof(netif_extra_info) == sizeof(Response));
    static_assert(offsetof(Request, id) == offsetof(Response, id));

    /// Answers places of which some may be answered already. Which is not to be seen, so all are answered as frames that got
    /// lost; the guest takes their buffers back.
    class AnswerForKilled {
      public:
        void operator()(std::byte* entry) {
            Response response{};
            std::memcpy(&response.id, entry + offsetof(Response, id), sizeof response.id);
            response.status = NETIF_RSP_ERROR;
            write(entry, response);
        }
    };
};

/// Requests are answered in the order they came, so one index says both what was taken and what was answered.
template<typename Entries>
class NetRing {
  public:
    using Request = typename Entries::Request;
    using Response = typename Entries::Response;
    static constexpr std::uint32_t size =
        256; // entries of 12 and 8 bytes behind 64 in a page, a power of two

    NetRing() = default;
    /// Starts at rsp_prod, as docs/noxs.md says for any back-end that connects, behind what a killed one was answering.
    explicit NetRing(std::byte* page) : shared_(reinterpret_cast<typename Entries::Shared*>(page)) {
        answered_ = published_ = std::atomic_ref(shared_->rsp_prod).load(std::memory_order_acquire);
        answer_for_killed();
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
        std::memcpy(&copy, entry(answered_ + ahead), sizeof copy);
        asm volatile("" : : : "memory"); // the copy is not made again
        return copy;
    }
    /// Answers the first request that is not answered yet; neither guest nor page see anything of it before publish().
    template<typename As = Response>
    void answer(const As& response) {
        static_assert(sizeof(As) == sizeof(Response));
        std::memcpy(&held_.emplace_back(), &response, sizeof response);
        ++answered_;
    }
    /// Shows the guest what was answered; true if it wants an event for that.
    [[nodiscard]] bool publish() {
        if (published_ == answered_)
            return false;
        std::atomic_ref(answering()).store(answered_, std::memory_order_relaxed);
        // Release: the page says what is being answered before the first answer is there.
        std::atomic_thread_fence(std::memory_order_release);
        std::uint32_t place = published_;
        for (const Response& response : held_)
            Entries::write(entry(place++), response);
        held_.clear();
        return show();
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
    [[nodiscard]] std::byte* entry(std::uint32_t place) const {
        return reinterpret_cast<std::byte*>(&shared_->ring[place % size]);
    }
    [[nodiscard]] std::uint32_t& answering() const {
        return *reinterpret_cast<std::uint32_t*>(reinterpret_cast<std::byte*>(shared_) + answering_offset);
    }
    /// An event is not needed: whoever connects sends one.
    void answer_for_killed() {
        const std::uint32_t count = std::atomic_ref(answering()).load(std::memory_order_relaxed) - published_;
        if (count == 0 || count > waiting().value_or(0))
            return; // nobody was, or the guest plays with us
        typename Entries::AnswerForKilled answer_place;
        for (; answered_ != published_ + count; ++answered_)
            answer_place(entry(answered_));
        (void)show();
    }
    /// Makes all that was answered part of what the guest sees.
    bool show() {
        // Release: the answers are there before the index that announces them.
        std::atomic_ref(shared_->rsp_prod).store(answered_, std::memory_order_release);
        // Full: the guest sees the index, or we see the event it asked for before it slept.
        std::atomic_thread_fence(std::memory_order_seq_cst);
        const std::uint32_t wanted = std::atomic_ref(shared_->rsp_event).load(std::memory_order_relaxed);
        const bool notify = answered_ - wanted < answered_ - published_;
        published_ = answered_;
        return notify;
    }

    typename Entries::Shared* shared_ = nullptr;
    std::uint32_t answered_ = 0;
    std::uint32_t published_ = 0;
    std::vector<Response> held_; ///< from published_ to answered_
};

using TransmitRing = NetRing<TransmitEntries>;
using ReceiveRing = NetRing<ReceiveEntries>;

} // namespace xendevd
