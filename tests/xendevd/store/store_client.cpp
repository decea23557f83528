// SPDX-License-Identifier: BSD-3-Clause
// A front end of the store protocol.
#include "tests/xendevd/store/store_client.hpp"

#include <cstdlib>
#include <cstring>

namespace xendevd::test {

std::string joined(std::initializer_list<std::string_view> strings) {
    std::string text;
    for (const std::string_view one : strings)
        text += std::string(one) + '\0';
    return text;
}

std::vector<std::string> split(std::string_view text) {
    std::vector<std::string> parts;
    while (!text.empty()) {
        const std::size_t end = text.find('\0');
        parts.emplace_back(text.substr(0, end));
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    return parts;
}

std::uint32_t StoreClient::send(std::uint32_t type, std::string_view payload, std::uint32_t transaction) {
    const xsd_sockmsg header{type, ++last_id_, transaction, static_cast<std::uint32_t>(payload.size())};
    outgoing_.append(reinterpret_cast<const char*>(&header), sizeof header);
    outgoing_ += payload;
    return last_id_;
}

bool StoreClient::exchange() {
    bool moved = false;
    while (!outgoing_.empty() && ring_.req_prod - ring_.req_cons < XENSTORE_RING_SIZE) {
        ring_.req[ring_.req_prod++ % XENSTORE_RING_SIZE] = outgoing_.front();
        outgoing_.erase(0, 1);
        moved = true;
    }
    while (ring_.rsp_cons != ring_.rsp_prod) {
        incoming_ += ring_.rsp[ring_.rsp_cons++ % XENSTORE_RING_SIZE];
        moved = true;
    }
    take_messages();
    return moved;
}

void StoreClient::take_messages() {
    while (incoming_.size() >= sizeof(xsd_sockmsg)) {
        xsd_sockmsg header;
        std::memcpy(&header, incoming_.data(), sizeof header);
        if (header.len > XENSTORE_PAYLOAD_MAX) {
            broken = "a message of " + std::to_string(header.len) + " bytes";
            incoming_.clear();
            return;
        }
        if (incoming_.size() < sizeof header + header.len)
            return;
        const std::string body = incoming_.substr(sizeof header, header.len);
        incoming_.erase(0, sizeof header + header.len);
        if (header.type == XS_WATCH_EVENT) {
            const auto parts = split(body);
            if (parts.size() != 2 || header.req_id != 0)
                broken = "an event of another form";
            else
                events.push_back({parts[0], parts[1]});
        } else {
            replies[header.req_id].push_back({header.type, body});
        }
    }
}

StoreReply StoreClient::ask(std::uint32_t type, std::string_view payload, std::uint32_t transaction) {
    const std::uint32_t id = send(type, payload, transaction);
    for (int round = 0; round < 100 && !replies.contains(id); ++round) {
        exchange();
        kick_();
        exchange();
    }
    kick_(); // what the answer made room for
    exchange();
    if (replies[id].size() != 1)
        return {XS_ERROR, std::to_string(replies[id].size()) + " answers"};
    StoreReply reply = replies[id].front();
    replies.erase(id);
    return reply;
}

std::string StoreClient::read(std::string_view path, std::uint32_t transaction) {
    const StoreReply reply = ask(XS_READ, joined({path}), transaction);
    return reply.type == XS_READ ? reply.body : reply.error();
}

std::string StoreClient::write(std::string_view path, std::string_view value, std::uint32_t transaction) {
    return ask(XS_WRITE, joined({path}) + std::string(value), transaction).error();
}

std::vector<std::string> StoreClient::directory(std::string_view path, std::uint32_t transaction) {
    const StoreReply reply = ask(XS_DIRECTORY, joined({path}), transaction);
    return split(reply.body);
}

std::string StoreClient::watch(std::string_view path, std::string_view token) {
    return ask(XS_WATCH, joined({path, token})).error();
}

std::uint32_t StoreClient::begin() {
    return static_cast<std::uint32_t>(
        std::strtoul(ask(XS_TRANSACTION_START, joined({""})).body.c_str(), nullptr, 10));
}

std::string StoreClient::end(std::uint32_t transaction, bool commit) {
    return ask(XS_TRANSACTION_END, joined({commit ? "T" : "F"}), transaction).error();
}

} // namespace xendevd::test
