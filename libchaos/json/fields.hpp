// SPDX-License-Identifier: BSD-3-Clause
// Reading JSON that somebody else may have written: every member is checked for its type and its limits, and whatever is
// wrong is named.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "libchaos/config/uuid.hpp"
#include "libchaos/result.hpp"

namespace chaos::json {

template<typename T = std::uint32_t>
constexpr std::uint64_t any = std::numeric_limits<T>::max();

/// An Error of kind `system`; the caller says what it was that was being read.
[[gnu::cold]] Error wrong(std::string what);

/// The members of one JSON object. Refers to the document, which must outlive it.
class Fields {
  public:
    /// `name` stands for the value in messages.
    static Result<Fields> of(const nlohmann::json& value, std::string_view name);

    /// Fails if there is a member that is none of `names`.
    [[nodiscard]] Result<void> has_only(std::initializer_list<std::string_view> names) const;

    [[nodiscard]] const nlohmann::json* find(const char* key) const;
    [[nodiscard]] Result<std::uint64_t> number(const char* key, std::uint64_t minimum,
                                               std::uint64_t maximum) const;
    [[nodiscard]] Result<std::string> text(const char* key) const;
    /// What Writer::bytes() wrote: a string, or {"hex":"…"}.
    [[nodiscard]] Result<std::string> bytes(const char* key) const;
    [[nodiscard]] Result<bool> boolean(const char* key) const;
    [[nodiscard]] Result<Uuid> uuid(const char* key) const;
    /// A guest's name, under the key "name". It becomes part of a path, so nothing but a valid one is let through.
    [[nodiscard]] Result<std::string> guest_name() const;
    /// A member that is an array of at most `most` elements; nothing if it is missing.
    [[nodiscard]] Result<const nlohmann::json*> list(const char* key, std::size_t most) const;

    // The same for members that may be missing.
    [[nodiscard]] Result<std::uint64_t> number_or(const char* key, std::uint64_t otherwise,
                                                  std::uint64_t minimum, std::uint64_t maximum) const;
    [[nodiscard]] Result<std::string> text_or_empty(const char* key) const;
    [[nodiscard]] Result<bool> boolean_or(const char* key, bool otherwise) const;

  private:
    explicit Fields(const nlohmann::json& object) : object_(&object) {}
    const nlohmann::json* object_;
};

} // namespace chaos::json
