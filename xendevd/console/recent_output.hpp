// SPDX-License-Identifier: BSD-3-Clause
// The last 16 KiB that a guest wrote to its console, by position: where each byte stands in all it ever wrote.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace xendevd {

class RecentOutput {
  public:
    static constexpr std::size_t capacity = 16384;

    /// Costs no more memory than was written so far.
    void append(std::string_view text);
    /// Copies what is there from `position` on; returns how many bytes. `position` lies between oldest() and end().
    std::size_t copy(std::uint64_t position, std::span<char> to) const;
    [[nodiscard]] std::uint64_t oldest() const { return end_ - bytes_.size(); }
    /// One beyond the newest byte: how much the guest wrote in all.
    [[nodiscard]] std::uint64_t end() const { return end_; }

  private:
    std::vector<char> bytes_; ///< the byte at position p is at p % capacity
    std::uint64_t end_ = 0;
};

} // namespace xendevd
