// SPDX-License-Identifier: BSD-3-Clause
// The messages that xenstored and its clients exchange (docs/misc/xenstore.txt and xen/io/xs_wire.h in Xen): a header of
// four words, then what the operation says.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "libchaos/result.hpp"

namespace chaos::xenstore {

/// What a message asks or answers (xen/io/xs_wire.h, enum xsd_sockmsg_type).
enum class Operation : std::uint32_t {
    directory = 1,
    read = 2,
    watch = 4,
    unwatch = 5,
    introduce = 8,
    release = 9,
    write = 11,
    make_directory = 12,
    remove = 13,
    set_permissions = 14,
    watch_event = 15,
    error = 16,
};

constexpr std::size_t header_bytes = 16;
/// Of what follows the header (XENSTORE_PAYLOAD_MAX).
constexpr std::size_t largest_payload = 4096;
/// Of an absolute path (XENSTORE_ABS_PATH_MAX).
constexpr std::size_t longest_path = 3072;

/// A message taken from a stream; `payload` is part of what it was taken from.
struct Message {
    Operation operation{};
    std::uint32_t request = 0; ///< the number that its request had
    std::string_view payload;

    [[nodiscard]] std::size_t size() const { return header_bytes + payload.size(); }
};

/// Appends a request outside of any transaction to `stream`.
void append_message(std::string& stream, Operation operation, std::uint32_t request,
                    std::string_view payload);

/// The message that `stream` begins with, or nothing if it is not all there yet. Fails if it is longer than messages are.
Result<std::optional<Message>> take_message(std::string_view stream);

/// What an answer of Operation::error means, as errno; EIO for a word that is not known.
int errno_of(std::string_view word);

/// "write", for people.
const char* name_of(Operation operation);

} // namespace chaos::xenstore
