// SPDX-License-Identifier: BSD-3-Clause
// The requests of xen/io/xs_wire.h that only look, and the messages.
#include "xendevd/store/request.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "xendevd/store/execution.hpp"
#include "xendevd/store/paths.hpp"

extern "C" {
#include <xen/io/xs_wire.h>
}

namespace xendevd {

static_assert(StoreRequest::header_bytes == sizeof(xsd_sockmsg) &&
              StoreRequest::most_payload == XENSTORE_PAYLOAD_MAX);

namespace {

std::optional<std::uint32_t> number_of(std::string_view text) {
    std::uint32_t number = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (problem != std::errc{} || end != text.data() + text.size())
        return std::nullopt;
    return number;
}

std::string children_of(const StoreNode& node) {
    std::string names;
    for (const StoreNode::Child& child : node.children) {
        names += child.name;
        names += '\0';
    }
    return names;
}

std::string message(std::uint32_t type, std::uint32_t id, std::uint32_t transaction,
                    std::string_view payload) {
    const xsd_sockmsg header{type, id, transaction, static_cast<std::uint32_t>(payload.size())};
    std::string text(sizeof header, '\0');
    std::memcpy(text.data(), &header, sizeof header);
    text += payload;
    return text;
}

} // namespace

StoreOutcome execute(StoreContents& contents, chaos::DomainId domain, const StoreRequest& request) {
    return StoreExecution(contents, domain, request).run();
}

std::string reply_message(const StoreRequest& request, const StoreOutcome& outcome) {
    if (outcome.error.empty())
        return message(request.type, request.id, request.transaction, outcome.body);
    return message(XS_ERROR, request.id, request.transaction, std::string(outcome.error) + '\0');
}

std::string event_message(const StoreEvent& event) {
    return message(XS_WATCH_EVENT, 0, 0, event.path + '\0' + event.token + '\0');
}

StoreError StoreExecution::dispatch() {
    switch (request_.type) {
    // These stand outside of transactions, whatever the message says.
    case XS_WATCH:
        return watch();
    case XS_UNWATCH:
        return unwatch();
    case XS_RESET_WATCHES:
        outcome_.changes.push_back({StoreChange::Kind::reset, "", "", 0});
        return succeed();
    case XS_GET_DOMAIN_PATH:
        return domain_path();
    case XS_IS_DOMAIN_INTRODUCED:
        return is_introduced();
    case XS_CONTROL:
    case XS_INTRODUCE:
    case XS_RELEASE:
    case XS_RESUME:
    case XS_SET_TARGET:
        return "EACCES"; // for the toolstack
    default:
        break;
    }
    if (request_.transaction != 0) {
        open_ = contents_.transaction(request_.transaction);
        if (!open_)
            return "ENOENT";
    }
    return dispatch_in_transaction();
}

StoreError StoreExecution::dispatch_in_transaction() {
    switch (request_.type) {
    case XS_READ:
        return read();
    case XS_DIRECTORY:
        return directory();
    case XS_DIRECTORY_PART:
        return directory_part();
    case XS_GET_PERMS:
        return get_permissions();
    case XS_WRITE:
        return write();
    case XS_MKDIR:
        return make_directory();
    case XS_RM:
        return remove();
    case XS_SET_PERMS:
        return set_permissions();
    case XS_TRANSACTION_START:
        return begin_transaction();
    case XS_TRANSACTION_END:
        return end_transaction();
    default:
        return "ENOSYS";
    }
}

std::optional<std::vector<std::string_view>> StoreExecution::strings(std::size_t count) const {
    std::string_view rest = request_.payload;
    std::vector<std::string_view> found;
    while (!rest.empty()) {
        const std::size_t end = rest.find('\0');
        if (end == std::string_view::npos || found.size() == count)
            return std::nullopt;
        found.push_back(rest.substr(0, end));
        rest.remove_prefix(end + 1);
    }
    if (found.size() != count)
        return std::nullopt;
    return found;
}

StoreError StoreExecution::locate(std::string_view given, std::string& path) {
    auto absolute = absolute_store_path(given, contents_.home());
    if (!absolute)
        return "EINVAL";
    path = std::move(*absolute);
    if (!open_ || open_->touched.contains(path))
        return {};
    if (open_->bytes + path.size() > StoreQuota::transaction_bytes)
        return "ENOSPC";
    open_->bytes += path.size();
    open_->touched.insert(path);
    return {};
}

StoreError StoreExecution::find(std::string_view given, const StoreNode*& node) {
    std::string path;
    if (const StoreError error = locate(given, path); !error.empty())
        return error;
    node = tree().find(path);
    return node ? StoreError{} : "ENOENT";
}

StoreError StoreExecution::find_only(const StoreNode*& node) {
    const auto given = strings(1);
    return given ? find((*given)[0], node) : "EINVAL";
}

StoreError StoreExecution::read() {
    const StoreNode* node = nullptr;
    const StoreError error = find_only(node);
    if (error.empty())
        outcome_.body = node->value;
    return error;
}

StoreError StoreExecution::directory() {
    const StoreNode* node = nullptr;
    if (const StoreError error = find_only(node); !error.empty())
        return error;
    outcome_.body = children_of(*node);
    return outcome_.body.size() <= StoreRequest::most_payload ? StoreError{} : "E2BIG";
}

/// For a list of names too long for one reply: the node's generation, then as many whole names from an offset on as
/// fit; an empty name is the end.
StoreError StoreExecution::directory_part() {
    const auto given = strings(2);
    const auto offset = given ? number_of((*given)[1]) : std::nullopt;
    const StoreNode* node = nullptr;
    if (!offset)
        return "EINVAL";
    if (const StoreError error = find((*given)[0], node); !error.empty())
        return error;
    const std::string names = children_of(*node);
    std::string_view part = std::string_view(names).substr(std::min<std::size_t>(*offset, names.size()));
    outcome_.body = std::to_string(node->generation) + '\0';
    const std::size_t room = StoreRequest::most_payload - outcome_.body.size() - 1;
    const bool is_last = part.size() <= room;
    if (!is_last)
        part = part.substr(0, part.rfind('\0', room - 1) + 1); // no name is as long as the room
    outcome_.body += part;
    if (is_last)
        outcome_.body += '\0';
    return {};
}

StoreError StoreExecution::get_permissions() {
    const StoreNode* node = nullptr;
    if (const StoreError error = find_only(node); !error.empty())
        return error;
    const std::string id = std::to_string(raw(domain_));
    const auto path = absolute_store_path((*strings(1))[0], contents_.home());
    outcome_.body = may_change(*path) ? "n" + id + '\0' : std::string("n0") + '\0' + "r" + id + '\0';
    return {};
}

StoreError StoreExecution::domain_path() {
    const auto given = strings(1);
    const auto id = given ? number_of((*given)[0]) : std::nullopt;
    if (!id || *id > 0x7ff0) // DOMID_FIRST_RESERVED
        return "EINVAL";
    outcome_.body = store_home(chaos::DomainId{static_cast<std::uint16_t>(*id)}) + '\0';
    return {};
}

StoreError StoreExecution::is_introduced() {
    const auto given = strings(1);
    const auto id = given ? number_of((*given)[0]) : std::nullopt;
    if (!id)
        return "EINVAL";
    // Of other guests this one learns nothing.
    outcome_.body = {*id == 0 || *id == raw(domain_) ? 'T' : 'F', '\0'};
    return {};
}

} // namespace xendevd
