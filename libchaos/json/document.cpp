// SPDX-License-Identifier: BSD-3-Clause
// RapidJSON takes the text apart, in place, and tells what it finds; a tree is made of that here.
#include "libchaos/json/document.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <cstring>

// None can fail, whatever the text; and if one did, a daemon must not end for it.
#define RAPIDJSON_ASSERT(condition) static_cast<void>(0)
#include <rapidjson/reader.h>

#include "libchaos/json/utf8.hpp"

namespace chaos::json {
namespace {

/// Sizes within a document have 32 bits.
constexpr std::size_t largest_text = 1u << 30;

constexpr Value no_value{};

/// The size of the mark that some programs write in front of UTF-8.
std::size_t byte_order_mark(std::string_view text) {
    return text.starts_with("\xef\xbb\xbf") ? 3 : 0;
}

/// RapidJSON lets \udc00 to \udfff stand alone. Other than by an escape they do not come into checked text.
bool has_surrogate(std::string_view text) {
    for (std::size_t at = text.find('\xed'); at != text.npos; at = text.find('\xed', at + 1))
        if (static_cast<unsigned char>(text[at + 1]) >= 0xa0) // the rest of the character is there
            return true;
    return false;
}

} // namespace

/// Writes the values one behind the other, each in front of what is inside it.
class TreeBuilder : public rapidjson::BaseReaderHandler<rapidjson::UTF8<>, TreeBuilder> {
  public:
    TreeBuilder(Value* first, Value* end, unsigned deepest, bool has_escapes)
        : next_(first), end_(end), deepest_(deepest), has_escapes_(has_escapes) {}

    [[nodiscard]] bool was_too_deep() const { return too_deep_; }

    // What RapidJSON calls; false ends it.
    bool Null() { return add(Value::Kind::null); }
    bool Bool(bool value) {
        Value* added = add(Value::Kind::boolean);
        if (added)
            added->content_.boolean = value;
        return added;
    }
    bool RawNumber(const char* text, rapidjson::SizeType length, bool) {
        Value* added = add(Value::Kind::whole);
        if (!added)
            return false;
        const auto [stop, problem] = std::from_chars(text, text + length, added->content_.whole);
        if (problem == std::errc{} && stop == text + length)
            return true;
        added->kind_ = Value::Kind::real;
        added->content_.real = std::strtod(text, nullptr) + 0.0; // which makes 0 of -0
        return std::isfinite(added->content_.real);
    }
    bool String(const char* text, rapidjson::SizeType length, bool) {
        if (has_escapes_ && has_surrogate({text, length}))
            return false;
        Value* added = add(Value::Kind::string);
        if (!added)
            return false;
        added->size_ = length;
        added->content_.text = text;
        return true;
    }
    bool Key(const char* text, rapidjson::SizeType length, bool copied) {
        open_[depth_ - 1]->content_.inside.names |= Value::mark_of({text, length});
        return String(text, length, copied);
    }
    bool StartObject() { return open(Value::Kind::object); }
    bool EndObject(rapidjson::SizeType members) { return close(members); }
    bool StartArray() { return open(Value::Kind::array); }
    bool EndArray(rapidjson::SizeType elements) { return close(elements); }
    /// Numbers as RapidJSON understands them, which it is told not to do.
    bool Default() { return false; }

  private:
    Value* add(Value::Kind kind) {
        if (next_ == end_)
            return nullptr;
        Value* added = new (next_++) Value;
        added->kind_ = kind;
        return added;
    }
    bool open(Value::Kind kind) {
        too_deep_ = depth_ == deepest_;
        Value* added = too_deep_ ? nullptr : add(kind);
        if (!added)
            return false;
        added->content_.inside = {1, 0};
        open_[depth_++] = added;
        return true;
    }
    bool close(std::uint32_t size) {
        Value* closed = open_[--depth_];
        closed->size_ = size;
        closed->content_.inside.span = static_cast<std::uint32_t>(next_ - closed);
        return true;
    }

    Value* next_;
    Value* end_;
    /// The arrays and objects that are not read to their end.
    std::array<Value*, Document::greatest_depth> open_;
    unsigned depth_ = 0;
    unsigned deepest_;
    bool has_escapes_;
    bool too_deep_ = false;
};

const Value* Value::find(std::string_view name) const {
    const Value* found = nullptr;
    if (!is_object() || !(content_.inside.names & mark_of(name)))
        return found;
    const auto is_name = [name, first = name.empty() ? '\0' : name[0]](const Value& key) {
        return key.size_ == name.size() && key.content_.text[0] == first && key.text() == name;
    };
    for (const Value *at = this + 1, *end = next(); at != end; at = at[1].next())
        if (is_name(*at))
            found = at + 1;
    return found;
}

Document::Document(std::string_view text, unsigned deepest) {
    deepest = std::min(deepest, greatest_depth);
    text = text.substr(0, text.find('\0'));
    text.remove_prefix(byte_order_mark(text));
    if (text.size() > largest_text || !is_utf8(text))
        return;
    // A value has a byte at least, and one that separates it from the next; but for those that are not at their end.
    const std::size_t most_values = text.size() / 2 + 1 + deepest;
    const std::size_t size_of_values = most_values * sizeof(Value);
    block_ = std::make_unique_for_overwrite<std::byte[]>(size_of_values + text.size() + 1);
    auto* first = reinterpret_cast<Value*>(block_.get());
    char* copy = reinterpret_cast<char*>(block_.get() + size_of_values);
    std::memcpy(copy, text.data(), text.size());
    copy[text.size()] = '\0';

    rapidjson::Reader reader;
    rapidjson::InsituStringStream stream(copy);
    TreeBuilder builder(first, first + most_values, deepest, text.find('\\') != text.npos);
    // RapidJSON calls itself for each bracket, but no more often than the builder lets it.
    constexpr unsigned flags = rapidjson::kParseInsituFlag | rapidjson::kParseNumbersAsStringsFlag;
    if (!reader.Parse<flags>(stream, builder).IsError())
        failure_ = Failure::none;
    else if (builder.was_too_deep())
        failure_ = Failure::too_deep;
}

const Value& Document::root() const {
    return is_json() ? *reinterpret_cast<const Value*>(block_.get()) : no_value;
}

} // namespace chaos::json
