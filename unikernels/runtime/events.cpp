// SPDX-License-Identifier: BSD-3-Clause
// The two-level event channel ABI (xen/event_channel.h), delivered by a vector of its own.
#include "events.hpp"

#include "boot_info.hpp"
#include "cpu.hpp"
#include "hypercall.hpp"
#include "page_table.hpp"
#include "power.hpp"

#include <atomic>
#include <bit>

extern "C" void handle_upcall();

namespace unikernel {

void run_handlers(EventPort port);

namespace {

constexpr std::uint64_t upcall_vector = 32; // also in vectors.S
constexpr unsigned bits_per_word = 64;
constexpr EventPort port_count = bits_per_word * bits_per_word;

constinit shared_info* shared = nullptr;
constinit EventHandler* first_handler = nullptr;

void start_events() {
    // A frame beyond all RAM: putting the page over one of RAM would split a large page of the hypervisor's
    // tables.
    const std::uint64_t address = boot_info().first_free_address();
    xen_add_to_physmap placement{};
    placement.domid = DOMID_SELF;
    placement.space = XENMAPSPACE_shared_info;
    placement.gpfn = address / page_size;
    // Xen also takes from this call, made in long mode, that the shared page has its 64-bit layout.
    xen_hvm_param callback{};
    callback.domid = DOMID_SELF;
    callback.index = HVM_PARAM_CALLBACK_IRQ;
    callback.value = std::uint64_t{HVM_PARAM_CALLBACK_TYPE_VECTOR} << 56 | upcall_vector;
    if (!map_identity({address, address + page_size}) || memory_op(XENMEM_add_to_physmap, &placement) != 0 ||
        hvm_op(HVMOP_set_param, &callback) != 0) {
        panic("the hypervisor refused to deliver events");
    }
    shared = reinterpret_cast<shared_info*>(address);
    enable_interrupts();
}

} // namespace

shared_info& shared_page() {
    if (shared == nullptr) {
        start_events();
    }
    return *shared;
}

void EventHandler::bind(EventPort port) {
    auto& page = shared_page();
    if (port >= port_count || port_ != 0) {
        panic("an event handler was bound wrongly");
    }
    const InterruptsOff guard;
    port_ = port;
    next_ = first_handler;
    first_handler = this;
    const std::uint64_t bit = std::uint64_t{1} << port % bits_per_word;
    std::atomic_ref(page.evtchn_mask[port / bits_per_word]).fetch_and(~bit);
    // An event that came while the port was masked, or while nobody listened, sends no upcall any more.
    std::atomic_ref(page.evtchn_pending[port / bits_per_word]).fetch_and(~bit);
    // All of that port: it may have been an event for those that were bound before.
    run_handlers(port);
}

void EventHandler::unbind() {
    auto& page = shared_page();
    const InterruptsOff guard;
    bool shared_port = false;
    EventHandler** place = nullptr;
    for (EventHandler** link = &first_handler; *link != nullptr; link = &(*link)->next_) {
        if (*link == this) {
            place = link;
        } else if ((*link)->port_ == port_) {
            shared_port = true;
        }
    }
    if (place == nullptr) {
        return;
    }
    *place = next_;
    if (!shared_port) {
        std::atomic_ref(page.evtchn_mask[port_ / bits_per_word])
            .fetch_or(std::uint64_t{1} << port_ % bits_per_word);
    }
    port_ = 0;
}

void notify(EventPort port) {
    evtchn_send request{port};
    event_channel_op(EVTCHNOP_send, &request);
}

void run_handlers(EventPort port) {
    for (const EventHandler* handler = first_handler; handler != nullptr; handler = handler->next_) {
        if (handler->port_ == port) {
            handler->run_();
        }
    }
}

} // namespace unikernel

/// Called by vectors.S with interrupts off.
void handle_upcall() {
    using namespace unikernel;
    auto& vcpu = shared->vcpu_info[0];
    // Cleared before the words are read: an event that comes after the reading must raise a new upcall.
    std::atomic_ref(vcpu.evtchn_upcall_pending).store(0, std::memory_order_seq_cst);
    std::uint64_t words = std::atomic_ref(vcpu.evtchn_pending_sel).exchange(0);
    for (; words != 0; words &= words - 1) {
        const auto word = static_cast<EventPort>(std::countr_zero(words));
        std::atomic_ref pending(shared->evtchn_pending[word]);
        std::uint64_t active = pending.load() & ~std::atomic_ref(shared->evtchn_mask[word]).load();
        pending.fetch_and(~active);
        for (; active != 0; active &= active - 1) {
            run_handlers(word * bits_per_word + static_cast<EventPort>(std::countr_zero(active)));
        }
    }
}
