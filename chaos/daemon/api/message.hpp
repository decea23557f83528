// SPDX-License-Identifier: BSD-3-Clause
// A request and what is answered to it, without sockets and without the library that takes HTTP apart.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "chaos/daemon/event.hpp"

namespace chaos::daemon::api {

enum class Method : std::uint8_t { get, head, post, put, remove, options, other };

struct Request {
    Method method = Method::get;
    std::string target; ///< as it came: "/v1/guests/web?force=true"
    std::string body;
    bool keep_alive = true; ///< what the client wants of the connection
    bool chunks = true;     ///< it knows bodies without a length, as HTTP/1.1 does
};

/// Which events somebody wants to hear of. Empty members stand for all.
struct EventFilter {
    std::uint32_t kinds = 0; ///< a bit for each EventKind
    std::string guest;
    std::string flavour;

    [[nodiscard]] bool lets_through(const Event& event) const;
};

struct Response {
    unsigned status = 200;
    std::string body;
    std::string_view content_type = "application/json"; ///< of text that stays
    std::string allow; ///< the methods that the resource has, if they are asked for
    /// The answer does not end: these events follow, a line each.
    std::optional<EventFilter> events;
};

/// Who has sent a request. Used on the thread of the loop only; each is answered once.
class Caller {
  public:
    virtual ~Caller() = default;
    virtual void answer(Response response) = 0;
    /// False once nobody will read an answer.
    virtual bool is_there() = 0;
};

} // namespace chaos::daemon::api
