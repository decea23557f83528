// SPDX-License-Identifier: BSD-3-Clause
// The rules for paths are those of docs/misc/xenstore.txt in Xen.
#include "xendevd/store/paths.hpp"

#include <algorithm>

namespace xendevd {

namespace {

bool may_stand_in_a_path(char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
           (letter >= '0' && letter <= '9') || letter == '-' || letter == '/' || letter == '_' ||
           letter == '@';
}

} // namespace

std::string store_home(chaos::DomainId domain) {
    return "/local/domain/" + std::to_string(raw(domain));
}

std::optional<std::string> absolute_store_path(std::string_view given, std::string_view home) {
    if (given.empty() || given.size() > longest_store_path)
        return std::nullopt;
    std::string path(given);
    if (given.front() != '/')
        path = std::string(home) + "/" + path;
    if (path == "/")
        return path;
    if (path.size() > longest_store_path || path.ends_with('/') || path.find("//") != std::string::npos ||
        !std::ranges::all_of(path, may_stand_in_a_path) ||
        std::ranges::count(path, '/') > static_cast<std::ptrdiff_t>(deepest_store_path))
        return std::nullopt;
    return path;
}

bool is_at_or_below(std::string_view path, std::string_view top) {
    if (top == "/")
        return true;
    return path.starts_with(top) && (path.size() == top.size() || path[top.size()] == '/');
}

} // namespace xendevd
