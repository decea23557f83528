// SPDX-License-Identifier: BSD-3-Clause
// The socket that clients connect to: one handed over by systemd, or one made here.
#pragma once

#include <string>

#include "libchaos/result.hpp"
#include "libchaos/unique_fd.hpp"

namespace chaos::daemon::api {

/// Takes its file away when it goes, if it was made here.
class ListeningSocket {
  public:
    /// The descriptor that systemd passed (sd_listen_fds(3)), if there is one; else binds `path`, with `mode` and, if it
    /// is not empty, `group`. What a daemon that is gone left at `path` is replaced; fails with name_taken if one is
    /// alive. Nobody can connect before all of this is so.
    static Result<ListeningSocket> open(const std::string& path, unsigned mode, const std::string& group);

    ListeningSocket(ListeningSocket&&) noexcept = default;
    ListeningSocket& operator=(ListeningSocket&&) = delete;
    ~ListeningSocket();

    [[nodiscard]] int fd() const { return socket_.get(); }

  private:
    ListeningSocket() = default;

    UniqueFd socket_;
    UniqueFd lock_;    ///< held while the path is ours
    std::string path_; ///< empty if it is systemd's
};

} // namespace chaos::daemon::api
