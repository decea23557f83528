// SPDX-License-Identifier: BSD-3-Clause
// Paths of a store: which ones there can be, and how the guest's relative ones are meant.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "libchaos/xen/ids.hpp"

namespace xendevd {

/// Shorter than XENSTORE_ABS_PATH_MAX, so that an event always fits into the ring as a whole. Linux' own paths have less
/// than 60 characters.
constexpr std::size_t longest_store_path = 640;
constexpr std::size_t deepest_store_path = 24;

/// "/local/domain/5": what relative paths of domain 5 begin with.
std::string store_home(chaos::DomainId domain);

/// The absolute form of what a guest wrote, or nothing if no node can have that name.
std::optional<std::string> absolute_store_path(std::string_view given, std::string_view home);

/// Whether `path` is `top` or lies below it.
bool is_at_or_below(std::string_view path, std::string_view top);

/// The names in an absolute path, one after the other; none in "/".
class PathWalk {
  public:
    explicit PathWalk(std::string_view path) : rest_(path.substr(1)) {}
    [[nodiscard]] bool done() const { return rest_.empty(); }
    std::string_view next() {
        const std::size_t end = rest_.find('/');
        const std::string_view name = rest_.substr(0, end);
        rest_ = end == std::string_view::npos ? std::string_view{} : rest_.substr(end + 1);
        return name;
    }

  private:
    std::string_view rest_;
};

} // namespace xendevd
