// SPDX-License-Identifier: BSD-3-Clause
// Merges settings, last one wins, as xl does.
#include "libchaos/config/settings.hpp"

#include <algorithm>
#include <iterator>

#include "libchaos/config/text.hpp"

namespace chaos::config {
namespace {

std::string shown(const Value& value) {
    switch (value.kind) {
    case Value::Kind::number:
        return value.text.size() <= 60 ? value.text : value.text.substr(0, 60) + "…";
    case Value::Kind::string:
        return in_quotes(value.text);
    case Value::Kind::list:
        return value.items.empty() ? "[]" : "[…]";
    }
    return {};
}

/// Puts what `key` was before in front of `value`, which keeps its own place.
void prepend(Value& before, Value& value) {
    if (value.kind == Value::Kind::list) {
        before.items.insert(before.items.end(), std::make_move_iterator(value.items.begin()),
                            std::make_move_iterator(value.items.end()));
        value.items = std::move(before.items);
    } else {
        before.text += value.text;
        value.text = std::move(before.text);
        if (before.kind == Value::Kind::string)
            value.kind = Value::Kind::string;
    }
}

} // namespace

Result<void> Settings::add(std::string_view text, Source source) {
    sources_.push_back(std::move(source));
    auto settings = TRY(parse_settings(text, sources_.back()));
    for (Setting& setting : settings)
        TRY(apply(std::move(setting)));
    return {};
}

Result<void> Settings::apply(Setting setting) {
    Entry entry{std::move(setting.key), std::move(setting.value), setting.appends, sources_.size() - 1, 0};
    entry.line = entry.value.line;
    const auto old =
        std::find_if(entries_.begin(), entries_.end(), [&](const Entry& e) { return e.key == entry.key; });
    if (old != entries_.end()) {
        if (setting.appends) {
            if ((old->value.kind == Value::Kind::list) != (entry.value.kind == Value::Kind::list))
                return wrong(entry, "+= cannot join a list and a text; " + place(*old) + " has " +
                                        shown(old->value));
            prepend(old->value, entry.value);
        }
        entries_.erase(old);
    }
    entries_.push_back(std::move(entry));
    return {};
}

const Settings::Entry* Settings::find(std::string_view key) const {
    const auto found =
        std::find_if(entries_.begin(), entries_.end(), [&](const Entry& e) { return e.key == key; });
    return found == entries_.end() ? nullptr : &*found;
}

Error Settings::wrong(const Entry& entry, std::string_view what) const {
    return Error(ErrorKind::invalid_config,
                 place(entry) + ": " + entry.key + " = " + shown(entry.value) + ": " + std::string(what));
}

Error Settings::wrong_item(const Entry& entry, const Value& item, std::string_view what) const {
    // After += an item may come from another text than the entry.
    const std::string where = entry.appended ? place(entry) : sources_[entry.source].place(item.line);
    return Error(ErrorKind::invalid_config,
                 where + ": " + entry.key + ": item " + shown(item) + ": " + std::string(what));
}

} // namespace chaos::config
