// SPDX-License-Identifier: BSD-3-Clause
// Files are read straight into mapped guest memory, a window of pages at a time: one copy, no buffer of our
// own.
#include "libchaos/domain/load_image.hpp"

#include <array>
#include <cstring>

#include "libchaos/image/file.hpp"

namespace chaos {

namespace {

/// Pages mapped at a time: 4 MiB, so that a large image needs neither a large list nor many calls.
constexpr std::uint64_t window_pages = 1024;

constexpr std::uint64_t round_up(std::uint64_t bytes) {
    return (bytes + page_size - 1) / page_size * page_size;
}

/// Calls `fill(window, address, size)` for each mapped window over [start, end), both page-aligned.
template<typename Fill>
Result<void> for_each_window(Host& host, DomainId domain, std::uint64_t start, std::uint64_t end, Fill fill) {
    std::array<std::uint64_t, window_pages> gfns;
    for (std::uint64_t address = start; address < end; address += window_pages * page_size) {
        const std::uint64_t pages = std::min(window_pages, (end - address) / page_size);
        for (std::uint64_t index = 0; index < pages; ++index)
            gfns[index] = address / page_size + index;
        const xen::Mapping window = TRY(host.memory().map(domain, std::span(gfns.data(), pages)));
        TRY(fill(window.data(), address, pages * page_size));
    }
    return {};
}

/// The part of `segment` that lies in the window [address, address + size).
Result<void> fill_from_segment(const Kernel& kernel, const KernelSegment& segment, std::byte* window,
                               std::uint64_t address, std::uint64_t size) {
    const std::uint64_t from = std::max(segment.address, address);
    const std::uint64_t to = std::min(segment.address + segment.memory_size, address + size);
    if (from >= to)
        return {};
    const std::uint64_t file_end = segment.address + segment.file_size;
    const std::uint64_t filled = from < file_end ? std::min(to, file_end) - from : 0;
    std::byte* destination = window + (from - address);
    if (filled)
        TRY(kernel.read_at(segment.file_offset + (from - segment.address), destination, filled));
    std::memset(destination + filled, 0, to - from - filled);
    return {};
}

} // namespace

Result<void> check_image_fits(const KernelHeaders& headers, std::uint64_t ramdisk_size,
                              const MemoryLayout& layout) {
    const std::uint64_t limit = layout.special_start().address();
    const std::uint64_t needed = round_up(headers.end_address) + round_up(ramdisk_size);
    // The sum cannot wrap: the parser bounds end_address by 4 GiB, a file's size is below 2^63.
    if (needed <= limit)
        return {};
    const std::uint64_t with_special = needed / page_size + layout.special_pages();
    return Error(ErrorKind::invalid_config, "kernel and ramdisk need " + std::to_string(needed / 1024) +
                                                " KiB, the guest's memory has room for " +
                                                std::to_string(limit / 1024) + " KiB")
        .advise(with_special <= MemoryLayout::special_limit
                    ? "Set memory= to at least \"" + std::to_string(with_special * page_size / 1024) + "K\"."
                    : "They have to lie in the first GiB of a guest, however much memory it has.");
}

Result<void> load_kernel(Host& host, const Shell& shell, const Kernel& kernel) {
    const KernelHeaders& headers = kernel.headers();
    const auto fill = [&](std::byte* window, std::uint64_t address, std::uint64_t size) -> Result<void> {
        for (const KernelSegment& segment : headers.segments)
            TRY(fill_from_segment(kernel, segment, window, address, size));
        return {};
    };
    const std::uint64_t start = headers.lowest_address / page_size * page_size;
    const std::uint64_t end = round_up(headers.end_address);
    const bool mapped = shell.image_pages && shell.image_start.address() <= start &&
                        end <= (shell.image_start + shell.image_pages).address();
    return (mapped ? fill(shell.image(), shell.image_start.address(), shell.image_pages * page_size)
                   : for_each_window(host, shell.domain.id(), start, end, fill))
        .while_doing("loading kernel " + kernel.path());
}

Result<xen::StartModule> load_ramdisk(Host& host, DomainId domain, const std::string& path,
                                      const KernelHeaders& headers, const MemoryLayout& layout) {
    const OpenFile file = TRY(open_regular_file(path).while_doing("opening ramdisk " + path));
    const auto file_size = static_cast<std::uint64_t>(file.status.st_size);
    TRY(check_image_fits(headers, file_size, layout));
    const std::uint64_t end = layout.special_start().address();
    const std::uint64_t start = end - round_up(file_size);
    TRY(for_each_window(host, domain, start, end,
                        [&](std::byte* window, std::uint64_t address, std::uint64_t size) -> Result<void> {
                            const std::uint64_t offset = address - start;
                            const std::uint64_t filled = std::min(size, file_size - offset);
                            std::memset(window + filled, 0, size - filled);
                            return read_fully(file.descriptor.get(), offset, window, filled);
                        })
            .while_doing("loading ramdisk " + path));
    return xen::StartModule{start, file_size};
}

} // namespace chaos
