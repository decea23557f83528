// SPDX-License-Identifier: BSD-3-Clause
// What the toolstack said about this guest: its command line, its memory, its modules.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace unikernel {

constexpr std::uint64_t page_size = 4096;
constexpr std::uint64_t kibibyte = 1024;
constexpr std::uint64_t gibibyte = kibibyte * kibibyte * kibibyte;

constexpr std::uint64_t page_floor(std::uint64_t address) {
    return address & ~(page_size - 1);
}
constexpr std::uint64_t page_ceiling(std::uint64_t address) {
    return page_floor(address + page_size - 1);
}

/// Guest-physical addresses from `begin` up to, not including, `end`.
struct MemoryRange {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;

    [[nodiscard]] constexpr bool overlaps(MemoryRange other) const {
        return begin < other.end && other.begin < end;
    }
};

struct MemoryMapEntry {
    MemoryRange range;
    bool is_ram = false;
};

/// Checked copies of the start info's tables; made once, before app_main().
class BootInfo {
  public:
    /// Copies and checks; ends the guest with a message if the start info makes no sense.
    void read(std::uint64_t start_info_address);

    [[nodiscard]] std::string_view command_line() const { return command_line_; }
    /// Whether `word` stands on the command line by itself.
    [[nodiscard]] bool has_option(std::string_view word) const;

    /// Bytes of RAM the guest may use; the few pages shared with the toolstack are not among them.
    [[nodiscard]] std::uint64_t ram_bytes() const;
    [[nodiscard]] bool overlaps_ram(MemoryRange range) const;
    /// The lowest window_pages pages above the low RAM (below 4 GiB) of which the memory map says nothing: the first is for
    /// what the hypervisor shares with us, the others for the grant table.
    [[nodiscard]] std::uint64_t first_free_address() const;
    static constexpr std::uint64_t window_pages = 1 + 4;

    [[nodiscard]] std::span<const MemoryMapEntry> memory_map() const { return {map_, map_count_}; }
    [[nodiscard]] std::span<const MemoryRange> modules() const { return {modules_, module_count_}; }
    /// The pages that hold the start info, its tables and the command line.
    [[nodiscard]] std::span<const MemoryRange> tables() const { return {tables_, table_count_}; }

  private:
    static constexpr std::size_t most_map_entries = 32;
    static constexpr std::size_t most_modules = 8;
    static constexpr std::size_t most_tables = 4;

    template<typename Entry>
    std::span<const Entry> table_at(std::uint64_t address, std::size_t count);

    std::string_view command_line_;
    MemoryMapEntry map_[most_map_entries];
    MemoryRange modules_[most_modules];
    MemoryRange tables_[most_tables];
    std::size_t map_count_ = 0;
    std::size_t module_count_ = 0;
    std::size_t table_count_ = 0;
};

/// The one and only.
const BootInfo& boot_info();

} // namespace unikernel
