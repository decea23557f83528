// SPDX-License-Identifier: BSD-3-Clause
// Machine memory as a memfd: one mapping of all of it for the model, and one per mapping of a guest's pages.
#include "machine_memory.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

namespace chaos::fakes {
namespace {

/// Frames of the largest machine whose memory is not clean; a larger one takes no host memory until it is
/// used.
constexpr std::size_t largest_dirty = 65536;

void must(bool succeeded) {
    if (!succeeded)
        std::abort();
}

} // namespace

MachineMemory::MachineMemory(std::size_t frames)
    : total_(frames), file_(::memfd_create("machine", MFD_CLOEXEC)) {
    must(file_ >= 0 && ::ftruncate(file_, static_cast<off_t>(frames * frame_size)) == 0);
    void* base = ::mmap(nullptr, frames * frame_size, PROT_READ | PROT_WRITE, MAP_SHARED, file_, 0);
    must(base != MAP_FAILED);
    base_ = static_cast<std::byte*>(base);
    for (std::size_t frame = frames; frame > 0; --frame)
        free_.push_back(static_cast<Frame>(frame - 1));
}

MachineMemory::~MachineMemory() {
    ::munmap(base_, total_ * frame_size);
    ::close(file_);
}

std::optional<Frame> MachineMemory::allocate() {
    if (free_.empty())
        return std::nullopt;
    const Frame frame = free_.back();
    free_.pop_back();
    if (total_ <= largest_dirty)
        std::memset(page(frame), 0xa5, frame_size);
    return frame;
}

void MachineMemory::release(Frame frame) {
    free_.push_back(frame);
}

void* MachineMemory::map(std::span<const Frame> frames) const {
    void* address = ::mmap(nullptr, frames.size() * frame_size, PROT_NONE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    must(address != MAP_FAILED);
    for (std::size_t first = 0; first < frames.size();) {
        std::size_t count = 1; // frames that follow each other are mapped at once
        while (first + count < frames.size() && frames[first + count] == frames[first] + count)
            ++count;
        void* part = static_cast<std::byte*>(address) + first * frame_size;
        must(::mmap(part, count * frame_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, file_,
                    static_cast<off_t>(frames[first] * frame_size)) == part);
        first += count;
    }
    return address;
}

void MachineMemory::unmap(void* address, std::size_t pages) {
    must(::munmap(address, pages * frame_size) == 0);
}

} // namespace chaos::fakes
