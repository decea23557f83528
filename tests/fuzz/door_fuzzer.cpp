// SPDX-License-Identifier: BSD-3-Clause
// A guest gone mad at the control page of a device: any bytes, at any moment, while the toolstack removes the device politely
// or by force. The back-end is offered nothing that docs/noxs.md does not allow, and nothing stays mapped.
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <optional>

#include "noxs/noxs.h"
#include "tests/fakes/xen.hpp"
#include "xendevd/noxs_door.hpp"

struct xentoollog_logger;

#include <xen/xen.h>

#include <xen/grant_table.h>

namespace chaos::xen {
// Not that of control.cpp, which would bring the real libraries along.
xentoollog_logger* silent_logger() {
    return nullptr;
}
} // namespace chaos::xen

extern "C" ssize_t __real_write(int file, const void* bytes, std::size_t size);
/// Event channels are unmasked by writing to their descriptor, which is the fake's here.
extern "C" ssize_t __wrap_write(int file, const void* bytes, std::size_t size) {
    return chaos::fakes::take_unmasked_ports(file, bytes, size) ? static_cast<ssize_t>(size)
                                                                : __real_write(file, bytes, size);
}

using namespace xendevd;

namespace {

constexpr chaos::DomainId guest{7};
constexpr std::uint64_t control_gfn = 1;
constexpr chaos::GrantReference control_reference{8};

void must(bool holds) {
    if (!holds)
        std::abort();
}

class Input {
  public:
    Input(const std::uint8_t* data, std::size_t size) : data_(data), size_(size) {}
    [[nodiscard]] bool is_empty() const { return size_ == 0; }
    template<typename T = std::uint8_t>
    T take() {
        T value{};
        const std::size_t count = std::min(sizeof value, size_);
        std::memcpy(&value, data_, count);
        data_ += count;
        size_ -= count;
        return value;
    }

  private:
    const std::uint8_t* data_;
    std::size_t size_;
};

/// Serves nothing, and holds the door to what it promises a back-end.
class Listener final : public Backend {
  public:
    [[nodiscard]] std::uint32_t features() const override { return 7; }
    chaos::Result<std::uint32_t> connect(const Offer& offer, chaos::EventChannelPort,
                                         BackendOwner& owner) override {
        must(!owner_ && offer.domain == guest);
        must(!offer.rings.empty() && offer.rings.size() <= NOXS_MAXIMUM_RING_PAGES);
        if (refuses)
            return chaos::Error(chaos::ErrorKind::guest_failed, "it is refused");
        owner_ = &owner;
        return offer.features & features();
    }
    void handle_event() override {
        must(owner_ != nullptr);
        if (fails)
            owner_->backend_failed(chaos::Error(chaos::ErrorKind::guest_failed, "it fails"));
    }
    [[nodiscard]] bool is_idle() const override { return !is_busy; }
    void stop_taking_requests() override {}
    void disconnect() override { owner_ = nullptr; }
    [[nodiscard]] Counters counters() const override { return {}; }
    void describe(nlohmann::json&) const override {}

    bool refuses = false, fails = false, is_busy = false;

  private:
    BackendOwner* owner_ = nullptr;
};

struct Machine {
    Machine() {
        domain.hvm = true;
        domain.grant_table = xen.memory.allocate();
        auto* table = reinterpret_cast<grant_entry_v1_t*>(xen.memory.page(*domain.grant_table));
        std::memset(static_cast<void*>(table), 0, chaos::page_size);
        for (std::uint64_t gfn = 0; gfn < 4; ++gfn)
            domain.memory.add(gfn, *xen.memory.allocate());
        table[raw(control_reference)] = {GTF_permit_access, 0, control_gfn};
        for (int port = 1; port <= 2; ++port)
            domain.ports.push_back({true, 0, 0});
    }
    chaos::fakes::Xen& xen = chaos::fakes::boot(64);
    chaos::fakes::Domain& domain = xen.add_domain(raw(guest), {1});
    chaos::xen::GrantTable grants = *chaos::xen::GrantTable::open();
    std::unique_ptr<EventLoop> loop = *EventLoop::open();
    Log log{false};
    Daemon daemon{*loop, grants, log, nullptr, "/tmp"};
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static Machine machine;
    Input input(data, size);
    std::byte* page = machine.xen.page(raw(guest), control_gfn);
    std::memset(page, 0, chaos::page_size);

    auto owned = std::make_unique<Listener>();
    Listener* listener = owned.get();
    auto opened = NoxsDoor::open(machine.daemon, "the device", guest, chaos::EventChannelPort{1},
                                 control_reference, std::move(owned));
    must(opened.has_value());
    std::unique_ptr<NoxsDoor> door = std::move(*opened);
    bool is_going = false, is_removed = false;
    auto& half = reinterpret_cast<noxs_vif_page*>(page)->frontend;
    while (!input.is_empty() && !is_removed) {
        switch (input.take() % 7) {
        case 0: // anything anywhere
            page[input.take() % sizeof(noxs_vif_page)] = std::byte{input.take()};
            break;
        case 1: // an offer that is nearly good
            half.features = input.take();
            half.ring_pages = input.take() % 10;
            for (std::uint32_t& reference : half.ring_references)
                reference = input.take();
            half.state = NOXS_FRONTEND_OFFERED;
            ++half.sequence;
            break;
        case 2:
            half.state = input.take() % 4;
            ++half.sequence;
            break;
        case 3:
            machine.xen.notify_from(machine.domain, 1);
            break;
        case 4:
            must(machine.loop->turn(std::chrono::milliseconds(0)).has_value());
            break;
        case 5: {
            const std::uint8_t how = input.take();
            listener->refuses = how & 1;
            listener->fails = how & 2;
            listener->is_busy = how & 4;
            break;
        }
        case 6:
            if (is_going)
                break;
            is_going = true;
            door->remove(input.take() & 1, std::chrono::milliseconds(0), [&](chaos::Result<void> result) {
                is_going = false;
                is_removed = result.has_value();
            });
            break;
        }
    }
    must(machine.loop->turn(std::chrono::milliseconds(0)).has_value());
    door.reset();
    must(machine.domain.mapped == 0 && machine.xen.complaints().empty());
    machine.xen.clear_calls();
    return 0;
}
