// SPDX-License-Identifier: BSD-3-Clause
// The memory of the pretend machine: frames that can be mapped several times and in any order, as guests'
// pages are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace chaos::fakes {

using Frame = std::uint32_t;
constexpr std::size_t frame_size = 4096;

class MachineMemory {
  public:
    explicit MachineMemory(std::size_t frames);
    MachineMemory(const MachineMemory&) = delete;
    MachineMemory& operator=(const MachineMemory&) = delete;
    ~MachineMemory();

    /// A frame full of what a former owner left in it, or nothing if all are in use.
    std::optional<Frame> allocate();
    void release(Frame frame);
    [[nodiscard]] std::size_t free_frames() const { return free_.size(); }
    [[nodiscard]] std::size_t total_frames() const { return total_; }

    [[nodiscard]] std::byte* page(Frame frame) const { return base_ + frame * frame_size; }
    /// The frames one after the other in fresh address space; undone by unmap().
    [[nodiscard]] void* map(std::span<const Frame> frames) const;
    static void unmap(void* address, std::size_t pages);

  private:
    std::size_t total_;
    int file_;
    std::byte* base_;
    std::vector<Frame> free_;
};

} // namespace chaos::fakes
