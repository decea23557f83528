// SPDX-License-Identifier: BSD-3-Clause
// Requests to chaosd, one at a time over one connection: as little of HTTP/1.1 as its answers need, because every
// `chaos create` starts a program for one of them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "libchaos/result.hpp"
#include "libchaos/unique_fd.hpp"

namespace chaos::cli {

class DaemonClient {
  public:
    /// Nothing if no daemon listens at `path`.
    static Result<std::optional<DaemonClient>> connect_if_running(const std::string& path);
    /// The same, where it is needed: fails with advice on how to start it.
    static Result<DaemonClient> connect(const std::string& path);

    /// The body of the answer; an Error that the daemon tells comes back as it was there. An empty `body` sends none.
    /// Fails with interrupted if `stop_fd` becomes readable first; the connection is then closed, and the daemon undoes
    /// what it was asked to make.
    Result<std::string> ask(std::string_view method, std::string_view target, std::string_view body,
                            int stop_fd = -1);

    /// Begins to follow a stream of lines.
    Result<void> follow(std::string_view target, int stop_fd);
    /// The next line, without its end; nothing when the stream has ended.
    Result<std::optional<std::string>> next_line(int stop_fd);

  private:
    struct Head {
        unsigned status = 0;
        std::optional<std::size_t> length;
        bool chunked = false;
    };

    explicit DaemonClient(UniqueFd socket) : socket_(std::move(socket)) {}
    Result<void> send(std::string_view method, std::string_view target, std::string_view body);
    Result<Head> read_head(int stop_fd);
    Result<std::string> read_body(const Head& head, int stop_fd);
    /// Reads on; false if the daemon has closed the connection.
    Result<bool> read_more(int stop_fd);
    /// What comes before the next "\r\n", which is taken off.
    Result<std::string> take_line(int stop_fd);
    /// The next chunk of a stream; empty at its end.
    Result<std::string> take_chunk(int stop_fd);

    UniqueFd socket_;
    std::string in_;    ///< read and not yet taken
    std::string lines_; ///< of the stream, taken out of its chunks
};

/// `part` as it may stand in a target between two slashes.
std::string in_target(std::string_view part);

} // namespace chaos::cli
