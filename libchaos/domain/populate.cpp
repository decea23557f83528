// SPDX-License-Identifier: BSD-3-Clause
// Memory in as few hypercalls as it takes: one per batch of extents of one size.
#include "libchaos/domain/populate.hpp"

#include <vector>

#include "libchaos/domain/prepare.hpp"

namespace chaos {

namespace {

constexpr unsigned superpage_order = 9;
constexpr std::uint64_t superpage_pages = std::uint64_t{1} << superpage_order;
/// Extents per hypercall: a bound on the list that libxenctrl copies, and on how long a stop request waits.
constexpr std::size_t batch = 2048;

/// Populates `count` extents of 2^order pages one after the other from `first`; returns how many it got.
Result<std::uint64_t> populate_run(Host& host, DomainId domain, Gfn first, std::uint64_t count,
                                   unsigned order, int stop_fd) {
    std::vector<std::uint64_t> gfns(std::min<std::uint64_t>(count, batch));
    std::uint64_t done = 0;
    while (done < count) {
        if (done > 0)
            TRY(check_stop(stop_fd));
        const std::size_t now = std::min<std::uint64_t>(count - done, batch);
        for (std::size_t index = 0; index < now; ++index)
            gfns[index] = first.number + ((done + index) << order);
        const std::size_t got = TRY(host.control().populate(domain, std::span(gfns.data(), now), order));
        done += got;
        if (got < now)
            break;
    }
    return done;
}

Result<void> populate_small(Host& host, DomainId domain, Gfn first, std::uint64_t pages, int stop_fd) {
    const std::uint64_t got = TRY(populate_run(host, domain, first, pages, 0, stop_fd));
    if (got < pages)
        return Error(ErrorKind::out_of_memory, "the hypervisor ran out of memory");
    return {};
}

/// One stretch of RAM that starts on a superpage boundary.
Result<void> populate_stretch(Host& host, DomainId domain, Gfn start, std::uint64_t pages, int stop_fd) {
    const std::uint64_t superpages = pages / superpage_pages;
    const std::uint64_t got =
        superpages ? TRY(populate_run(host, domain, start, superpages, superpage_order, stop_fd)) : 0;
    const std::uint64_t covered = got * superpage_pages;
    // Fragmented host memory, or a remainder below 2 MiB: small pages will do.
    if (covered < pages)
        TRY(populate_small(host, domain, start + covered, pages - covered, stop_fd));
    return {};
}

} // namespace

Result<void> populate_memory(Host& host, DomainId domain, const MemoryLayout& layout, int stop_fd) {
    TRY(populate_stretch(host, domain, Gfn{0}, layout.low_pages(), stop_fd));
    if (layout.high_pages())
        TRY(populate_stretch(host, domain, MemoryLayout::high_start, layout.high_pages(), stop_fd));
    return {};
}

Error not_enough_memory(Host& host, std::uint64_t wanted_kib, Error cause) {
    Error error = std::move(cause).as(ErrorKind::out_of_memory);
    if (auto free_kib = host.control().free_memory_kib())
        return std::move(error).advise(
            "The guest needs " + std::to_string(wanted_kib) + " KiB and some overhead, the hypervisor has " +
            std::to_string(*free_kib) + " KiB free: destroy guests, lower memory=, or give dom0 less.");
    return error;
}

} // namespace chaos
