// SPDX-License-Identifier: BSD-3-Clause
// Frames that wait for a guest to provide room, copied: a burst is not lost, and nobody waits for a slow guest.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <utility>

#include "xendevd/vif/frame.hpp"

namespace xendevd {

class FrameQueue {
  public:
    /// As much as a guest takes in at once from a queue of Linux's, and of all guests together.
    static constexpr std::size_t most_bytes = std::size_t{2} << 20;
    static constexpr std::size_t most_bytes_of_all = std::size_t{64} << 20;

    FrameQueue() = default;
    FrameQueue(const FrameQueue&) = delete;
    FrameQueue& operator=(const FrameQueue&) = delete;
    ~FrameQueue() { clear(); }

    [[nodiscard]] bool is_empty() const { return !frames_ || frames_->empty(); }
    /// False if there is no room.
    bool push(const Frame& frame);
    /// Makes `frame` the one at `index`; it stays until dropped.
    void look_at(std::size_t index, Frame& frame);
    [[nodiscard]] std::size_t size() const { return frames_ ? frames_->size() : 0; }
    void drop_first(std::size_t count);
    void clear() { drop_first(size()); }

  private:
    struct Stored {
        Offload offload;
        std::uint32_t length;
        std::unique_ptr<std::byte[]> data;
    };
    std::unique_ptr<std::deque<Stored>> frames_; ///< made when it is needed: an empty deque has 600 bytes
    std::size_t bytes_ = 0;
    static inline std::size_t bytes_of_all_ = 0;
};

} // namespace xendevd
