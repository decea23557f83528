// SPDX-License-Identifier: BSD-3-Clause
// The numbers Xen hands out, each as a type of its own, so that a domain id cannot be passed where a port is
// due.
#pragma once

#include <compare>
#include <cstdint>

namespace chaos {

/// A domain id; valid ids of guests are 1 to 32751 (xen/xen.h: DOMID_FIRST_RESERVED is 0x7FF0).
enum class DomainId : std::uint16_t {};

/// A guest-local or dom0-local event channel port, depending on whose it is; 0 is never valid.
enum class EventChannelPort : std::uint32_t {};

/// An index into a guest's grant table.
enum class GrantReference : std::uint32_t {};

/// A vCPU of a guest, counted from 0.
enum class VcpuId : std::uint32_t {};

/// A guest frame number: guest-physical address divided by 4096.
struct Gfn {
    std::uint64_t number = 0;

    friend constexpr auto operator<=>(Gfn, Gfn) = default;
    friend constexpr Gfn operator+(Gfn frame, std::uint64_t pages) { return Gfn{frame.number + pages}; }
    [[nodiscard]] constexpr std::uint64_t address() const { return number << 12; }
};

constexpr std::uint64_t page_size = 4096;

constexpr std::uint16_t raw(DomainId id) {
    return static_cast<std::uint16_t>(id);
}
constexpr std::uint32_t raw(EventChannelPort port) {
    return static_cast<std::uint32_t>(port);
}
constexpr std::uint32_t raw(GrantReference reference) {
    return static_cast<std::uint32_t>(reference);
}
constexpr std::uint32_t raw(VcpuId id) {
    return static_cast<std::uint32_t>(id);
}

constexpr DomainId this_domain{0};

} // namespace chaos
