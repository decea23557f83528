// SPDX-License-Identifier: BSD-3-Clause
// JSON written by hand: one string, no tree, because every creation of a guest writes some.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace chaos::json {

/// Appends JSON to one growing string. Members are written in the order of the calls.
class Writer {
  public:
    explicit Writer(std::size_t expected_size) { text_.reserve(expected_size); }

    void open(char bracket);
    void close(char bracket);
    void key(std::string_view name);
    void number(std::uint64_t value);
    void boolean(bool value);
    /// A path or command line may be any bytes, and a guest must be made again from exactly these: what JSON
    /// cannot hold as text is written as {"hex":"…"}.
    void bytes(std::string_view value);
    /// What people read: always a string; what is not UTF-8 is shown as U+FFFD.
    void text(std::string_view value);
    /// A finite number, as short as it can be written without loss.
    void real(double value);
    void null();
    /// JSON that another Writer has finished.
    void raw(std::string_view json);

    void member(std::string_view name, std::uint64_t value) {
        key(name);
        number(value);
    }
    void member(std::string_view name, std::string_view value) {
        key(name);
        bytes(value);
    }
    void flag(std::string_view name, bool value) {
        key(name);
        boolean(value);
    }
    void text(std::string_view name, std::string_view value) {
        key(name);
        text(value);
    }
    /// Null if it is empty.
    void text_or_null(std::string_view name, std::string_view value) {
        key(name);
        if (value.empty())
            null();
        else
            text(value);
    }

    /// What was written; nothing may follow.
    std::string finish() && { return std::move(text_); }

  private:
    void separate();
    void quote(std::string_view value);

    std::string text_;
    bool first_ = true;
};

} // namespace chaos::json
