// SPDX-License-Identifier: BSD-3-Clause
// One operation on an image: a flush, a discard, or data of one or more requests that follow each other on the disk.
#pragma once

#include <sys/uio.h>

#include <cstdint>
#include <span>
#include <vector>

#include "xendevd/vbd/io_ring.hpp"
#include "xendevd/vbd/request.hpp"

namespace xendevd {

class Transfer;

/// Whoever started a transfer and has the requests that it is made of.
class TransferOwner {
  public:
    virtual Request& request_at(std::uint32_t place) = 0;
    /// A request of kind `kind` cannot be carried out because of `error`, an errno.
    virtual void image_failed(Request::Kind kind, int error) = 0;
    /// All requests of the transfer are done; it may be used again.
    virtual void transfer_finished(Transfer& transfer) = 0;

  protected:
    ~TransferOwner() = default;
};

class Transfer final : public IoOperation {
  public:
    explicit Transfer(TransferOwner& owner) : owner_(owner) {}

    /// Begins with the request at `place` of the ring.
    void begin(std::uint32_t place, const Request& request, std::span<const iovec> pieces);
    /// Adds the next request of the ring if it goes on where this one ends.
    bool append(const Request& request, std::span<const iovec> pieces);
    void start(IoRing& ring, int file);

    [[nodiscard]] bool changes_image() const {
        return kind_ == Request::Kind::write || kind_ == Request::Kind::discard;
    }
    /// Bytes that go through memory.
    [[nodiscard]] std::uint64_t data_bytes() const { return kind_ == Request::Kind::discard ? 0 : bytes_; }
    [[nodiscard]] std::uint32_t first_place() const { return place_; }
    [[nodiscard]] std::uint32_t requests() const { return requests_; }

  private:
    void finished(int result) override;
    void go_on();
    void fail_first(int error);
    void moved(std::uint64_t bytes);
    void finish_first(std::int16_t status);

    TransferOwner& owner_;
    IoRing* ring_ = nullptr;
    int file_ = -1;
    Request::Kind kind_ = Request::Kind::read;
    std::uint32_t place_ = 0;  // of the first request in the ring
    std::uint64_t offset_ = 0; // on the disk, of the first byte
    std::uint64_t bytes_ = 0;
    std::uint32_t requests_ = 0;
    std::uint64_t moved_ = 0;     // bytes dealt with
    std::uint32_t first_ = 0;     // place of the first request that is not done
    std::uint64_t first_end_ = 0; // its end, counted as moved_ is
    std::uint32_t left_ = 0;      // requests that are not done
    unsigned attempts_ = 0;
    std::vector<iovec> pieces_;
    std::size_t next_piece_ = 0;
};

} // namespace xendevd
