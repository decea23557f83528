// SPDX-License-Identifier: BSD-3-Clause
// Split first, then decoded: a %2F belongs to the part it is in.
#include "chaos/daemon/api/target.hpp"

#include <algorithm>

#include "libchaos/config/text.hpp"

namespace chaos::daemon::api {
namespace {

constexpr std::size_t most_parts = 16;

Error wrong(std::string what) {
    return {ErrorKind::invalid_argument, std::move(what)};
}

int digit(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    c = static_cast<char>(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/// A '+' stands for itself: names of guests may not hold spaces, so nobody needs the other meaning.
Result<std::string> decode(std::string_view text) {
    std::string decoded;
    decoded.reserve(text.size());
    for (std::size_t at = 0; at < text.size(); ++at) {
        char c = text[at];
        if (c == '%') {
            const int high = at + 2 < text.size() ? digit(text[at + 1]) : -1;
            const int low = at + 2 < text.size() ? digit(text[at + 2]) : -1;
            if (high < 0 || low < 0)
                return wrong("a '%' in the request's target is not followed by two hexadecimal digits");
            c = static_cast<char>(high * 16 + low);
            at += 2;
        }
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
            return wrong("the request's target holds a control character");
        decoded += c;
    }
    return decoded;
}

/// Calls `take` with each part of `text`.
template<typename Take>
Result<void> split(std::string_view text, char separator, Take take) {
    for (std::size_t count = 0; !text.empty(); ++count) {
        if (count == most_parts)
            return wrong("the request's target has too many parts");
        const auto end = std::min(text.find(separator), text.size());
        TRY(take(text.substr(0, end)));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return {};
}

/// "http://host/path" is what proxies are sent.
std::string_view without_origin(std::string_view text) {
    for (const std::string_view scheme : {"http://", "https://"})
        if (text.starts_with(scheme)) {
            const auto path = text.find('/', scheme.size());
            return path == text.npos ? "/" : text.substr(path);
        }
    return text;
}

} // namespace

Result<Target> parse_target(std::string_view text) {
    text = without_origin(text);
    if (!text.starts_with('/'))
        return wrong("the request's target is no path");
    text.remove_prefix(1);
    text = text.substr(0, text.find('#'));
    const auto mark = text.find('?');
    Target target;
    const auto take_part = [&](std::string_view part) -> Result<void> {
        target.path.push_back(TRY(decode(part)));
        return {};
    };
    TRY(split(text.substr(0, mark), '/', take_part));
    const auto take_pair = [&](std::string_view part) -> Result<void> {
        const auto equals = part.find('=');
        std::string name = TRY(decode(part.substr(0, equals)));
        if (find(target, name))
            return wrong("the query has " + config::in_quotes(name) + " twice");
        std::string value = equals == part.npos ? std::string() : TRY(decode(part.substr(equals + 1)));
        target.query.emplace_back(std::move(name), std::move(value));
        return {};
    };
    if (mark != text.npos)
        TRY(split(text.substr(mark + 1), '&', take_pair));
    return target;
}

const std::string* find(const Target& target, std::string_view name) {
    for (const auto& [key, value] : target.query)
        if (key == name)
            return &value;
    return nullptr;
}

Result<void> has_only(const Target& target, std::initializer_list<std::string_view> names) {
    for (const auto& [key, value] : target.query)
        if (std::find(names.begin(), names.end(), key) == names.end())
            return wrong("the query has an unknown name " + config::in_quotes(key));
    return {};
}

Result<bool> flag(const Target& target, std::string_view name) {
    const std::string* value = find(target, name);
    if (!value || *value == "false")
        return false;
    if (*value == "true")
        return true;
    return wrong("the query's " + std::string(name) + " is neither true nor false");
}

} // namespace chaos::daemon::api
