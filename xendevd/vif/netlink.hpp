// SPDX-License-Identifier: BSD-3-Clause
// Network interfaces of the host by rtnetlink(7), over one socket that stays open: no process is started for anything.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libchaos/config/devices.hpp"
#include "libchaos/result.hpp"

struct mnl_socket;

namespace xendevd {

/// What a new interface is to be like. Everything is set in one exchange with the kernel.
struct LinkSettings {
    std::optional<chaos::MacAddress> address;
    std::uint16_t mtu = 0;             ///< 0: as it is
    std::string alias;                 ///< says whose it is (`ip link` shows it)
    std::optional<unsigned> bridge;    ///< index of the Linux bridge it becomes a port of
    bool has_ipv6 = true;              ///< false: no link-local address, so the host says nothing on it
    std::optional<std::uint16_t> vlan; ///< of its bridge port, for frames without a tag
};

struct Link {
    unsigned index = 0;
    std::string name;
    std::string alias;
};

class Netlink {
  public:
    static chaos::Result<Netlink> open();

    /// Fails with not_found if there is no interface of that name.
    [[nodiscard]] chaos::Result<unsigned> index_of(const std::string& name) const;
    /// Sets an interface up and brings it up. A full bridge has the errno EXFULL, a missing one ENODEV or EINVAL.
    chaos::Result<void> set_up(const std::string& name, const LinkSettings& settings);
    /// Gives an interface that is not up another name. Fails with name_taken if another has it.
    chaos::Result<void> rename(const std::string& name, const std::string& new_name);
    chaos::Result<void> add_address(const std::string& name, const chaos::Ipv4Address& address,
                                    std::uint8_t prefix);
    /// All interfaces whose alias begins so. Looks at every interface of the host.
    chaos::Result<std::vector<Link>> find_by_alias(std::string_view beginning);
    /// Removes interfaces. The kernel waits once for all of them until nobody uses them any more, which takes it some
    /// 20 ms; those that are gone already do not matter.
    chaos::Result<void> remove(std::span<const unsigned> indices);

  private:
    struct Close {
        void operator()(mnl_socket* socket) const;
    };
    explicit Netlink(mnl_socket* socket) : socket_(socket) {}
    /// Sends messages that lie one behind the other and waits for the answer to each.
    chaos::Result<void> exchange(const void* messages, std::size_t size, unsigned count);

    std::unique_ptr<mnl_socket, Close> socket_;
    std::uint32_t sequence_ = 0;
};

} // namespace xendevd
