// SPDX-License-Identifier: BSD-3-Clause
// What each operation says after its header: texts, most of them ended by a zero.
#include "libchaos/xenstore/batch.hpp"

#include <initializer_list>

namespace chaos::xenstore {

namespace {

/// The texts one behind the other, each with its zero.
std::string with_zeros(std::initializer_list<std::string_view> texts) {
    std::size_t size = 0;
    for (const std::string_view text : texts)
        size += text.size() + 1;
    std::string payload;
    payload.reserve(size);
    for (const std::string_view text : texts)
        payload.append(text).push_back('\0');
    return payload;
}

std::string permission(char kind, DomainId domain) {
    return kind + std::to_string(raw(domain));
}

} // namespace

void Batch::add(Operation operation, std::string_view payload) {
    starts_.push_back(static_cast<std::uint32_t>(bytes_.size()));
    append_message(bytes_, operation, static_cast<std::uint32_t>(size() - 1), payload);
}

Message Batch::request(std::size_t place) const {
    return *take_message(std::string_view(bytes_).substr(starts_[place])).value();
}

void Batch::write(std::string_view path, std::string_view value) {
    std::string payload = with_zeros({path});
    payload.append(value); // without a zero: it is what is left
    add(Operation::write, payload);
}

void Batch::make(std::string_view path, DomainId owner, DomainId reader) {
    make(path);
    allow(path, owner, reader);
}

void Batch::make(std::string_view path) {
    add(Operation::make_directory, with_zeros({path}));
}

void Batch::allow(std::string_view path, DomainId owner, DomainId reader) {
    const std::string nobody_else = permission('n', owner); // the owner, and what all others may
    add(Operation::set_permissions, owner == reader
                                        ? with_zeros({path, nobody_else})
                                        : with_zeros({path, nobody_else, permission('r', reader)}));
}

void Batch::remove(std::string_view path) {
    add(Operation::remove, with_zeros({path}));
}

void Batch::introduce(DomainId domain, Gfn frame, EventChannelPort port) {
    add(Operation::introduce,
        with_zeros({std::to_string(raw(domain)), std::to_string(frame.number), std::to_string(raw(port))}));
}

void Batch::release(DomainId domain) {
    add(Operation::release, with_zeros({std::to_string(raw(domain))}));
}

void Batch::read(std::string_view path) {
    add(Operation::read, with_zeros({path}));
}

void Batch::list(std::string_view path) {
    add(Operation::directory, with_zeros({path}));
}

void Batch::watch(std::string_view path, std::string_view token) {
    add(Operation::watch, with_zeros({path, token}));
}

void Batch::unwatch(std::string_view path, std::string_view token) {
    add(Operation::unwatch, with_zeros({path, token}));
}

} // namespace chaos::xenstore
