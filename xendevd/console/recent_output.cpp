// SPDX-License-Identifier: BSD-3-Clause
// Grows to its capacity, then overwrites the oldest.
#include "xendevd/console/recent_output.hpp"

#include <algorithm>
#include <bit>

namespace xendevd {

void RecentOutput::append(std::string_view text) {
    if (text.size() > capacity) {
        // Only the end of it stays; it still has to come to lie where its positions say.
        end_ += text.size() - capacity;
        text.remove_prefix(text.size() - capacity);
        bytes_.resize(capacity);
    }
    const std::size_t wanted = std::min(capacity, bytes_.size() + text.size());
    if (wanted > bytes_.capacity())
        bytes_.reserve(std::bit_ceil(wanted)); // and not the double of it, as the vector would
    while (!text.empty()) {
        const std::size_t at = end_ % capacity;
        const std::size_t count = std::min(text.size(), capacity - at);
        if (bytes_.size() < at + count)
            bytes_.resize(at + count);
        std::copy_n(text.begin(), count, bytes_.begin() + static_cast<std::ptrdiff_t>(at));
        end_ += count;
        text.remove_prefix(count);
    }
}

std::size_t RecentOutput::copy(std::uint64_t position, std::span<char> to) const {
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(end_ - position, to.size()));
    for (std::size_t copied = 0; copied < size;) {
        const std::size_t at = (position + copied) % capacity;
        const std::size_t count = std::min(size - copied, capacity - at);
        std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(at), count,
                    to.begin() + static_cast<std::ptrdiff_t>(copied));
        copied += count;
    }
    return size;
}

} // namespace xendevd
