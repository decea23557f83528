// SPDX-License-Identifier: BSD-3-Clause
// Guessing by edit distance: letters put in, left out, exchanged, or swapped with their neighbour.
#include "chaos/suggestion.hpp"

#include <algorithm>
#include <vector>

namespace chaos::cli {

namespace {

/// How many slips lie between the two words. Three rows of the usual table suffice, because a swap looks back
/// two.
std::size_t slips_between(std::string_view left, std::string_view right) {
    std::vector<std::size_t> before_last(right.size() + 1);
    std::vector<std::size_t> last(right.size() + 1);
    std::vector<std::size_t> current(right.size() + 1);
    for (std::size_t column = 0; column <= right.size(); ++column)
        last[column] = column;
    for (std::size_t row = 1; row <= left.size(); ++row) {
        current[0] = row;
        for (std::size_t column = 1; column <= right.size(); ++column) {
            const bool same = left[row - 1] == right[column - 1];
            current[column] =
                std::min({last[column] + 1, current[column - 1] + 1, last[column - 1] + (same ? 0 : 1)});
            const bool swapped = row > 1 && column > 1 && left[row - 1] == right[column - 2] &&
                                 left[row - 2] == right[column - 1];
            if (swapped)
                current[column] = std::min(current[column], before_last[column - 2] + 1);
        }
        std::swap(before_last, last);
        std::swap(last, current);
    }
    return last[right.size()];
}

} // namespace

std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates) {
    std::string_view best;
    // A third of the letters may be wrong: more, and the guess insults.
    std::size_t fewest = std::max<std::size_t>(word.size() / 3, 1) + 1;
    for (const std::string_view candidate : candidates) {
        const std::size_t slips = slips_between(word, candidate);
        if (slips < fewest) {
            fewest = slips;
            best = candidate;
        }
    }
    return best;
}

} // namespace chaos::cli
