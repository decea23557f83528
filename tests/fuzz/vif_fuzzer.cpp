// SPDX-License-Identifier: BSD-3-Clause
// A front end gone mad against the network back-end: the input says what it writes into rings and pages, when it
// connects and what reaches it. Whatever that is, nothing stays mapped, and a neighbour on the same switch gets its frames.
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "noxs/noxs.h"
#include "tests/fakes/xen.hpp"
#include "xendevd/vif/networks.hpp"
#include "xendevd/vif/ring.hpp"
#include "xendevd/vif/vif.hpp"

struct xentoollog_logger;

namespace chaos::xen {
// Not that of control.cpp, which would bring the real libraries along.
xentoollog_logger* silent_logger() {
    return nullptr;
}
} // namespace chaos::xen

using namespace xendevd;

namespace {

constexpr std::size_t guest_pages = 64;
constexpr chaos::MacAddress mad_mac{2, 0, 0, 0, 0, 1}, sane_mac{2, 0, 0, 0, 0, 2};

void must(bool holds) {
    if (!holds)
        std::abort();
}

/// Bytes of the input; zeros when there are no more.
class Input {
  public:
    Input(const std::uint8_t* data, std::size_t size) : data_(data), left_(size) {}
    [[nodiscard]] bool is_empty() const { return left_ == 0; }
    template<typename T = std::uint8_t>
    T take() {
        T value{};
        const std::size_t size = std::min(sizeof value, left_);
        std::memcpy(&value, data_, size);
        data_ += size;
        left_ -= size;
        return value;
    }

  private:
    const std::uint8_t* data_;
    std::size_t left_;
};

/// A guest whose page n is granted by reference n, but for the last ones; pages 0 and 1 are its rings.
struct Guest final : BackendOwner {
    Guest(chaos::fakes::Xen& machine, std::uint16_t id) : xen(machine), domain(machine.add_domain(id, {1})) {
        domain.hvm = true;
        domain.grant_table = xen.memory.allocate();
        auto* table = reinterpret_cast<grant_entry_v1_t*>(xen.memory.page(*domain.grant_table));
        std::memset(static_cast<void*>(table), 0, chaos::page_size);
        for (std::uint32_t gfn = 0; gfn < guest_pages; ++gfn) {
            domain.memory.add(gfn, *xen.memory.allocate());
            if (gfn < guest_pages - 4)
                table[gfn] = {static_cast<std::uint16_t>(gfn % 16 == 15 ? GTF_permit_access | GTF_readonly
                                                                        : GTF_permit_access),
                              0, gfn};
        }
    }
    std::byte* page(std::uint64_t gfn) { return xen.page(domain.id, gfn); }
    netif_tx_sring& transmit() { return *reinterpret_cast<netif_tx_sring*>(page(0)); }
    netif_rx_sring& receive() { return *reinterpret_cast<netif_rx_sring*>(page(1)); }
    void clear() {
        for (std::uint32_t gfn = 0; gfn < guest_pages; ++gfn)
            std::memset(page(gfn), 0, chaos::page_size);
    }
    void connect(std::uint8_t features) {
        const Offer offer{chaos::DomainId{domain.id},
                          {chaos::GrantReference{0}, chaos::GrantReference{1}},
                          features,
                          false};
        must(device->connect(offer, chaos::EventChannelPort{0}, *this).has_value());
    }
    void backend_failed(chaos::Error) override { device->disconnect(); }

    chaos::fakes::Xen& xen;
    chaos::fakes::Domain& domain;
    std::unique_ptr<Backend> device;
};

struct Machine {
    Machine() {
        daemon.networks = networks.get();
        int ends[2];
        must(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, ends) == 0);
        host = ends[0];
        own = std::make_unique<Switch>(*loop, log, networks->workspace(), "chaos0",
                                       Tap::of_socket(chaos::UniqueFd(ends[1])));
        must(own->listen().has_value());
    }
    void turn() { must(loop->turn(std::chrono::milliseconds(0)).has_value()); }
    /// False if so much waits to be read that there is no room.
    bool from_host(const void* packet, std::size_t size) const {
        return ::send(host, packet, size, MSG_DONTWAIT | MSG_NOSIGNAL) > 0;
    }
    void empty_host() const {
        char byte = 0;
        while (::recv(host, &byte, 1, MSG_DONTWAIT) > 0) {
        }
    }

    chaos::fakes::Xen& xen = chaos::fakes::boot(512);
    Guest mad{xen, 7}, sane{xen, 8};
    chaos::xen::GrantTable grants = *chaos::xen::GrantTable::open();
    std::unique_ptr<EventLoop> loop = *EventLoop::open();
    Log log{false};
    std::unique_ptr<Networks> networks = *Networks::open(*loop, grants, log, {}, "");
    Daemon daemon{*loop, grants, log, nullptr, "/tmp"};
    std::unique_ptr<Switch> own;
    int host = -1;
};

/// Puts headers that make sense into a page, so that offloads have something to work on.
void put_headers(std::byte* page, std::uint8_t what) {
    const auto bytes = std::span(page, chaos::page_size);
    const auto& to = what & 1 ? sane_mac : chaos::MacAddress{0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    std::memcpy(page, to.data(), 6);
    std::memcpy(page + 6, mad_mac.data(), 6);
    const bool ipv6 = what & 2;
    put16(bytes, 12, ipv6 ? 0x86dd : 0x0800);
    bytes[14] = std::byte{static_cast<unsigned char>(ipv6 ? 0x60 : 0x45)};
    put16(bytes, ipv6 ? 18 : 16, static_cast<std::uint16_t>(40 + what * 31));
    bytes[ipv6 ? 20 : 23] = std::byte{static_cast<unsigned char>(what & 4 ? 17 : 6)};
    bytes[(ipv6 ? 54 : 34) + 12] = std::byte{0x50};
}

void put_request(Guest& guest, Input& input) {
    netif_tx_request request{};
    request.gref = input.take() % guest_pages;
    request.offset = static_cast<std::uint16_t>(input.take() & 0x80 ? input.take<std::uint16_t>() : 0);
    request.flags = input.take() & 0xf;
    request.id = input.take();
    request.size = input.take<std::uint16_t>();
    std::memcpy(&guest.transmit().ring[guest.transmit().req_prod++ % 256], &request, sizeof request);
}

void put_extra(Guest& guest, Input& input) {
    netif_extra_info extra{};
    extra.type = input.take() % 6;
    extra.flags = input.take() & 1;
    extra.u.gso.size = input.take<std::uint16_t>();
    extra.u.gso.type = input.take() % 4;
    std::memcpy(&guest.transmit().ring[guest.transmit().req_prod++ % 256], &extra, sizeof extra);
}

void provide(Guest& guest, Input& input) {
    for (unsigned count = input.take() % 40; count > 0; --count) {
        netif_rx_request request{};
        request.gref = (input.take() + count) % guest_pages;
        std::memcpy(&guest.receive().ring[guest.receive().req_prod++ % 256], &request, sizeof request);
    }
}

/// The neighbour is as if nothing had happened.
void check_neighbour(Machine& machine) {
    machine.turn();
    Guest& sane = machine.sane;
    sane.device->disconnect(); // what the mad one sent it is not wanted
    sane.clear();
    for (std::uint32_t index = 0; index < 8; ++index) {
        netif_rx_request request{};
        request.gref = 2 + index;
        std::memcpy(&sane.receive().ring[index], &request, sizeof request);
    }
    sane.receive().req_prod = 8;
    sane.connect(0);
    std::byte packet[10 + 60] = {};
    std::memcpy(packet + 10, sane_mac.data(), 6);
    packet[10 + 59] = std::byte{42};
    for (int turns = 0; turns < 100 && !machine.from_host(packet, sizeof packet); ++turns)
        machine.turn();
    for (int turns = 0; turns < 100 && sane.receive().rsp_prod == 0; ++turns)
        machine.turn();
    must(sane.receive().rsp_prod == 1 && sane.receive().ring[0].rsp.status == 60 &&
         sane.page(2)[59] == std::byte{42});
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static Machine machine;
    Guest& mad = machine.mad;
    Input input(data, size);
    mad.clear();
    machine.sane.clear();
    VifSettings settings;
    settings.mac = sane_mac;
    machine.sane.device = *make_vif_on_switch(machine.daemon, *machine.own, settings);
    settings.mac = mad_mac;
    settings.mtu = 9000;
    const std::uint8_t how = input.take();
    int host_end = -1;
    if (how & 1) {
        mad.device = *make_vif_on_switch(machine.daemon, *machine.own, settings);
    } else {
        int ends[2];
        must(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, ends) == 0);
        host_end = ends[0];
        mad.device = make_vif_on_tap(machine.daemon, Tap::of_socket(chaos::UniqueFd(ends[1])), settings);
    }
    mad.connect(input.take());
    machine.sane.connect(how >> 2);
    while (!input.is_empty()) {
        switch (input.take() % 12) {
        case 0:
        case 1:
            put_request(mad, input);
            break;
        case 2:
            put_extra(mad, input);
            break;
        case 3:
            provide(mad, input);
            break;
        case 4: {
            const std::uint8_t what = input.take();
            put_headers(mad.page(2 + what % 58), what);
            break;
        }
        case 5: // anything anywhere
            mad.page(input.take() % guest_pages)[input.take<std::uint16_t>() % chaos::page_size] =
                std::byte{input.take()};
            break;
        case 6:
            (input.take() & 1 ? mad.transmit().req_prod : mad.receive().req_prod) +=
                static_cast<std::uint32_t>(input.take<std::int8_t>());
            break;
        case 7:
            mad.device->handle_event();
            break;
        case 8:
            machine.turn();
            break;
        case 9:
            mad.connect(input.take());
            break;
        case 10: { // a frame for it
            static std::byte packet[10 + 66000];
            std::memset(packet, 0, 64);
            packet[0] = std::byte{input.take()} & std::byte{3};
            packet[1] = std::byte{input.take()} & std::byte{5};
            put_headers(packet + 10, input.take());
            std::memcpy(packet + 10, mad_mac.data(), 6);
            packet[4] = std::byte{input.take()};
            packet[6] = std::byte{input.take()};
            packet[8] = std::byte{input.take()};
            const std::size_t length = 10 + input.take<std::uint16_t>();
            if (host_end >= 0)
                (void)::send(host_end, packet, length, MSG_DONTWAIT | MSG_NOSIGNAL);
            else
                (void)machine.from_host(packet, length);
            break;
        }
        case 11:
            provide(machine.sane, input);
            break;
        }
    }
    mad.device->handle_event();
    machine.turn();
    check_neighbour(machine);
    mad.device.reset();
    machine.sane.device.reset();
    if (host_end >= 0)
        ::close(host_end);
    machine.empty_host();
    must(mad.domain.mapped == 0 && machine.sane.domain.mapped == 0 && machine.xen.complaints().empty());
    machine.xen.clear_calls();
    return 0;
}
