// SPDX-License-Identifier: BSD-3-Clause
// The loop: frames in, callbacks, timers that are due, frames out; then sleep until an event or a timer. A timer that has
// nothing to do wakes nobody: an idle guest costs nothing.
#include "network.hpp"

#include "devices.hpp"

#include <lwip/dhcp.h>
#include <lwip/etharp.h>
#include <lwip/mem.h>
#include <lwip/memp.h>
#include <lwip/priv/tcp_priv.h>
#include <lwip/udp.h>

#include "lwipopts.h"

namespace unikernel::net {

namespace {

constexpr std::size_t most_interfaces = 16;
constexpr std::uint64_t millisecond = 1'000'000;
constexpr std::uint64_t never = ~std::uint64_t{0};

constinit Interface* interfaces[most_interfaces] = {};
constinit Options options;
constinit std::uint32_t known_generation = 0;
/// ARP asks again for so long after the last frame that we sent; then its timer may rest. What others send to all, however
/// much, costs us one look.
constinit std::uint64_t quiet_since = 0;
constexpr std::uint64_t arp_patience = 6'000 * millisecond;

/// Something that lwIP wants called at intervals. `is_needed` says whether it is worth waking up for; when it rested it is
/// called as often as it would have been, up to `most_at_once`.
struct Timer {
    std::uint64_t interval;
    unsigned most_at_once;
    void (*run)();
    bool (*is_needed)();
    std::uint64_t due = 0;
};

bool any_waits_for_dhcp() {
    for (Interface* each : interfaces) {
        if (each && each->waits_for_dhcp()) {
            return true;
        }
    }
    return false;
}

bool any_uses_dhcp() {
    for (Interface* each : interfaces) {
        if (each && !each->is_over() && netif_dhcp_data(&each->lwip()) != nullptr) {
            return true;
        }
    }
    return false;
}

constinit Timer timers[] = {
    {TCP_TMR_INTERVAL * millisecond, 4, tcp_tmr,
     [] { return tcp_active_pcbs != nullptr || tcp_tw_pcbs != nullptr; }},
    {ARP_TMR_INTERVAL * millisecond, 300, etharp_tmr,
     [] { return monotonic_ns() < quiet_since + arp_patience; }},
    {DHCP_FINE_TIMER_MSECS * millisecond, 1, dhcp_fine_tmr, any_waits_for_dhcp},
    {DHCP_COARSE_TIMER_MSECS * millisecond, 60, dhcp_coarse_tmr, any_uses_dhcp},
};

void run_timers() {
    const std::uint64_t now = monotonic_ns();
    for (auto& timer : timers) {
        if (now < timer.due) {
            continue;
        }
        const std::uint64_t late = (now - timer.due) / timer.interval;
        for (std::uint64_t i = 0; i <= late && i < timer.most_at_once; ++i) {
            timer.run();
        }
        timer.due += (late + 1) * timer.interval;
    }
}

std::uint64_t next_timer() {
    std::uint64_t next = never;
    for (const auto& timer : timers) {
        next = timer.due < next && timer.is_needed() ? timer.due : next;
    }
    return next;
}

/// Opens what is new on the device page and forgets what is gone. Returns the first new one.
Interface* follow_device_page() {
    known_generation = device_generation();
    Device devices[most_interfaces];
    const auto listed = std::span(devices).first(list_devices(NOXS_DEVICE_VIF, devices));
    Interface* first_new = nullptr;
    for (Interface*& each : interfaces) {
        bool still_there = false;
        for (const auto& device : listed) {
            still_there = still_there || (each && each->is(device));
        }
        if (each && !still_there && each->is_over()) {
            delete each;
            each = nullptr;
        }
    }
    for (const auto& device : listed) {
        Interface** place = nullptr;
        bool known = false;
        for (Interface*& each : interfaces) {
            known = known || (each && each->is(device));
            place = !each && place == nullptr ? &each : place;
        }
        if (!known && place != nullptr) {
            *place = Interface::open(device, options.vif).release();
            first_new = first_new == nullptr ? *place : first_new;
        }
    }
    return first_new;
}

void bring_up_new_ones(Interface* first, std::optional<Address> address) {
    for (Interface* each : interfaces) {
        if (each && each->is_new()) {
            each->bring_up(each == first ? address : std::nullopt);
        }
    }
}

/// lwip_init() does the same, but init.c does not believe in windows that are no constants.
void start_lwip() {
    mem_init();
    memp_init();
    netif_init();
    udp_init();
    tcp_init();
}

} // namespace

void start(const BootInfo& boot, const Options& wanted) {
    options = wanted;
    follow_devices();
    // The back-end looks at our offer while lwIP starts.
    Interface* first = follow_device_page();
    memory_limit = boot.ram_bytes() / 2;
    network_receive_window = options.receive_window;
    network_send_buffer = options.send_buffer;
    start_lwip();
    const std::uint64_t now = monotonic_ns();
    for (auto& timer : timers) {
        timer.due = now + timer.interval;
    }
    quiet_since = now;
    bring_up_new_ones(first, parse_address(boot.command_line()));
    for (Interface* each : interfaces) {
        if (each) {
            each->publish();
        }
    }
}

void listen(std::uint16_t port, tcp_accept_fn accepted) {
    tcp_pcb* socket = tcp_new();
    if (socket == nullptr || tcp_bind(socket, IP_ADDR_ANY, port) != ERR_OK ||
        (socket = tcp_listen(socket)) == nullptr) {
        panic("no memory to listen");
    }
    tcp_accept(socket, accepted);
}

void receive(std::uint16_t port, udp_recv_fn received) {
    udp_pcb* socket = udp_new();
    if (socket == nullptr || udp_bind(socket, IP_ADDR_ANY, port) != ERR_OK) {
        panic("no memory to receive");
    }
    udp_recv(socket, received, nullptr);
}

void send_large_segments(tcp_pcb* connection) {
    const netif* route = ip4_route(&connection->remote_ip);
    auto* way = route != nullptr ? static_cast<Interface*>(route->state) : nullptr;
    // Only if the peer takes segments as large as the interface's: else we would have to cut them ourselves.
    if (way == nullptr || way->is_over() || (way->vif()->features() & NOXS_VIF_GSO_TCP4) == 0 ||
        connection->mss + 40 != route->mtu) {
        return;
    }
    connection->mss = static_cast<u16_t>(connection->mss * ((Vif::longest_frame - 4096) / connection->mss));
    connection->cwnd = LWIP_MAX(connection->cwnd, tcpwnd_size_t{2} * connection->mss);
}

void round() {
    if (device_generation() != known_generation) {
        follow_device_page();
        bring_up_new_ones(nullptr, std::nullopt);
    }
    bool received = false;
    bool has_room = false;
    for (Interface* each : interfaces) {
        if (each) {
            received = each->receive() || received;
            has_room = each->take_new_room() || has_room;
        }
    }
    if (received) {
        // Whatever was received together is acknowledged together, now: nobody waits for a timer.
        tcp_fasttmr();
    }
    for (tcp_pcb* each = has_room ? tcp_active_pcbs : nullptr; each != nullptr; each = each->next) {
        tcp_output(each);
    }
    run_timers();
    for (Interface* each : interfaces) {
        if (each) {
            each->publish();
            quiet_since = each->take_has_sent() ? monotonic_ns() : quiet_since;
        }
    }
}

void wait(std::uint64_t deadline_ns) {
    const std::uint64_t timer = next_timer();
    const std::uint64_t deadline = timer < deadline_ns ? timer : deadline_ns;
    if (deadline != never) {
        wake_by_ns(deadline);
    }
    wait_until([deadline] {
        for (Interface* each : interfaces) {
            if (each && each->has_work()) {
                return true;
            }
        }
        if (device_generation() != known_generation || (deadline != never && monotonic_ns() >= deadline)) {
            return true;
        }
        if (deadline != never) {
            wake_by_ns(deadline); // the timer may have been set for an earlier moment, which came
        }
        return false;
    });
}

void run() {
    for (;;) {
        round();
        wait();
    }
}

Interface* interface(std::uint16_t id) {
    for (Interface* each : interfaces) {
        if (each && !each->is_over() && each->vif()->device().id == id) {
            return each;
        }
    }
    return nullptr;
}

} // namespace unikernel::net
