// SPDX-License-Identifier: BSD-3-Clause
// Memory for data on its way between a guest and an image, shared by all disks: page-aligned, because O_DIRECT wants it.
#pragma once

#include <array>
#include <cstddef>
#include <vector>

namespace xendevd {

class BufferPool {
  public:
    BufferPool() = default;
    BufferPool(const BufferPool&) = delete;
    BufferPool& operator=(const BufferPool&) = delete;
    ~BufferPool();

    /// At most 1 MiB. Nothing if the system has no memory left.
    std::byte* take(std::size_t bytes);
    void give_back(std::byte* buffer, std::size_t bytes);
    /// Whether the disks together use so much that none should ask for more now.
    [[nodiscard]] bool is_full() const { return in_use_ >= most_in_use; }

    static constexpr std::size_t largest = 1 << 20;
    static constexpr std::size_t most_in_use = 64 << 20;

  private:
    static constexpr std::size_t most_kept = 8 << 20;
    std::array<std::vector<std::byte*>, 9> kept_; // by size: 4 KiB, 8 KiB, … 1 MiB
    std::size_t kept_bytes_ = 0;
    std::size_t in_use_ = 0;
};

} // namespace xendevd
