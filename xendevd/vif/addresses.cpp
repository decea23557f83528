// SPDX-License-Identifier: BSD-3-Clause
// Claims are looked up by one text that holds all that tells networks and addresses apart.
#include "xendevd/vif/addresses.hpp"

#include <utility>

namespace xendevd {

using chaos::Error;
using chaos::ErrorKind;
using chaos::Result;

Addresses::Claim::Claim(Claim&& other) noexcept
    : addresses_(std::exchange(other.addresses_, nullptr)), key_(std::move(other.key_)) {}

Addresses::Claim& Addresses::Claim::operator=(Claim&& other) noexcept {
    if (this != &other) {
        release();
        addresses_ = std::exchange(other.addresses_, nullptr);
        key_ = std::move(other.key_);
    }
    return *this;
}

void Addresses::Claim::rename(std::string owner) {
    if (addresses_)
        addresses_->owners_[key_] = std::move(owner);
}

void Addresses::Claim::release() {
    if (addresses_)
        addresses_->owners_.erase(key_);
    addresses_ = nullptr;
}

Result<Addresses::Claim> Addresses::claim(const std::string& network, std::optional<std::uint16_t> vlan,
                                          const chaos::MacAddress& mac, std::string owner) {
    const std::string address = chaos::to_text(mac);
    std::string place = network;
    if (vlan)
        place += ", VLAN " + std::to_string(*vlan);
    const auto [entry, is_new] = owners_.try_emplace(address + " " + place, std::move(owner));
    if (!is_new)
        return Error(ErrorKind::name_taken, entry->second + " has the address " + address + " on " + place)
            .advise("Give each vif a mac= of its own, or none: then one is drawn.");
    return Claim(*this, entry->first);
}

} // namespace xendevd
