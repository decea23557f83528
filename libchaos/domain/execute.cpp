// SPDX-License-Identifier: BSD-3-Clause
// execute(): image, start info, entry point, go; and waiting until the guest says "ready".
#include "libchaos/domain/execute.hpp"

#include <array>

#include "libchaos/domain/device_page.hpp"
#include "libchaos/domain/device_server.hpp"
#include "libchaos/domain/load_image.hpp"
#include "libchaos/domain/pv_guest.hpp"
#include "libchaos/domain/wait_event.hpp"
#include "libchaos/domain/xenstore_mode.hpp"
#include "libchaos/xen/console_ring.hpp"
#include "libchaos/xen/start_info.hpp"

namespace chaos {

namespace {

Result<void> write_boot_pages(const Shell& shell, const GuestConfig& config,
                              const std::optional<xen::StartModule>& ramdisk) {
    const MemoryLayout& layout = shell.layout;
    const bool noxs = shell.flavour.platform == Platform::noxs;

    std::array<xen::StartModule, 2> modules;
    std::size_t module_count = 0;
    if (ramdisk)
        modules[module_count++] = *ramdisk;
    if (noxs) // always the last one: see docs/noxs.md
        modules[module_count++] = {layout.device_page().address(), page_size};

    const std::uint64_t special = layout.special_start().address();
    const std::uint64_t special_end = layout.special_end().address();
    std::array<xen::MemoryRange, 5> memory;
    std::size_t memory_count = 0;
    const auto add = [&](std::uint64_t address, std::uint64_t size, xen::MemoryKind kind) {
        if (size)
            memory[memory_count++] = {address, size, kind};
    };
    add(0, special, xen::MemoryKind::ram);
    add(special, special_end - special, xen::MemoryKind::reserved);
    add(special_end, layout.low_pages() * page_size - special_end, xen::MemoryKind::ram);
    if (noxs)
        add(layout.window().address(), MemoryLayout::window_pages * page_size, xen::MemoryKind::reserved);
    add(MemoryLayout::high_start.address(), layout.high_pages() * page_size, xen::MemoryKind::ram);

    xen::StartInfo info;
    info.modules = std::span(modules.data(), module_count);
    info.memory = std::span(memory.data(), memory_count);
    info.command_line = config.command_line;
    info.acpi_root_pointer = noxs ? 0 : layout.acpi().address();
    return xen::write_start_info(shell.page(layout.start_info()), layout.start_info().address(), info);
}

Result<void> load_pvh(Host& host, const Shell& shell, const GuestConfig& config, const Kernel& kernel) {
    const KernelHeaders& headers = kernel.headers();
    if (!headers.pvh_entry)
        return Error(ErrorKind::invalid_image, "kernel " + kernel.path() + " has no PVH entry note")
            .advise("Use a kernel built with PVH support, or type=\"pv\" if it has Xen PV support.");
    TRY(check_image_fits(headers, 0, shell.layout));
    TRY(load_kernel(host, shell, kernel));
    std::optional<xen::StartModule> ramdisk;
    if (!config.ramdisk.empty())
        ramdisk = TRY(load_ramdisk(host, shell.domain.id(), config.ramdisk, headers, shell.layout));
    TRY(write_boot_pages(shell, config, ramdisk));
    return host.control().set_pvh_entry(shell.domain.id(), *headers.pvh_entry,
                                        static_cast<std::uint32_t>(shell.layout.start_info().address()));
}

/// What a dead guest said last, as advice; empty if it said nothing.
std::string last_words(const Shell& shell) {
    const std::string text = xen::peek_console_ring(shell.page(shell.layout.console()));
    return text.empty() ? text : "Its console said:\n" + text;
}

} // namespace

StartedGuest::~StartedGuest() {
    watch_.reset();
    if (!recorded_)
        return;
    // The domain goes before its record does: killed in between, we leave a record that tidies itself.
    const DomainId id = shell_.domain.id();
    { const Shell gone = std::move(shell_); }
    (void)host_->registry().remove(id, *recorded_); // whoever lists the guests next will see to it
}

bool StartedGuest::is_ready() const {
    return watch_ && read_system_page(shell_.page(shell_.layout.system()), 0).ready;
}

Error StartedGuest::with_last_words(Error error) const {
    if (error.kind() != ErrorKind::guest_failed || shell_.flavour.type != GuestType::pvh)
        return error;
    const std::string words = last_words(shell_);
    return std::move(error).advise(words.empty() ? "It wrote nothing on its console." : words);
}

Result<void> StartedGuest::check_alive() const {
    auto alive = chaos::check_alive(*host_, shell_.domain.id());
    if (!alive)
        return with_last_words(std::move(alive).error());
    return {};
}

Result<void> StartedGuest::wait_ready(std::chrono::milliseconds timeout, int stop_fd) {
    if (!watch_)
        return Error(ErrorKind::invalid_argument, "this guest has no system device that could say ready");
    auto waited = wait_event(*host_, shell_.domain.id(), timeout, stop_fd, [&] { return is_ready(); });
    if (!waited && waited.error().kind() == ErrorKind::guest_failed)
        return with_last_words(std::move(waited).error());
    return std::move(waited).while_doing("waiting for the guest to say ready");
}

Result<void> load(Host& host, Shell& shell, const GuestConfig& config, const Kernel& kernel) {
    return shell.flavour.type == GuestType::pvh ? load_pvh(host, shell, config, kernel)
                                                : load_pv(host, shell, config, kernel);
}

Result<void> set_command_line(const Shell& shell, const std::string& command_line) {
    return xen::write_command_line(shell.page(shell.layout.start_info()), command_line);
}

Result<StartedGuest> start(Host& host, Shell shell, bool paused, bool watch, std::optional<WatchPort> bound) {
    const DomainId id = shell.domain.id();
    if (watch && shell.system && !bound)
        bound = TRY(WatchPort::bind(host, id, shell.system->port));
    StartedGuest guest(host, std::move(shell), std::move(bound));
    if (!paused)
        TRY(host.control().unpause(id));
    return guest;
}

Result<StartedGuest> execute(Host& host, Shell shell, const GuestConfig& config, const Kernel& kernel,
                             const ExecuteOptions& options) {
    const bool registers = shell.flavour.xenstore;
    if (registers) // early: the kernel makes back-ends while the image is loaded
        TRY(xenstore_prepare(host, shell, config.vifs));
    TRY(load(host, shell, config, kernel));
    if (registers)
        TRY(xenstore_execute(host, shell, config, options.images, options.stop_fd));
    else if (options.devices)
        TRY(serve_devices(*options.devices, shell, config, options.images, options.stop_fd));
    return start(host, std::move(shell), options.paused, options.watch);
}

} // namespace chaos
