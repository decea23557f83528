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

    /// What was written; nothing may follow.
    std::string finish() && { return std::move(text_); }

  private:
    void separate();
    void quote(std::string_view value);

    std::string text_;
    bool first_ = true;
};

} // namespace chaos::json
