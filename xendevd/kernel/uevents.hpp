// SPDX-License-Identifier: BSD-3-Clause
// What the kernel tells of its own network back-ends: that one has an interface on the host now, or none any more.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "libchaos/result.hpp"
#include "libchaos/unique_fd.hpp"
#include "libchaos/xen/ids.hpp"
#include "xendevd/event_loop.hpp"

namespace xendevd {

/// A vif whose back-end is the kernel's.
struct KernelVif {
    chaos::DomainId domain{};
    std::uint32_t id = 0;

    friend auto operator<=>(const KernelVif&, const KernelVif&) = default;
};

struct VifUevent {
    KernelVif vif;
    bool is_online = false; ///< else it goes
};

/// Reads a message of the kernel's (Documentation/ABI, "uevent" in Linux): nothing if it is about something else.
std::optional<VifUevent> parse_uevent(std::string_view message);
/// Reads the name that the kernel gives to a back-end, "vif-5-0"; nothing if it is none of a vif.
std::optional<KernelVif> parse_back_end_name(std::string_view name);

/// The kernel's messages, in the loop.
class Uevents final : DescriptorHandler {
  public:
    using Told = std::function<void(const VifUevent&)>;
    /// `lost` is called if there were more messages than could be kept: any may be missing.
    static chaos::Result<std::unique_ptr<Uevents>> open(EventLoop& loop, Told told,
                                                        std::function<void()> lost);
    ~Uevents();

  private:
    Uevents(EventLoop& loop, chaos::UniqueFd socket, Told told, std::function<void()> lost)
        : loop_(loop), socket_(std::move(socket)), told_(std::move(told)), lost_(std::move(lost)) {}
    void handle_descriptor(std::uint32_t events) override;

    EventLoop& loop_;
    chaos::UniqueFd socket_;
    Told told_;
    std::function<void()> lost_;
};

} // namespace xendevd
