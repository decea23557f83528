// SPDX-License-Identifier: BSD-3-Clause
// One connection to chaosd's API, as small as HTTP/1.1 over a Unix socket can be. What goes wrong ends the benchmark.
#pragma once

#include <string>
#include <string_view>

namespace bench {

class ApiClient {
  public:
    struct Reply {
        int status = 0; ///< of HTTP
        std::string body;
    };

    /// Connects, and asks something once: what the first request of all takes is not what is measured.
    explicit ApiClient(const std::string& socket_path);
    ApiClient(ApiClient&& other) noexcept;
    ApiClient& operator=(ApiClient&&) = delete;
    ~ApiClient();

    /// Sends it and waits for the whole reply. `body` is JSON, or empty.
    Reply request(std::string_view method, std::string_view path, std::string_view body = {});

  private:
    void receive_more();

    int socket_ = -1;
    std::string received_; ///< not yet used
};

} // namespace bench
