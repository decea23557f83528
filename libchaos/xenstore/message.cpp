// SPDX-License-Identifier: BSD-3-Clause
// Packing and unpacking of messages; their words have the byte order of this machine.
#include "libchaos/xenstore/message.hpp"

#include <array>
#include <cerrno>
#include <cstring>

namespace chaos::xenstore {

namespace {

struct Header {
    std::uint32_t operation;
    std::uint32_t request;
    std::uint32_t transaction;
    std::uint32_t payload_bytes;
};
static_assert(sizeof(Header) == header_bytes);

} // namespace

void append_message(std::string& stream, Operation operation, std::uint32_t request,
                    std::string_view payload) {
    const Header header{static_cast<std::uint32_t>(operation), request, 0,
                        static_cast<std::uint32_t>(payload.size())};
    stream.append(reinterpret_cast<const char*>(&header), sizeof header);
    stream.append(payload);
}

Result<std::optional<Message>> take_message(std::string_view stream) {
    Header header;
    if (stream.size() < sizeof header)
        return std::optional<Message>();
    std::memcpy(&header, stream.data(), sizeof header);
    if (header.payload_bytes > largest_payload)
        return Error(ErrorKind::system, "xenstored sent a message that is too long");
    if (stream.size() - sizeof header < header.payload_bytes)
        return std::optional<Message>();
    return std::optional(Message{static_cast<Operation>(header.operation), header.request,
                                 stream.substr(sizeof header, header.payload_bytes)});
}

int errno_of(std::string_view word) {
    struct Known {
        std::string_view word;
        int number;
    };
    static constexpr std::array<Known, 16> known{{{"EINVAL", EINVAL},
                                                  {"EACCES", EACCES},
                                                  {"EEXIST", EEXIST},
                                                  {"EISDIR", EISDIR},
                                                  {"ENOENT", ENOENT},
                                                  {"ENOMEM", ENOMEM},
                                                  {"ENOSPC", ENOSPC},
                                                  {"EIO", EIO},
                                                  {"ENOTEMPTY", ENOTEMPTY},
                                                  {"ENOSYS", ENOSYS},
                                                  {"EROFS", EROFS},
                                                  {"EBUSY", EBUSY},
                                                  {"EAGAIN", EAGAIN},
                                                  {"EISCONN", EISCONN},
                                                  {"E2BIG", E2BIG},
                                                  {"EPERM", EPERM}}};
    if (const std::size_t end = word.find('\0'); end != std::string_view::npos)
        word = word.substr(0, end);
    for (const Known& one : known)
        if (one.word == word)
            return one.number;
    return EIO;
}

const char* name_of(Operation operation) {
    switch (operation) {
    case Operation::directory:
        return "list";
    case Operation::read:
        return "read";
    case Operation::watch:
        return "watch";
    case Operation::unwatch:
        return "unwatch";
    case Operation::introduce:
        return "introduce domain";
    case Operation::release:
        return "release domain";
    case Operation::write:
        return "write";
    case Operation::make_directory:
        return "make";
    case Operation::remove:
        return "remove";
    case Operation::set_permissions:
        return "set the permissions of";
    case Operation::watch_event:
    case Operation::error:
        break;
    }
    return "do something with";
}

} // namespace chaos::xenstore
