// SPDX-License-Identifier: BSD-3-Clause
// Reading the members of an object that somebody else may have written: every member is checked for its type and its
// limits, and whatever is wrong is named.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "libchaos/config/uuid.hpp"
#include "libchaos/json/document.hpp"
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
    static Result<Fields> of(const Value& value, std::string_view name);

    /// Fails if there is a member that is none of `names`.
    [[nodiscard]] Result<void> has_only(std::initializer_list<std::string_view> names) const;

    [[nodiscard]] const Value* find(std::string_view key) const { return object_->find(key); }
    [[nodiscard]] Result<std::uint64_t> number(std::string_view key, std::uint64_t minimum,
                                               std::uint64_t maximum) const;
    /// Lies in the document, as long as that is there.
    [[nodiscard]] Result<std::string_view> text(std::string_view key) const;
    /// What Writer::bytes() wrote: a string, or {"hex":"…"}.
    [[nodiscard]] Result<std::string> bytes(std::string_view key) const;
    [[nodiscard]] Result<bool> boolean(std::string_view key) const;
    [[nodiscard]] Result<Uuid> uuid(std::string_view key) const;
    /// A guest's name, under the key "name". It becomes part of a path, so nothing but a valid one is let through.
    [[nodiscard]] Result<std::string> guest_name() const;
    /// The same where it may be missing.
    [[nodiscard]] Result<std::string> guest_name_or_empty() const;
    /// A member that is an array of at most `most` elements; nothing if it is missing.
    [[nodiscard]] Result<const Value*> list(std::string_view key, std::size_t most) const;

    // The same for members that may be missing.
    [[nodiscard]] Result<std::uint64_t> number_or(std::string_view key, std::uint64_t otherwise,
                                                  std::uint64_t minimum, std::uint64_t maximum) const;
    [[nodiscard]] Result<std::string_view> text_or(std::string_view key, std::string_view otherwise) const;
    [[nodiscard]] Result<std::string_view> text_or_empty(std::string_view key) const {
        return text_or(key, {});
    }
    [[nodiscard]] Result<std::string> bytes_or_empty(std::string_view key) const;
    [[nodiscard]] Result<bool> boolean_or(std::string_view key, bool otherwise) const;

  private:
    explicit Fields(const Value& object) : object_(&object) {}
    const Value* object_;
};

} // namespace chaos::json
