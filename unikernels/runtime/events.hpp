// SPDX-License-Identifier: BSD-3-Clause
// Event channels: the guest's interrupts.
#pragma once

#include <cstdint>

struct shared_info;

namespace unikernel {

using EventPort = std::uint32_t;

/// Calls a function for each event on a port. Events may be merged, spurious or, before bind(), lost: the
/// function looks at its device, not at the count. It runs with interrupts off; it must be short and neither
/// print nor allocate. Stays where it is while it is bound.
class EventHandler {
  public:
    explicit constexpr EventHandler(void (*run)()) : run_(run) {}
    EventHandler(const EventHandler&) = delete;
    EventHandler& operator=(const EventHandler&) = delete;

    /// From now on the function is called for events on `port`; and once at once, for those that came before.
    void bind(EventPort port);
    /// No more; the port is masked when nobody else listens to it, and stays open. Harmless if not bound.
    void unbind();

  private:
    friend void run_handlers(EventPort port);

    void (*run_)();
    EventPort port_ = 0;
    EventHandler* next_ = nullptr;
};

/// The page shared with the hypervisor. The first call maps it and switches interrupts on.
shared_info& shared_page();

/// Sends an event to the other end of `port`.
void notify(EventPort port);

} // namespace unikernel
