// SPDX-License-Identifier: BSD-3-Clause
// The front end's side of one of Xen's rings (xen/io/ring.h): requests go in, responses come out, and each side says
// from which index on it wants an event. What lies in a ring's pages the other side may change at any moment.
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace unikernel {

template<typename Request, typename Response>
class FrontRing {
  public:
    union Slot {
        Request request;
        Response response;
    };
    /// As struct xxx_sring of xen/io/ring.h lays it out.
    struct Shared {
        std::uint32_t request_producer;
        std::uint32_t request_event;
        std::uint32_t response_producer;
        std::uint32_t response_event;
        std::uint8_t reserved[48];
        Slot slots[1];
    };
    static_assert(offsetof(Shared, slots) == 64);

    static constexpr std::uint32_t slots_in(std::size_t pages) {
        return static_cast<std::uint32_t>(
            std::bit_floor((pages * 4096 - offsetof(Shared, slots)) / sizeof(Slot)));
    }

    /// Takes over `pages` pages with whatever contents.
    void start(void* memory, std::size_t pages) {
        *this = {};
        shared_ = static_cast<Shared*>(memory);
        size_ = slots_in(pages);
        auto* bytes = reinterpret_cast<std::uint64_t*>(memory);
        for (std::size_t i = 0; i < offsetof(Shared, slots) / sizeof(*bytes); ++i) {
            bytes[i] = 0;
        }
        shared_->request_event = 1;
        shared_->response_event = 1;
    }

    [[nodiscard]] std::uint32_t size() const { return size_; }
    [[nodiscard]] std::uint32_t in_flight() const { return produced_ - consumed_; }
    [[nodiscard]] std::uint32_t free() const { return size_ - in_flight(); }
    /// Number of the slot that the next put() fills, or the next take() empties.
    [[nodiscard]] std::uint32_t next_request() const { return produced_ & (size_ - 1); }
    [[nodiscard]] std::uint32_t next_response() const { return consumed_ & (size_ - 1); }

    /// The next slot for a request (or what stands in for one); only while free() is not 0.
    template<typename Contents = Request>
    Contents& put() {
        static_assert(sizeof(Contents) <= sizeof(Slot));
        return reinterpret_cast<Contents&>(shared_->slots[produced_++ & (size_ - 1)]);
    }

    /// Shows the other side what was put; true if it wants an event for that.
    [[nodiscard]] bool publish() {
        if (published_ == produced_) {
            return false;
        }
        const std::uint32_t before = published_;
        published_ = produced_;
        // Whoever sees the index sees the requests too.
        std::atomic_ref(shared_->request_producer).store(produced_, std::memory_order_release);
        // The other side sets its event index, then looks for requests; we do the reverse.
        std::atomic_thread_fence(std::memory_order_seq_cst);
        const auto event = std::atomic_ref(shared_->request_event).load(std::memory_order_relaxed);
        return produced_ - event < produced_ - before;
    }

    /// Responses to be taken. More than there were requests is nonsense, which ends the ring: 0, and broken() from then on.
    [[nodiscard]] std::uint32_t responses() {
        const auto there =
            std::atomic_ref(shared_->response_producer).load(std::memory_order_acquire) - consumed_;
        broken_ = broken_ || there > published_ - consumed_;
        return broken_ ? 0 : there;
    }
    [[nodiscard]] bool broken() const { return broken_; }

    /// A copy of the response `ahead` of the next one; only below responses().
    template<typename Contents = Response>
    [[nodiscard]] Contents peek(std::uint32_t ahead = 0) const {
        static_assert(sizeof(Contents) <= sizeof(Slot) && sizeof(Contents) % sizeof(std::uint32_t) == 0);
        const auto* slot = &shared_->slots[(consumed_ + ahead) & (size_ - 1)];
        const auto* from = reinterpret_cast<const volatile std::uint32_t*>(slot);
        struct Words {
            std::uint32_t words[sizeof(Contents) / sizeof(std::uint32_t)];
        } copy;
        for (auto& word : copy.words) {
            word = *from++;
        }
        return std::bit_cast<Contents>(copy);
    }
    void drop() { ++consumed_; }

    /// Asks for an event when `more` further responses are there. True if they are there already: then none may come.
    [[nodiscard]] bool ask_for_event(std::uint32_t more = 1) {
        std::atomic_ref(shared_->response_event).store(consumed_ + more, std::memory_order_relaxed);
        // As in publish(), the other way round.
        std::atomic_thread_fence(std::memory_order_seq_cst);
        return responses() >= more;
    }

  private:
    Shared* shared_ = nullptr;
    std::uint32_t size_ = 0;
    std::uint32_t produced_ = 0;  // requests put
    std::uint32_t published_ = 0; // of these, shown
    std::uint32_t consumed_ = 0;  // responses taken
    bool broken_ = false;
};

} // namespace unikernel
