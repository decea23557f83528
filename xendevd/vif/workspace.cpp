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

Workspace::Workspace(chaos::xen::GrantTable& grants, chaos::xen::OwnPages own_pages)
    : grants_(grants), own_pages_(std::move(own_pages)),
      other_pages_(own_pages_.data() ? Pages(nullptr, Unmap{}) : allocate(pages())),
      memory_(own_pages_.data() ? own_pages_.data() : other_pages_.get()) {}

std::span<std::byte> Workspace::new_head() {
    if (used_heads_ == heads)
        flush();
    std::byte* heads_begin = memory_ + (slots + frames * frame_pages) * chaos::page_size;
    return {heads_begin + used_heads_++ * longest_head, longest_head};
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
    GrantCopy part = copy;
    const auto* data = static_cast<const std::byte*>(copy.source.local);
    for (std::uint32_t left = copy.length; left > 0; left -= part.length) {
        part.length = static_cast<std::uint16_t>(left);
        if (const auto granted = own_pages_.find(data)) {
            part.source = *granted;
            part.flags |= GrantCopy::source_granted;
            const std::uint32_t to_end = chaos::page_size - granted->granted.offset;
            part.length = static_cast<std::uint16_t>(std::min(left, to_end));
        }
        copies_.push_back(part);
        owners_.push_back(static_cast<std::uint32_t>(owner));
        part.destination.granted.offset =
            static_cast<std::uint16_t>(part.destination.granted.offset + part.length);
        data += part.length;
    }
}

void Workspace::copy_to_slot(std::size_t index, GrantCopy& copy) const {
    std::byte* data = memory_ + index * chaos::page_size;
    if (const auto granted = own_pages_.find(data)) {
        copy.destination = *granted;
        copy.flags |= GrantCopy::destination_granted;
    } else {
        copy.destination.local = data;
    }
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
