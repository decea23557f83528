// SPDX-License-Identifier: BSD-3-Clause
// Copying frames in, and accounting for their memory.
#include "xendevd/vif/frame_queue.hpp"

#include <cstring>

namespace xendevd {

bool FrameQueue::push(const Frame& frame) {
    if (bytes_ + frame.length > most_bytes || bytes_of_all_ + frame.length > most_bytes_of_all)
        return false;
    Stored stored{frame.offload, frame.length, std::make_unique_for_overwrite<std::byte[]>(frame.length)};
    std::byte* to = stored.data.get();
    for (const iovec& piece : frame.data()) {
        std::memcpy(to, piece.iov_base, piece.iov_len);
        to += piece.iov_len;
    }
    if (!frames_)
        frames_ = std::make_unique<std::deque<Stored>>();
    frames_->push_back(std::move(stored));
    bytes_ += frame.length;
    bytes_of_all_ += frame.length;
    return true;
}

void FrameQueue::look_at(std::size_t index, Frame& frame) {
    const Stored& stored = (*frames_)[index];
    frame.clear();
    frame.offload = stored.offload;
    frame.add(stored.data.get(), stored.length);
}

void FrameQueue::drop_first(std::size_t count) {
    for (; count > 0; --count) {
        bytes_ -= frames_->front().length;
        bytes_of_all_ -= frames_->front().length;
        frames_->pop_front();
    }
    if (frames_ && frames_->empty())
        frames_.reset();
}

} // namespace xendevd
