// SPDX-License-Identifier: BSD-3-Clause
// xenstored, played by a thread of the test's process, and what the kernel and xendevd do when they see a back-end come or
// go there.
#pragma once

#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "libchaos/unique_fd.hpp"
#include "libchaos/xenstore/message.hpp"

namespace chaos::fakes {

class Xenstored {
  public:
    /// Listens at `socket`; the kernel's directory of back-ends is `back_ends`.
    Xenstored(const std::string& socket, std::string back_ends);
    Xenstored(const Xenstored&) = delete;
    Xenstored& operator=(const Xenstored&) = delete;
    ~Xenstored();

    /// Every path with its value and permissions, as "value (n0,r5)", and the domains that were introduced.
    [[nodiscard]] std::map<std::string, std::string> contents() const;
    [[nodiscard]] std::string value(const std::string& path) const;

    /// What was asked since, as "write /local/domain/5/name".
    [[nodiscard]] std::vector<std::string> requests() const;
    /// Request number `number` from now on, counted from 1, is refused with `word`; 0: none.
    void fail_at(std::size_t number, std::string word = "EIO");
    /// Instead of answering that request the connection is closed.
    void hang_up_at(std::size_t number);
    /// What xendevd says of each vif: "connected", or "error"; "": nothing.
    void set_status_of_vifs(std::string status);
    /// The same, but said as soon as somebody who watches it has been answered, while the event of the watch's beginning is
    /// still to be sent: there is no other.
    void set_late_status_of_vifs(std::string status);

  private:
    struct Node {
        std::string value;
        std::string permissions;
    };
    struct Watch {
        std::string path, token;
    };
    void serve(int listener);
    void serve_connection(int connection);
    std::string answer(const xenstore::Message& message, std::vector<Watch>& watches, std::string& events);
    void put(const std::string& path, const std::string& value);
    void play_the_kernel(const std::string& path);
    bool remove(const std::string& path);

    std::string socket_, back_ends_;
    UniqueFd listener_, stop_;
    mutable std::mutex lock_; // of all below
    std::map<std::string, Node> nodes_;
    std::set<std::string> introduced_;
    std::vector<std::string> requests_;
    std::size_t failing_ = 0, hanging_up_ = 0;
    std::string word_, status_ = "connected", late_status_;
    std::thread thread_;
};

} // namespace chaos::fakes
