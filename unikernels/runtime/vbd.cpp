// SPDX-License-Identifier: BSD-3-Clause
// The ring of xen/io/blkif.h in its 64-bit layout. Responses come in any order; an id tells which request they are for.
#include "vbd.hpp"

#include "page_allocator.hpp"

#include <new>

namespace unikernel {

namespace {

static_assert(sizeof(blkif_request) == 112 && sizeof(blkif_response) == 16);
static_assert(offsetof(blkif_request, id) == 8 && offsetof(blkif_request_indirect, id) == 8);

constexpr std::size_t sectors_per_page = page_size / Vbd::sector;
constexpr std::uint64_t request_bits = 8; // of an id; the rest counts

template<typename Field>
Field read_once(const Field& field) {
    return *static_cast<const volatile Field*>(&field);
}

std::uint8_t code_of(Vbd::Operation operation) {
    switch (operation) {
    case Vbd::Operation::read:
        return BLKIF_OP_READ;
    case Vbd::Operation::write:
        return BLKIF_OP_WRITE;
    case Vbd::Operation::flush:
        return BLKIF_OP_FLUSH_DISKCACHE;
    default:
        return BLKIF_OP_DISCARD;
    }
}

} // namespace

std::size_t Vbd::pages_for(const Options& options) {
    return options.ring_pages +
           std::size_t{options.requests} * (options.pages + (needs_lists(options) ? 1 : 0));
}

std::unique_ptr<Vbd> Vbd::open(const Device& device, const Options& options) {
    const std::size_t pages = pages_for(options);
    if (options.ring_pages == 0 || (options.ring_pages & (options.ring_pages - 1)) != 0 ||
        options.ring_pages > NOXS_MAXIMUM_RING_PAGES || options.requests == 0 ||
        options.requests > most_requests || options.pages == 0 || options.pages > most_pages ||
        pages - options.ring_pages > most_pages_in_all ||
        options.requests > decltype(ring_)::slots_in(options.ring_pages)) {
        return nullptr;
    }
    void* memory = allocate_pages(pages);
    const GrantReference first = memory != nullptr ? grant_pages(device.backend_domain, memory, pages) : 0;
    Vbd* vbd = first != 0 ? new (std::nothrow) Vbd(device, options, memory, first) : nullptr;
    if (vbd == nullptr && (first == 0 || end_grants(first, pages))) {
        free_pages(memory, pages);
    }
    return std::unique_ptr<Vbd>(vbd);
}

Vbd::Vbd(const Device& device, const Options& options, void* memory, GrantReference first)
    : front_end_(device), options_(options), memory_(static_cast<std::byte*>(memory)),
      first_reference_(first) {
    ring_.start(memory, options.ring_pages);
    while (free_count_ < options.requests) {
        free_[free_count_] = free_count_;
        ++free_count_;
    }
    GrantReference rings[NOXS_MAXIMUM_RING_PAGES];
    for (std::size_t i = 0; i < options.ring_pages; ++i) {
        rings[i] = reference(i);
    }
    front_end_.offer(options.features, std::span(rings).first(options.ring_pages));
}

Vbd::~Vbd() {
    const auto now = state();
    const std::size_t pages = pages_for(options_);
    if ((now == FrontEnd::State::closed || now == FrontEnd::State::failed) &&
        end_grants(first_reference_, pages)) {
        free_pages(memory_, pages);
    }
}

noxs_vbd_config Vbd::config() const {
    const auto& config = static_cast<const noxs_vbd_page*>(device().control_page)->config;
    noxs_vbd_config copy{};
    copy.sectors = read_once(config.sectors);
    copy.sector_size = read_once(config.sector_size);
    copy.flags = read_once(config.flags);
    for (std::size_t i = 0; i < sizeof(copy.name); ++i) {
        copy.name[i] = read_once(config.name[i]);
    }
    return copy;
}

std::size_t Vbd::most_bytes() const {
    const bool indirect = (features() & NOXS_VBD_INDIRECT) != 0;
    const std::size_t pages = indirect || options_.pages < direct_segments ? options_.pages : direct_segments;
    return pages * page_size;
}

std::size_t Vbd::page_of(Request request) const {
    return options_.ring_pages + request * std::size_t{options_.pages};
}

std::byte* Vbd::buffer(Request request) const {
    return memory_ + page_of(request) * page_size;
}

std::optional<Vbd::Request> Vbd::take() {
    return free_count_ > 0 ? std::optional(free_[--free_count_]) : std::nullopt;
}

void Vbd::give_back(Request request) {
    free_[free_count_++] = request;
}

void Vbd::fill_segments(blkif_request_segment* segments, Request request, std::uint64_t bytes) const {
    const std::uint64_t count = (bytes + page_size - 1) / page_size;
    for (std::uint64_t i = 0; i < count; ++i) {
        const std::uint64_t left = (bytes - i * page_size) / sector;
        const std::uint64_t sectors = left < sectors_per_page ? left : sectors_per_page;
        segments[i] = {.gref = reference(page_of(request) + i),
                       .first_sect = 0,
                       .last_sect = static_cast<std::uint8_t>(sectors - 1)};
    }
}

void Vbd::submit(Request request, Operation operation, std::uint64_t first, std::uint64_t bytes) {
    const std::uint64_t id = ++submitted_ << request_bits | request;
    under_way_[request] = id;
    const auto segments = static_cast<std::uint16_t>((bytes + page_size - 1) / page_size);
    if (operation == Operation::discard) {
        auto& slot = ring_.put<blkif_request_discard>();
        slot = {};
        slot.operation = BLKIF_OP_DISCARD;
        slot.id = id;
        slot.sector_number = first;
        slot.nr_sectors = bytes / sector;
    } else if (operation != Operation::flush && segments > direct_segments) {
        const std::size_t list =
            options_.ring_pages + options_.requests * std::size_t{options_.pages} + request;
        fill_segments(reinterpret_cast<blkif_request_segment*>(memory_ + list * page_size), request, bytes);
        auto& slot = ring_.put<blkif_request_indirect>();
        slot = {};
        slot.operation = BLKIF_OP_INDIRECT;
        slot.indirect_op = code_of(operation);
        slot.nr_segments = segments;
        slot.id = id;
        slot.sector_number = first;
        slot.indirect_grefs[0] = reference(list);
    } else {
        auto& slot = ring_.put();
        slot = {};
        slot.operation = code_of(operation);
        slot.id = id;
        slot.sector_number = first;
        slot.nr_segments = static_cast<std::uint8_t>(segments);
        fill_segments(slot.seg, request, bytes);
    }
}

std::optional<Vbd::Completion> Vbd::complete() {
    seen_state_ = state();
    while (ring_.responses() > 0) {
        const auto response = ring_.peek();
        ring_.drop();
        const auto request = static_cast<Request>(response.id & ((1 << request_bits) - 1));
        if (request >= options_.requests || response.id == 0 || under_way_[request] != response.id) {
            continue;
        }
        under_way_[request] = 0;
        return Completion{request, response.status == BLKIF_RSP_OKAY         ? Outcome::success
                                   : response.status == BLKIF_RSP_EOPNOTSUPP ? Outcome::not_supported
                                                                             : Outcome::error};
    }
    return std::nullopt;
}

void Vbd::publish() {
    if (ring_.publish()) {
        front_end_.notify();
    }
}

bool Vbd::has_work() {
    return front_end_.state() != seen_state_ || ring_.ask_for_event();
}

void Vbd::close() {
    front_end_.close();
}

} // namespace unikernel
