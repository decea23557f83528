// SPDX-License-Identifier: BSD-3-Clause
// What blkcheck writes: words that depend on where they lie and on a seed, so that any sector that is lost, old or in the
// wrong place is seen.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

inline std::uint64_t pattern_word(std::uint64_t seed, std::uint64_t position) {
    const std::uint64_t value = (position + 1) * 0x9e37'79b9'7f4a'7c15 + seed * 0xbf58'476d'1ce4'e5b9;
    return value ^ value >> 29;
}

/// Fills `words`, which begin at byte `offset` of the disk, a multiple of 8.
inline void fill_pattern(std::span<std::uint64_t> words, std::uint64_t offset, std::uint64_t seed) {
    for (std::size_t i = 0; i < words.size(); ++i) {
        words[i] = pattern_word(seed, offset / 8 + i);
    }
}

/// The index of the first word that is not as fill_pattern() writes it; words.size() if all are.
inline std::size_t check_pattern(std::span<const std::uint64_t> words, std::uint64_t offset,
                                 std::uint64_t seed) {
    std::size_t i = 0;
    while (i < words.size() && words[i] == pattern_word(seed, offset / 8 + i)) {
        ++i;
    }
    return i;
}

/// CRC-32 as in zip and gzip, for others to compare with: crc32 of all that was added so far.
class Crc32 {
  public:
    constexpr Crc32() {
        for (std::uint32_t byte = 0; byte < table_.size(); ++byte) {
            std::uint32_t value = byte;
            for (int bit = 0; bit < 8; ++bit) {
                value = (value >> 1) ^ ((value & 1) != 0 ? 0xedb8'8320u : 0u);
            }
            table_[byte] = value;
        }
    }
    void add(std::span<const std::byte> bytes) {
        for (const std::byte byte : bytes) {
            sum_ = (sum_ >> 8) ^ table_[(sum_ ^ static_cast<std::uint32_t>(byte)) & 0xff];
        }
    }
    [[nodiscard]] std::uint32_t value() const { return ~sum_; }

  private:
    std::array<std::uint32_t, 256> table_{};
    std::uint32_t sum_ = ~std::uint32_t{0};
};
