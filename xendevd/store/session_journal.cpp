// SPDX-License-Identifier: BSD-3-Clause
// What a session writes into its journal, and how a new one goes on from it.
#include <algorithm>

#include "xendevd/store/session.hpp"
#include "xendevd/store/session_lines.hpp"

namespace xendevd {

using chaos::Error;
using chaos::ErrorKind;
using chaos::Result;
using nlohmann::json;

namespace {

Error damaged() {
    return Error(ErrorKind::system, "a line of the store's journal is none that xendevd writes");
}

bool is_number(const json& list, std::size_t index) {
    return index < list.size() && list[index].is_number_unsigned();
}

bool is_text(const json& list, std::size_t index) {
    return index < list.size() && list[index].is_string();
}

} // namespace

std::string changes_line(const StoreChanges& changes) {
    return json{{"do", to_json(changes)}}.dump();
}

std::string exchange_line(const StoreChanges& changes, std::uint32_t request_begin, std::uint32_t request_end,
                          std::uint32_t reply_begin, std::string_view reply) {
    json line{{"request", {request_begin, request_end}}, {"reply", {reply_begin, to_json_text(reply)}}};
    if (!changes.empty())
        line["do"] = to_json(changes);
    return line.dump();
}

std::string events_line(const std::deque<StoreEvent>& events) {
    json list = json::array();
    for (const StoreEvent& event : events)
        list.push_back({to_json_text(event.path), to_json_text(event.token)});
    return json{{"events", std::move(list)}}.dump();
}

std::string part_line(std::uint32_t begin, std::uint32_t end, std::string_view bytes) {
    return json{{"part", {begin, end, to_json_text(bytes)}}}.dump();
}

/// Lines that say all that the journal said, and in which nothing is said twice.
std::vector<std::string> StoreSession::snapshot() const {
    std::vector<std::string> lines;
    const StoreChanges changes = contents_.snapshot();
    if (exchange_)
        lines.push_back(exchange_line(changes, exchange_->request_begin, exchange_->request_end,
                                      exchange_->reply_begin, exchange_->reply));
    else
        lines.push_back(changes_line(changes));
    if (!parts_.empty())
        lines.push_back(part_line(parts_begin_, parts_end_, parts_));
    if (!events_.empty())
        lines.push_back(events_line(events_));
    return lines;
}

Result<void> StoreSession::read_line(const std::string& line) {
    const json entry = json::parse(line, nullptr, false);
    if (!entry.is_object())
        return damaged();
    // Which of the events were sent is not known. Sent twice they do no harm.
    if (entry.contains("do"))
        apply(TRY(changes_from_json(entry["do"])));
    if (entry.contains("events")) {
        for (const json& event : entry["events"]) {
            if (!event.is_array() || !is_text(event, 0) || !is_text(event, 1))
                return damaged();
            report({TRY(from_json_text(event[0].get_ref<const std::string&>())),
                    TRY(from_json_text(event[1].get_ref<const std::string&>()))});
        }
    }
    if (entry.contains("request")) {
        const json& request = entry["request"];
        const json reply = entry.value("reply", json());
        if (!request.is_array() || !is_number(request, 0) || !is_number(request, 1) || !reply.is_array() ||
            !is_number(reply, 0) || !is_text(reply, 1))
            return damaged();
        std::string bytes = TRY(from_json_text(reply[1].get_ref<const std::string&>()));
        exchange_ = Exchange{request[0], request[1], reply[0], std::move(bytes)};
        if (exchange_->request_begin != exchange_->request_end) // else it is an event
            parts_.clear();
    }
    if (entry.contains("part")) {
        const json& part = entry["part"];
        if (!part.is_array() || !is_number(part, 0) || !is_number(part, 1) || !is_text(part, 2))
            return damaged();
        parts_ += TRY(from_json_text(part[2].get_ref<const std::string&>()));
        parts_begin_ = part[0];
        parts_end_ = part[1];
    }
    return {};
}

Result<bool> StoreSession::restore() {
    const std::vector<std::string> lines = TRY(journal_.read());
    for (const std::string& line : lines)
        TRY(read_line(line));
    contents_.lose_transactions();
    if (!parts_.empty() && ring_.request_position() == parts_begin_)
        ring_.consume_to(parts_end_);
    if (exchange_ && exchange_->request_begin != ring_.request_position())
        exchange_.reset(); // it was finished; or the guest moved the position, and is served from there
    if (exchange_ && ring_.reply_position() - exchange_->reply_begin > exchange_->reply.size()) {
        ring_.consume_to(exchange_->request_end);
        exchange_.reset();
    }
    std::erase_if(events_, [&](const StoreEvent& event) { // the watch may have gone since
        return std::ranges::none_of(contents_.watches(),
                                    [&](const StoreWatch& watch) { return watch.token == event.token; });
    });
    for (StoreEvent& event : contents_.all_events())
        report(std::move(event));
    return !lines.empty();
}

} // namespace xendevd
