// SPDX-License-Identifier: BSD-3-Clause
// Which vif has which MAC address on which network. Two with one address would take each other's frames, now one, now the
// other, and neither guest could tell why.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>

#include "libchaos/config/devices.hpp"
#include "libchaos/result.hpp"

namespace xendevd {

class Addresses {
  public:
    /// An address that nobody else gets as long as this lives. Addresses outlives it.
    class Claim {
      public:
        Claim() = default;
        Claim(Claim&& other) noexcept;
        Claim& operator=(Claim&& other) noexcept;
        ~Claim() { release(); }
        /// Tells another owner in messages.
        void rename(std::string owner);

      private:
        friend class Addresses;
        Claim(Addresses& addresses, std::string key) : addresses_(&addresses), key_(std::move(key)) {}
        void release();

        Addresses* addresses_ = nullptr;
        std::string key_;
    };

    /// `network` is a bridge or switch, whose VLANs are networks of their own; `owner` is for messages: "vif 0 of guest web
    /// (32700)". Fails with name_taken, naming who has the address.
    chaos::Result<Claim> claim(const std::string& network, std::optional<std::uint16_t> vlan,
                               const chaos::MacAddress& mac, std::string owner);

  private:
    std::unordered_map<std::string, std::string> owners_; ///< by network, VLAN and address
};

} // namespace xendevd
