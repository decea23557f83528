// SPDX-License-Identifier: BSD-3-Clause
// Sends frames as fast as they go or at a given rate, counts those that come, and says both once a second.
//
//   to=10.0.0.1    UDP to that address, port=9; without it nothing is sent, and pktgen is a sink
//   raw            frames of an experimental Ethernet type, to everybody
//   size=18        bytes of payload, at most what a frame takes
//   rate=0         frames a second, 0: as many as possible
//   count=0        ends after so many, 0: never
//   seconds=0      ends after so long, 0: never
//
// Addresses as in daytime.
#include "command_line.hpp"
#include "network.hpp"

#include <algorithm>
#include <cstring>

#include <lwip/udp.h>

using namespace unikernel;

namespace {

constexpr std::uint64_t second = 1'000'000'000;
constexpr std::uint64_t frames_a_round = 64;

struct Plan {
    std::optional<net::Ipv4> to;
    u16_t port = 9;
    bool raw = false;
    u16_t size = 18;
    std::uint64_t rate = 0;
    std::uint64_t count = 0;
    std::uint64_t seconds = 0;
};

class Sender {
  public:
    explicit Sender(const Plan& plan) : plan_(plan), socket_(udp_new()), start_(monotonic_ns()) {
        if (socket_ == nullptr) {
            panic("no memory to send");
        }
        if (plan.to) {
            IP4_ADDR(&to_, (*plan.to)[0], (*plan.to)[1], (*plan.to)[2], (*plan.to)[3]);
        }
    }

    /// Sends what is due; returns when more will be.
    std::uint64_t send() {
        if (!plan_.to && !plan_.raw) {
            return ~std::uint64_t{0};
        }
        const std::uint64_t now = monotonic_ns();
        const std::uint64_t due =
            plan_.rate == 0 ? sent_ + frames_a_round : (now - start_) / 1000 * plan_.rate / 1'000'000 + 1;
        const std::uint64_t last = plan_.count == 0 ? due : std::min(due, plan_.count);
        while (sent_ < last && send_one()) {
            ++sent_;
        }
        if (sent_ < last) {
            return ~std::uint64_t{0}; // no room: the vif says when there is
        }
        return plan_.rate == 0 ? now : start_ + (sent_ * second) / plan_.rate;
    }
    [[nodiscard]] std::uint64_t sent() const { return sent_; }

  private:
    bool send_one() {
        pbuf* data = pbuf_alloc(plan_.raw ? PBUF_LINK : PBUF_TRANSPORT, plan_.size, PBUF_RAM);
        if (data == nullptr) {
            return false;
        }
        std::memset(data->payload, 0, plan_.size);
        std::memcpy(data->payload, &sent_, std::min<std::size_t>(plan_.size, sizeof(sent_)));
        const bool done = plan_.raw ? send_raw(*data) : udp_sendto(socket_, data, &to_, plan_.port) == ERR_OK;
        pbuf_free(data);
        return done;
    }
    bool send_raw(pbuf& data) const {
        net::Interface* way = net::interface(0);
        if (way == nullptr || pbuf_add_header(&data, 14) != 0) {
            return false;
        }
        auto* header = static_cast<std::uint8_t*>(data.payload);
        std::memset(header, 0xff, 6);
        std::memcpy(header + 6, way->lwip().hwaddr, 6);
        header[12] = 0x88;
        header[13] = 0xb5;
        return way->lwip().linkoutput(&way->lwip(), &data) == ERR_OK;
    }

    Plan plan_;
    udp_pcb* socket_;
    ip_addr_t to_{};
    std::uint64_t start_;
    std::uint64_t sent_ = 0;
};

Vif::Counters counters() {
    net::Interface* first = net::interface(0);
    return first != nullptr ? first->vif()->counters() : Vif::Counters{};
}

/// Gives the other side a moment to take what was sent last.
void leave() {
    for (const std::uint64_t end = monotonic_ns() + second / 5; monotonic_ns() < end;) {
        net::wait(end);
        net::round();
    }
}

Plan read_plan(std::string_view line) {
    Plan plan;
    if (const auto to = find_value(line, "to")) {
        plan.to = net::parse_ipv4(*to);
    }
    plan.port = static_cast<u16_t>(number_or(line, "port", plan.port));
    plan.size = static_cast<u16_t>(std::min<std::uint64_t>(number_or(line, "size", plan.size), 1472));
    plan.rate = number_or(line, "rate", 0);
    plan.count = number_or(line, "count", 0);
    plan.seconds = number_or(line, "seconds", 0);
    return plan;
}

} // namespace

void unikernel::app_main(const BootInfo& boot) {
    Plan plan = read_plan(boot.command_line());
    plan.raw = boot.has_option("raw");
    auto options = boot.ram_bytes() >= 4'000 * kibibyte ? net::fast : net::Options{};
    options.vif.features &= ~(NOXS_VIF_SCATTER_GATHER | NOXS_VIF_GSO_TCP4);
    net::start(boot, options);
    net::receive(plan.port, [](void*, udp_pcb*, pbuf* data, const ip_addr_t*, u16_t) { pbuf_free(data); });
    ready();

    Sender sender(plan);
    const std::uint64_t start = monotonic_ns();
    std::uint64_t next_report = start + second;
    Vif::Counters before = counters();
    for (;;) {
        const std::uint64_t next = sender.send();
        net::round();
        const std::uint64_t now = monotonic_ns();
        const bool over = (plan.count != 0 && sender.sent() >= plan.count) ||
                          (plan.seconds != 0 && now >= start + plan.seconds * second);
        if (now >= next_report || over) {
            const Vif::Counters after = counters();
            print("pktgen: in {} ms sent {} frames, {} bytes; received {} frames, {} bytes\n",
                  (now - next_report + second) / 1'000'000,
                  after.transmitted_frames - before.transmitted_frames,
                  after.transmitted_bytes - before.transmitted_bytes,
                  after.received_frames - before.received_frames,
                  after.received_bytes - before.received_bytes);
            before = after;
            next_report = now + second;
        }
        if (over) {
            return leave();
        }
        net::wait(std::min(next, next_report));
    }
}
