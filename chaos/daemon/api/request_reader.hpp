// SPDX-License-Identifier: BSD-3-Clause
// Bytes of a connection turned into requests, by Boost.Beast's parser; no socket is needed.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "chaos/daemon/api/message.hpp"

namespace chaos::daemon::api {

constexpr std::size_t largest_head = 8 * 1024;    ///< request line and headers
constexpr std::size_t largest_body = 1024 * 1024; ///< after chunks are joined

class RequestReader {
  public:
    enum class Progress : std::uint8_t { needs_more, complete, refused };

    RequestReader();
    ~RequestReader();

    /// Takes bytes off the front of `bytes`. What is left belongs to the next request, or must be given again with more
    /// behind it; it is never more than largest_head.
    Progress take(std::string_view& bytes);
    /// Some of a request has come.
    [[nodiscard]] bool has_begun() const { return begun_; }
    /// True once, if the client waits to be told that its body is wanted.
    [[nodiscard]] bool take_continue();

    /// After `complete`; the next one may follow.
    Request request();
    /// After `refused`; nothing more can be read.
    [[nodiscard]] Response refusal() const;

  private:
    struct Parser;
    std::unique_ptr<Parser> parser_;
    bool begun_ = false;
};

} // namespace chaos::daemon::api
