// SPDX-License-Identifier: BSD-3-Clause
// The device page of a guest that runs, and the places in it (docs/noxs.md, section 5, "Hot plug").
#pragma once

#include "libchaos/domain/binding.hpp"
#include "libchaos/domain/device_page.hpp"
#include "libchaos/domain/host.hpp"
#include "libchaos/domain/query.hpp"
#include "libchaos/xen/foreign_memory.hpp"

namespace chaos {

/// A place that is ready for a device: its page is mapped and clear.
struct OpenSlot {
    DeviceSlot slot;
    xen::Mapping page;
};

class HotPlug {
  public:
    /// For the guest of `record`, whose lock the caller holds. The Host must outlive it.
    static Result<HotPlug> open(Host& host, const GuestRecord& record);

    /// Fails with guest_failed unless the guest has said that it notices devices that come.
    [[nodiscard]] Result<void> check_notices() const;
    /// Takes a place out of record.free_slots, or makes a new one in the window: page, event channel, grant. Who does not
    /// use it puts it into record.free_slots.
    Result<OpenSlot> take_slot(GuestRecord& record);
    Result<void> show(DeviceName device, const DeviceSlot& slot);
    Result<void> hide(const DeviceSlot& slot);
    /// Whether the guest is shown the device that has that place.
    [[nodiscard]] bool shows(const DeviceSlot& slot) const { return has_entry(device_page(), slot); }
    /// Has the guest look at its device page; it does no harm if nothing has changed there.
    Result<void> notify() { return binding_.notify(); }

  private:
    HotPlug(Host& host, DomainId domain, xen::Mapping pages, Binding binding)
        : host_(&host), domain_(domain), pages_(std::move(pages)), binding_(std::move(binding)) {}
    Result<xen::Mapping> map_new_page(Gfn frame);
    [[nodiscard]] std::byte* system_page() const { return pages_.page(0); }
    [[nodiscard]] std::byte* device_page() const { return pages_.page(1); }

    Host* host_;
    DomainId domain_;
    xen::Mapping pages_;
    Binding binding_;
};

} // namespace chaos
