// SPDX-License-Identifier: BSD-3-Clause
// JSON that somebody else may have written, read into one block of memory: a request is read on the way of every guest,
// and a tree of many small pieces costs more than all that is done with it (docs/decisions/24-json-is-read-by-rapidjson.md).
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <string_view>

namespace chaos::json {

/// One value of a Document, with what is inside it lying behind it.
class Value {
  public:
    class Iterator;
    class Members;

    Value() = default;
    Value(const Value&) = delete; // a copy would not have behind it what is inside
    Value& operator=(const Value&) = delete;

    [[nodiscard]] bool is_null() const { return kind_ == Kind::null; }
    [[nodiscard]] bool is_boolean() const { return kind_ == Kind::boolean; }
    [[nodiscard]] bool is_number() const { return kind_ == Kind::real || kind_ == Kind::whole; }
    /// A number without sign, point and exponent, and below 2^64.
    [[nodiscard]] bool is_whole() const { return kind_ == Kind::whole; }
    [[nodiscard]] bool is_string() const { return kind_ == Kind::string; }
    [[nodiscard]] bool is_array() const { return kind_ == Kind::array; }
    [[nodiscard]] bool is_object() const { return kind_ == Kind::object; }

    // Each only where the value is one.
    [[nodiscard]] bool boolean() const { return content_.boolean; }
    [[nodiscard]] std::uint64_t whole() const { return content_.whole; }
    [[nodiscard]] std::string_view text() const { return {content_.text, size_}; }
    /// Any number; it is finite.
    [[nodiscard]] double real() const {
        return is_whole() ? static_cast<double>(content_.whole) : content_.real;
    }

    /// How many elements an array has, or members an object.
    [[nodiscard]] std::size_t size() const { return size_; }
    /// The elements of an array; whatever else it is has none.
    [[nodiscard]] Iterator begin() const;
    [[nodiscard]] Iterator end() const;
    /// The members of an object in the order in which they were written, also those of one name.
    [[nodiscard]] Members members() const;
    /// The last member of that name; nothing if there is none, or this is no object.
    [[nodiscard]] const Value* find(std::string_view name) const;

  private:
    friend class TreeBuilder;
    enum class Kind : std::uint8_t { null, boolean, real, whole, string, array, object };

    /// What lies behind this value and all that is inside it.
    [[nodiscard]] const Value* next() const {
        return this + (kind_ < Kind::array ? 1 : content_.inside.span);
    }
    /// One of 32 bits, seldom the same for two names: most names that an object does not have are not looked for.
    [[nodiscard]] static std::uint32_t mark_of(std::string_view name);

    struct Inside {
        std::uint32_t span;  ///< the array or object itself and all values inside it
        std::uint32_t names; ///< the marks of an object's members
    };
    Kind kind_ = Kind::null;
    std::uint32_t size_ = 0; ///< bytes of a string, elements, members
    union {
        std::uint64_t whole = 0;
        double real;
        bool boolean;
        const char* text;
        Inside inside;
    } content_;
};

class Value::Iterator {
  public:
    using value_type = const Value;
    using reference = const Value&;
    using difference_type = std::ptrdiff_t;
    using iterator_category = std::forward_iterator_tag;

    explicit Iterator(const Value* at) : at_(at) {}
    reference operator*() const { return *at_; }
    Iterator& operator++() {
        at_ = at_->next();
        return *this;
    }
    bool operator==(const Iterator&) const = default;

  private:
    const Value* at_;
};

class Value::Members {
  public:
    struct Member {
        std::string_view name;
        const Value& value;
    };
    class Iterator {
      public:
        explicit Iterator(const Value* name) : name_(name) {}
        Member operator*() const { return {name_->text(), name_[1]}; }
        Iterator& operator++() {
            name_ = name_[1].next();
            return *this;
        }
        bool operator==(const Iterator&) const = default;

      private:
        const Value* name_;
    };

    explicit Members(const Value& object) : object_(object) {}
    [[nodiscard]] Iterator begin() const {
        return Iterator(object_.is_object() ? &object_ + 1 : object_.next());
    }
    [[nodiscard]] Iterator end() const { return Iterator(object_.next()); }

  private:
    const Value& object_;
};

inline Value::Iterator Value::begin() const {
    return Iterator(is_array() ? this + 1 : next());
}

inline Value::Iterator Value::end() const {
    return Iterator(next());
}

inline Value::Members Value::members() const {
    return Members(*this);
}

inline std::uint32_t Value::mark_of(std::string_view name) {
    // The sum that keeps what is asked for apart from what is there in most requests, where many names begin alike.
    const std::size_t first = name.empty() ? 0 : static_cast<unsigned char>(name.front());
    return std::uint32_t{1} << ((5 * name.size() + 2 * first) % 32);
}

/// The values of one text, of which it keeps a copy. They stay where they are when it is moved.
class Document {
  public:
    enum class Failure : std::uint8_t { none, not_json, too_deep };
    /// Brackets within brackets. Nothing that is exchanged has more than a few.
    static constexpr unsigned greatest_depth = 64;

    /// A zero byte ends the text. What is not UTF-8, has anything behind the value, or is nested more deeply than that
    /// is read as null.
    explicit Document(std::string_view text, unsigned deepest = greatest_depth);

    [[nodiscard]] Failure failure() const { return failure_; }
    [[nodiscard]] bool is_json() const { return failure_ == Failure::none; }
    [[nodiscard]] const Value& root() const;

  private:
    std::unique_ptr<std::byte[]> block_; ///< values, then the text that they refer to
    Failure failure_ = Failure::not_json;
};

} // namespace chaos::json
