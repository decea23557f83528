// SPDX-License-Identifier: BSD-3-Clause
// Carrying an operation through: what the kernel does in part is continued, and an error costs only the request that it
// fell upon.
#include "xendevd/vbd/transfer.hpp"

#include <algorithm>
#include <cerrno>

namespace xendevd {

namespace {

constexpr std::size_t most_pieces = 512;
constexpr std::uint64_t most_bytes = 2 << 20;
// Of an operation that the kernel would not begin.
constexpr unsigned most_attempts = 10;

} // namespace

void Transfer::begin(std::uint32_t place, const Request& request, std::span<const iovec> pieces) {
    kind_ = request.kind;
    offset_ = request.offset;
    bytes_ = first_end_ = request.bytes;
    requests_ = left_ = 1;
    place_ = first_ = place;
    moved_ = 0;
    attempts_ = 0;
    pieces_.assign(pieces.begin(), pieces.end());
    next_piece_ = 0;
}

bool Transfer::append(const Request& request, std::span<const iovec> pieces) {
    if (request.kind != kind_ || request.offset != offset_ + bytes_ ||
        pieces_.size() + pieces.size() > most_pieces || bytes_ + request.bytes > most_bytes)
        return false;
    pieces_.insert(pieces_.end(), pieces.begin(), pieces.end());
    bytes_ += request.bytes;
    ++requests_;
    ++left_;
    return true;
}

void Transfer::start(IoRing& ring, int file) {
    ring_ = &ring;
    file_ = file;
    go_on();
}

void Transfer::go_on() {
    const auto pieces = std::span(pieces_).subspan(next_piece_);
    switch (kind_) {
    case Request::Kind::read:
        return ring_->read(file_, pieces, offset_ + moved_, *this);
    case Request::Kind::write:
        return ring_->write(file_, pieces, offset_ + moved_, *this);
    case Request::Kind::flush:
        return ring_->synchronise(file_, *this);
    case Request::Kind::discard:
        return ring_->discard(file_, offset_, bytes_, *this);
    }
}

void Transfer::finished(int result) {
    const bool moves_data = kind_ == Request::Kind::read || kind_ == Request::Kind::write;
    if ((result == -EAGAIN || result == -EINTR) && ++attempts_ < most_attempts)
        return go_on();
    if (result < 0)
        fail_first(-result);
    else if (!moves_data)
        finish_first(BLKIF_RSP_OKAY);
    else if (result == 0) // an image that became shorter, or that does not get longer
        fail_first(kind_ == Request::Kind::read ? EIO : ENOSPC);
    else
        moved(static_cast<std::uint64_t>(result));
    if (left_ == 0)
        return owner_.transfer_finished(*this);
    attempts_ = 0;
    go_on();
}

/// Steps over bytes that were moved or given up.
void Transfer::moved(std::uint64_t bytes) {
    moved_ += bytes;
    while (bytes > 0 && next_piece_ < pieces_.size()) {
        iovec& piece = pieces_[next_piece_];
        const auto step = static_cast<std::size_t>(std::min<std::uint64_t>(bytes, piece.iov_len));
        piece.iov_base = static_cast<std::byte*>(piece.iov_base) + step;
        piece.iov_len -= step;
        bytes -= step;
        if (piece.iov_len == 0)
            ++next_piece_;
    }
    while (left_ > 0 && moved_ >= first_end_)
        finish_first(BLKIF_RSP_OKAY);
}

void Transfer::finish_first(std::int16_t status) {
    Request& request = owner_.request_at(first_);
    request.status = status;
    request.done = true;
    ++first_;
    if (--left_ > 0)
        first_end_ += owner_.request_at(first_).bytes;
}

void Transfer::fail_first(int error) {
    const std::uint64_t rest = first_end_ - moved_;
    owner_.image_failed(kind_, error);
    finish_first(error == EOPNOTSUPP ? BLKIF_RSP_EOPNOTSUPP : BLKIF_RSP_ERROR);
    if (left_ > 0)
        moved(rest);
}

} // namespace xendevd
