// SPDX-License-Identifier: BSD-3-Clause
// A fuzzer's input as a file. Reading outside of it is what the parsers must never try, so it ends the
// process.
#pragma once

#include <cstdint>
#include <cstring>

#include "libchaos/image/kernel.hpp"

namespace chaos::fuzz {

/// Ends the process, which libFuzzer reports, unless `holds`.
inline void require(bool holds) {
    if (!holds)
        __builtin_trap();
}

class MemoryBytes final : public ByteSource {
  public:
    MemoryBytes(const std::uint8_t* data, std::size_t size) : data_(data), size_(size) {}
    [[nodiscard]] std::uint64_t size() const override { return size_; }
    [[nodiscard]] Result<void> read_at(std::uint64_t offset, void* buffer, std::size_t size) const override {
        require(offset <= size_ && size <= size_ - offset);
        if (size > 0)
            std::memcpy(buffer, data_ + offset, size);
        return {};
    }

  private:
    const std::uint8_t* data_;
    std::size_t size_;
};

/// What KernelHeaders promises of any file of `file_size` bytes.
inline void check_headers(const KernelHeaders& headers, std::uint64_t file_size) {
    constexpr std::uint64_t four_gib = std::uint64_t{1} << 32;
    require(!headers.segments.empty() && headers.segments.size() <= 16);
    std::uint64_t end = 0;
    bool entry_inside = !headers.pvh_entry;
    for (const KernelSegment& segment : headers.segments) {
        require(segment.address >= end);
        require(segment.memory_size > 0 && segment.memory_size < four_gib && segment.address < four_gib);
        end = segment.address + segment.memory_size;
        require(end < four_gib && segment.file_size <= segment.memory_size);
        require(segment.file_offset <= file_size && segment.file_size <= file_size - segment.file_offset);
        entry_inside = entry_inside || (*headers.pvh_entry >= segment.address && *headers.pvh_entry < end);
    }
    require(entry_inside);
    require(headers.lowest_address == headers.segments.front().address && headers.end_address == end);
}

} // namespace chaos::fuzz
