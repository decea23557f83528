// SPDX-License-Identifier: BSD-3-Clause
// xendevd, played in the test's own process: it maps and binds what it is told to, as the real one does, and answers before
// the request's sendmsg(2) returns.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "libchaos/devices/protocol.hpp"
#include "libchaos/unique_fd.hpp"
#include "libchaos/xen/event_channel.hpp"
#include "libchaos/xen/grant_table.hpp"

namespace chaos::fakes {

class Xendevd {
  public:
    /// Listens at `path`. There is one at a time.
    explicit Xendevd(const std::string& path);
    Xendevd(const Xendevd&) = delete;
    Xendevd& operator=(const Xendevd&) = delete;
    ~Xendevd();

    std::vector<devices::Request> requests; ///< it was sent
    bool hangs = false;                     ///< reads nothing
    bool ends = false;                      ///< closes its connections instead of answering
    /// Asked before a request is carried out: a packet to answer instead, or "".
    std::function<std::string(const devices::Request&)> refuse;

    /// What it serves of one domain.
    struct Guest {
        std::map<std::pair<devices::DeviceType, std::uint32_t>, std::vector<xen::GrantMapping>> devices;
        std::map<std::pair<devices::DeviceType, std::uint32_t>, EventChannelPort> ports;
        std::vector<xen::GrantMapping> pages;     ///< of console and store
        std::vector<EventChannelPort> bound;      ///< to console and store
        std::map<std::uint32_t, UniqueFd> images; ///< by id of the vbd
        devices::AttachRequest first;
        std::optional<devices::SettleRequest> settled; ///< once it is no shell any more
    };
    std::map<DomainId, Guest> guests;
    [[nodiscard]] bool serves(DomainId domain, devices::DeviceType type, std::uint32_t id) const;

    /// Forgets all connections, as after a restart; the devices stay.
    void drop_connections() { connections_.clear(); }

  private:
    void serve();
    bool serve_one(int connection);
    std::string carry_out(const devices::Request& request, std::vector<UniqueFd> files);
    Result<void> attach(const devices::AttachRequest& request, std::vector<UniqueFd> files);
    Result<void> settle(const devices::SettleRequest& request, std::vector<UniqueFd> files);
    Result<void> open_end(DomainId domain, const devices::DeviceEnd& end,
                          std::vector<xen::GrantMapping>& pages, EventChannelPort& port);
    void forget(DomainId domain);
    [[nodiscard]] std::string description_of(DomainId domain) const;

    std::string path_;
    UniqueFd listener_;
    std::vector<UniqueFd> connections_;
    xen::GrantTable grants_;
    xen::EventChannels events_;
};

} // namespace chaos::fakes
