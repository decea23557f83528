// SPDX-License-Identifier: BSD-3-Clause
// A front end gone mad against the disk back-end: the input says what it writes into ring and pages, and when it
// connects. Whatever that is, nothing is read or written beyond the disk, and nothing stays mapped.
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <optional>

#include "noxs/noxs.h"
#include "tests/fakes/xen.hpp"
#include "xendevd/vbd/engine.hpp"
#include "xendevd/vbd/vbd.hpp"

struct xentoollog_logger;

#include <xen/xen.h>

#include <xen/grant_table.h>
#include <xen/io/blkif.h>

namespace chaos::xen {
// Not that of control.cpp, which would bring the real libraries along.
xentoollog_logger* silent_logger() {
    return nullptr;
}
} // namespace chaos::xen

using namespace xendevd;

namespace {

constexpr chaos::DomainId guest{7};
constexpr std::size_t guest_pages = 64, ring_pages = 8;
constexpr off_t image_bytes = 1 << 20;

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

struct Machine : BackendOwner {
    Machine() {
        domain.hvm = true;
        domain.grant_table = xen.memory.allocate();
        auto* table = reinterpret_cast<grant_entry_v1_t*>(xen.memory.page(*domain.grant_table));
        std::memset(static_cast<void*>(table), 0, chaos::page_size);
        // Page n is granted by reference n: the first ones are the ring's, the last ones are not granted.
        for (std::uint32_t gfn = 0; gfn < guest_pages; ++gfn) {
            domain.memory.add(gfn, *xen.memory.allocate());
            if (gfn < guest_pages - 4)
                table[gfn] = {GTF_permit_access, 0, gfn};
        }
        must(::ftruncate(image, image_bytes) == 0);
    }
    std::byte* page(std::uint64_t gfn) { return xen.page(raw(guest), gfn); }
    blkif_sring& ring() { return *reinterpret_cast<blkif_sring*>(page(0)); }

    void backend_failed(chaos::Error) override { device->disconnect(); }

    void make(const VbdSettings& settings) {
        device = *make_vbd(daemon, guest, settings, chaos::UniqueFd(::dup(image)));
    }
    void connect(std::uint8_t how) {
        Offer offer{guest, {}, how & 15u, (how & 16) != 0};
        for (std::uint32_t reference = 0; reference < 1u << (how >> 5); ++reference)
            offer.rings.push_back(chaos::GrantReference{reference % static_cast<std::uint32_t>(ring_pages)});
        (void)device->connect(offer, chaos::EventChannelPort{0}, *this).has_value();
    }
    void turn() { must(loop->turn(std::chrono::milliseconds(0)).has_value()); }

    chaos::fakes::Xen& xen = chaos::fakes::boot(256);
    chaos::fakes::Domain& domain = xen.add_domain(raw(guest), {1});
    chaos::xen::GrantTable grants = *chaos::xen::GrantTable::open();
    std::unique_ptr<EventLoop> loop = *EventLoop::open();
    Log log{false};
    Daemon daemon{*loop, grants, log, nullptr, "/tmp"};
    std::shared_ptr<Engine> engine = *Engine::get(*loop); // one for all inputs
    int image = ::memfd_create("image", MFD_CLOEXEC);
    std::unique_ptr<Backend> device;
};

/// Requests as a front end would write them, with anything in them.
void put_request(Machine& machine, Input& input) {
    blkif_request request{};
    request.operation = input.take() % 9;
    request.nr_segments = input.take() % 14;
    request.id = input.take<std::uint16_t>();
    request.sector_number = input.take<std::uint16_t>();
    for (auto& segment : request.seg)
        segment = {input.take() % static_cast<std::uint32_t>(guest_pages),
                   static_cast<std::uint8_t>(input.take() % 9), static_cast<std::uint8_t>(input.take() % 9)};
    std::byte* entries = machine.page(0) + 64;
    std::memcpy(entries + machine.ring().req_prod++ % 32 * sizeof(blkif_sring_entry), &request,
                sizeof request);
}

void put_indirect(Machine& machine, Input& input) {
    blkif_request_indirect request{};
    request.operation = BLKIF_OP_INDIRECT;
    request.indirect_op = input.take() % 4;
    request.nr_segments = input.take<std::uint16_t>() % 300;
    request.id = input.take<std::uint16_t>();
    request.sector_number = input.take<std::uint16_t>();
    request.indirect_grefs[0] = input.take() % guest_pages;
    const std::uint8_t seed = input.take();
    for (std::uint32_t index = 0; index < 256 && request.indirect_grefs[0] > ring_pages; ++index) {
        const blkif_request_segment segment{(seed + index) % static_cast<std::uint32_t>(guest_pages - 4), 0,
                                            static_cast<std::uint8_t>(seed % 9)};
        std::memcpy(machine.page(request.indirect_grefs[0]) + index * sizeof segment, &segment,
                    sizeof segment);
    }
    std::byte* entries = machine.page(0) + 64;
    std::memcpy(entries + machine.ring().req_prod++ % 32 * sizeof(blkif_sring_entry), &request,
                sizeof request);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static Machine machine;
    Input input(data, size);
    for (std::uint32_t gfn = 0; gfn < guest_pages; ++gfn)
        std::memset(machine.page(gfn), 0, chaos::page_size);
    VbdSettings settings;
    const std::uint8_t how = input.take();
    settings.read_only = how & 1;
    settings.sector_size = how & 2 ? 4096 : 512;
    machine.make(settings);
    machine.connect(input.take());
    while (!input.is_empty()) {
        switch (input.take() % 10) {
        case 0:
        case 1:
            put_request(machine, input);
            break;
        case 2:
            put_indirect(machine, input);
            break;
        case 3:
            machine.ring().req_prod += static_cast<std::uint32_t>(input.take<std::int8_t>());
            break;
        case 4: { // anything anywhere
            const std::size_t at = input.take<std::uint16_t>();
            machine.page(at / chaos::page_size)[at % chaos::page_size] = std::byte{input.take()};
            break;
        }
        case 5:
            machine.device->handle_event();
            break;
        case 6:
            machine.turn();
            break;
        case 7:
            machine.device->disconnect();
            break;
        case 8:
            machine.connect(input.take());
            break;
        case 9:
            machine.device->stop_taking_requests();
            break;
        }
    }
    machine.device->handle_event();
    machine.turn();
    machine.device.reset();
    while (machine.engine.use_count() > 1) // until the last operation is finished and told
        must(machine.loop->turn(std::chrono::milliseconds(1000)).has_value());
    must(machine.domain.mapped == 0 && machine.xen.complaints().empty());
    struct stat status {};
    must(::fstat(machine.image, &status) == 0 && status.st_size == image_bytes);
    machine.xen.clear_calls();
    return 0;
}
