// SPDX-License-Identifier: BSD-3-Clause
// A disk's front end: several requests at once, each with a buffer of its own (docs/noxs.md, section 7). Not for event
// handlers.
//
// A request is taken, its buffer filled if it is a write, submitted, and given back once it has completed. The buffers stay
// granted, so that the back-end may keep them mapped.
#pragma once

#include "boot_info.hpp"
#include "front_end.hpp"
#include "front_ring.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include <xen/io/blkif.h>

namespace unikernel {

class Vbd {
  public:
    static constexpr std::size_t sector = 512;
    static constexpr std::size_t most_requests = 64;
    static constexpr std::size_t most_pages = 256; // of one request
    static constexpr std::size_t most_pages_in_all = 512;

    struct Options {
        std::uint8_t ring_pages = 1; // 1, 2, 4 or 8
        std::uint8_t requests = 4;
        /// Of each request's buffer. Beyond 11 the back-end must know indirect requests.
        std::uint16_t pages = 11;
        std::uint32_t features = NOXS_VBD_FLUSH | NOXS_VBD_DISCARD | NOXS_VBD_INDIRECT | NOXS_VBD_PERSISTENT;
    };

    enum class Operation : std::uint8_t { read, write, flush, discard };
    enum class Outcome : std::uint8_t { success, error, not_supported };
    using Request = std::uint8_t; // below Options::requests
    struct Completion {
        Request request;
        Outcome outcome;
    };

    /// Makes ring and buffers and offers them; nothing if memory or grants are short or `options` make no sense.
    static std::unique_ptr<Vbd> open(const Device& device, const Options& options);
    /// Gives its memory back if the back-end has let go of it, and else leaves it where it is for ever.
    ~Vbd();

    [[nodiscard]] const Device& device() const { return front_end_.device(); }
    /// As the toolstack wrote it, copied.
    [[nodiscard]] noxs_vbd_config config() const;
    [[nodiscard]] FrontEnd::State state() const { return front_end_.state(); }
    [[nodiscard]] std::uint32_t features() const { return front_end_.features(); }
    /// The most that one read or write can carry now.
    [[nodiscard]] std::size_t most_bytes() const;

    /// A request to fill, if one is free.
    std::optional<Request> take();
    [[nodiscard]] std::byte* buffer(Request request) const;
    /// `first` counts sectors. `bytes` are whole sectors: of a read or write at most most_bytes(), of a flush 0.
    void submit(Request request, Operation operation, std::uint64_t first, std::uint64_t bytes);
    /// The next one that is done. Its buffer holds what was read until give_back().
    std::optional<Completion> complete();
    void give_back(Request request);

    /// Shows the back-end what was submitted.
    void publish();
    [[nodiscard]] std::size_t in_flight() const { return ring_.in_flight(); }
    /// True if complete() has something or the state has changed since the last call of complete(). To be asked in
    /// wait_until(), where the answer false means that an event will come.
    [[nodiscard]] bool has_work();

    /// Nothing may be in flight. Once the state is closed the Vbd may go.
    void close();

  private:
    static constexpr std::size_t direct_segments = BLKIF_MAX_SEGMENTS_PER_REQUEST;

    Vbd(const Device& device, const Options& options, void* memory, GrantReference first);
    static std::size_t pages_for(const Options& options);
    /// Number of a page within our memory: the ring's, then each request's buffer and, if need be, its list of segments.
    [[nodiscard]] std::size_t page_of(Request request) const;
    static bool needs_lists(const Options& options) { return options.pages > direct_segments; }
    [[nodiscard]] GrantReference reference(std::size_t page) const {
        return first_reference_ + static_cast<GrantReference>(page);
    }
    void fill_segments(blkif_request_segment* segments, Request request, std::uint64_t bytes) const;

    FrontEnd front_end_;
    Options options_;
    std::byte* memory_;
    GrantReference first_reference_;
    FrontRing<blkif_request, blkif_response> ring_;
    FrontEnd::State seen_state_ = FrontEnd::State::waiting;
    Request free_[most_requests]; // a stack
    std::uint8_t free_count_ = 0;
    /// What identifies the request under way, 0 if none is: an answer that comes twice must not count for the next one.
    std::uint64_t under_way_[most_requests] = {};
    std::uint64_t submitted_ = 0;
};

} // namespace unikernel
