// SPDX-License-Identifier: BSD-3-Clause
// The lines of a store's journal, each a JSON object:
//
//     {"do": [changes]}                                        what xendevd changed
//     {"do": …, "request": [begin, end], "reply": [begin, bytes]}  one request; positions on the two streams of the ring
//     {"part": [begin, end, bytes]}                            taken off the ring before the request was there as a whole
//     {"events": [[path, token], …]}                           to be sent still when the journal was written anew
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "xendevd/store/contents.hpp"

namespace xendevd {

std::string changes_line(const StoreChanges& changes);
std::string exchange_line(const StoreChanges& changes, std::uint32_t request_begin, std::uint32_t request_end,
                          std::uint32_t reply_begin, std::string_view reply);
std::string events_line(const std::deque<StoreEvent>& events);
std::string part_line(std::uint32_t begin, std::uint32_t end, std::string_view bytes);

} // namespace xendevd
