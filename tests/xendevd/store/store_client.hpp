// SPDX-License-Identifier: BSD-3-Clause
// The guest's side of a XenStore ring: asks, reads answers and events, as the xenbus driver of a stock kernel does.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "xendevd/store/contents.hpp"

extern "C" {
#include <xen/io/xs_wire.h>
}

namespace xendevd::test {

struct StoreReply {
    std::uint32_t type = 0;
    std::string body;

    /// "ENOENT", or empty if it is no error.
    [[nodiscard]] std::string error() const {
        return type == XS_ERROR ? body.substr(0, body.find('\0')) : "";
    }
};

/// The strings, each with a zero byte behind it.
std::string joined(std::initializer_list<std::string_view> strings);
/// What is between zero bytes.
std::vector<std::string> split(std::string_view text);

class StoreClient {
  public:
    /// `kick` sends an event and lets the server work; it is called until the answer is there.
    StoreClient(std::byte* page, std::function<void()> kick)
        : ring_(*reinterpret_cast<xenstore_domain_interface*>(page)), kick_(std::move(kick)) {}

    // Requests one by one, each answered before it returns. Errors are returned as their names.
    StoreReply ask(std::uint32_t type, std::string_view payload, std::uint32_t transaction = 0);
    std::string read(std::string_view path, std::uint32_t transaction = 0);
    std::string write(std::string_view path, std::string_view value, std::uint32_t transaction = 0);
    std::vector<std::string> directory(std::string_view path, std::uint32_t transaction = 0);
    std::string watch(std::string_view path, std::string_view token);
    std::uint32_t begin();
    std::string end(std::uint32_t transaction, bool commit = true);

    // The same in steps.
    /// Puts a request into what is to be sent, and returns its id.
    std::uint32_t send(std::uint32_t type, std::string_view payload, std::uint32_t transaction = 0);
    void send_raw(std::string_view bytes) { outgoing_ += bytes; }
    /// Moves what fits onto the ring and takes what is there off it; true if something moved.
    bool exchange();
    [[nodiscard]] std::size_t unsent() const { return outgoing_.size(); }

    std::map<std::uint32_t, std::vector<StoreReply>> replies; ///< by request id
    std::deque<StoreEvent> events;
    std::string broken; ///< what was wrong with the server's stream, if something was

  private:
    void take_messages();

    xenstore_domain_interface& ring_;
    std::function<void()> kick_;
    std::string outgoing_;
    std::string incoming_;
    std::uint32_t last_id_ = 0;
};

} // namespace xendevd::test
