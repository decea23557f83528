// SPDX-License-Identifier: BSD-3-Clause
// The shared buffers, and copies into guests gathered over frames and guests: one system call for all of them.
#include "xendevd/vif/workspace.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <new>

namespace xendevd {

using chaos::xen::GrantCopy;

void Workspace::Unmap::operator()(std::byte* address) const {
    ::munmap(address, size);
}

/// Touched by need: what no guest asks for costs address space only.
Workspace::Pages Workspace::allocate(std::size_t pages) {
    const std::size_t size = pages * chaos::page_size;
    void* address = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (address == MAP_FAILED)
        throw std::bad_alloc();
    return {static_cast<std::byte*>(address), Unmap{size}};
}

Workspace::Workspace(chaos::xen::GrantTable& grants)
    : grants_(grants), slots_(allocate(slots)), frames_(allocate(frames * frame_pages)),
      heads_(allocate(heads * longest_head / chaos::page_size)) {
    static_assert(heads * longest_head % chaos::page_size == 0);
}

std::span<std::byte> Workspace::new_head() {
    if (used_heads_ == heads)
        flush();
    return {heads_.get() + used_heads_++ * longest_head, longest_head};
}

void Workspace::touch(Receiver& receiver) {
    // Frames come in runs for one receiver; a search is short.
    for (auto place = touched_.rbegin(); place != touched_.rend(); ++place) {
        if (place->receiver == &receiver)
            return;
    }
    touched_.push_back({&receiver, 0});
}

void Workspace::copy_later(Receiver& receiver, const GrantCopy& copy) {
    if (touched_.empty() || touched_.back().receiver != &receiver)
        touch(receiver);
    std::size_t owner = touched_.size() - 1;
    while (touched_[owner].receiver != &receiver)
        --owner;
    copies_.push_back(copy);
    owners_.push_back(static_cast<std::uint32_t>(owner));
}

void Workspace::forget(Receiver& receiver) {
    for (Touched& touched : touched_) {
        if (touched.receiver == &receiver)
            touched.receiver = nullptr;
    }
}

void Workspace::flush() {
    if (!copies_.empty()) {
        const bool tried = grants_.copy(copies_).has_value();
        for (std::size_t index = 0; index < copies_.size(); ++index) {
            std::int16_t& status = touched_[owners_[index]].status;
            if (status == 0)
                status = tried ? copies_[index].status : std::int16_t{-1};
        }
        copies_.clear();
        owners_.clear();
    }
    for (std::size_t index = 0; index < touched_.size(); ++index) { // forget() may be called from within
        if (Receiver* receiver = touched_[index].receiver)
            receiver->delivered(touched_[index].status);
    }
    touched_.clear();
    used_heads_ = 0;
}

} // namespace xendevd
