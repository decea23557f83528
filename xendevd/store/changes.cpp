// SPDX-License-Identifier: BSD-3-Clause
// Changes as JSON: [["w", path, value], ["b", "", "", 7], …].
#include "xendevd/store/changes.hpp"

namespace xendevd {

using chaos::Error;
using chaos::ErrorKind;
using chaos::Result;

namespace {

Error damaged(std::string_view what) {
    return Error(ErrorKind::system, "the journal of a store is damaged: " + std::string(what));
}

} // namespace

std::string to_json_text(std::string_view bytes) {
    std::string text;
    text.reserve(bytes.size());
    for (const char byte : bytes) {
        const auto code = static_cast<unsigned char>(byte);
        if (code < 0x80) {
            text += byte;
        } else {
            text += static_cast<char>(0xc0 | (code >> 6));
            text += static_cast<char>(0x80 | (code & 0x3f));
        }
    }
    return text;
}

Result<std::string> from_json_text(std::string_view text) {
    std::string bytes;
    bytes.reserve(text.size());
    for (std::size_t at = 0; at < text.size(); ++at) {
        const auto code = static_cast<unsigned char>(text[at]);
        if (code < 0x80) {
            bytes += text[at];
            continue;
        }
        if ((code != 0xc2 && code != 0xc3) || ++at == text.size())
            return damaged("a character beyond 255");
        bytes += static_cast<char>(((code & 0x03) << 6) | (static_cast<unsigned char>(text[at]) & 0x3f));
    }
    return bytes;
}

nlohmann::json to_json(const StoreChanges& changes) {
    nlohmann::json list = nlohmann::json::array();
    for (const StoreChange& change : changes) {
        nlohmann::json entry = nlohmann::json::array();
        entry.push_back(std::string(1, static_cast<char>(change.kind)));
        if (!change.path.empty() || !change.text.empty() || change.number != 0)
            entry.push_back(to_json_text(change.path));
        if (!change.text.empty() || change.number != 0)
            entry.push_back(to_json_text(change.text));
        if (change.number != 0)
            entry.push_back(change.number);
        list.push_back(std::move(entry));
    }
    return list;
}

Result<StoreChanges> changes_from_json(const nlohmann::json& json) {
    if (!json.is_array())
        return damaged("changes are a list");
    StoreChanges changes;
    for (const auto& entry : json) {
        if (!entry.is_array() || entry.empty() || entry.size() > 4 || !entry[0].is_string())
            return damaged("a change is a short list");
        const auto& kind = entry[0].get_ref<const std::string&>();
        if (kind.size() != 1 || std::string_view("wrWURbe").find(kind) == std::string_view::npos)
            return damaged("there is no such change");
        StoreChange change;
        change.kind = static_cast<StoreChange::Kind>(kind[0]);
        for (std::size_t index = 1; index < entry.size() && index < 3; ++index) {
            if (!entry[index].is_string())
                return damaged("paths and values are strings");
            std::string& to = index == 1 ? change.path : change.text;
            to = TRY(from_json_text(entry[index].get_ref<const std::string&>()));
        }
        if (entry.size() == 4) {
            if (!entry[3].is_number_unsigned())
                return damaged("numbers are numbers");
            change.number = entry[3].get<std::uint32_t>();
        }
        const bool has_path =
            change.path.starts_with('/') && (change.path.size() == 1 || !change.path.ends_with('/'));
        if ((change.kind == StoreChange::Kind::write || change.kind == StoreChange::Kind::remove) &&
            !has_path)
            return damaged("nodes have absolute paths");
        changes.push_back(std::move(change));
    }
    return changes;
}

} // namespace xendevd
