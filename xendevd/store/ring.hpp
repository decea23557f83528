// SPDX-License-Identifier: BSD-3-Clause
// The server's side of a XenStore ring (xen/io/xs_wire.h): two streams of bytes in one page that the guest may change at
// any moment.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace xendevd {

/// Positions count bytes modulo 2³², as the ring's indices do. Those of the server are taken from the page once and kept
/// here; those of the guest are checked whenever they are read.
class StoreRing {
  public:
    static constexpr std::size_t capacity = 1024; // XENSTORE_RING_SIZE, each way

    /// `page` stays the caller's, mapped as long as the ring is used.
    explicit StoreRing(std::byte* page);

    /// How many bytes of requests there are, or nothing if the guest's index is impossible.
    [[nodiscard]] std::optional<std::size_t> readable() const;
    /// Copies requests from `offset` on; offset + to.size() <= readable().
    void peek(std::size_t offset, std::span<char> to) const;
    /// Tells the guest that it may reuse everything before `position`.
    void consume_to(std::uint32_t position);
    [[nodiscard]] std::uint32_t request_position() const { return consumed_; }

    /// How many bytes of replies fit, or nothing if the guest's index is impossible.
    [[nodiscard]] std::optional<std::size_t> room() const;
    /// Appends `bytes`, which must fit, and makes them visible at once.
    void put(std::string_view bytes);
    [[nodiscard]] std::uint32_t reply_position() const { return produced_; }

  private:
    std::byte* page_;
    std::uint32_t consumed_;
    std::uint32_t produced_;
};

} // namespace xendevd
