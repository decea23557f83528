// SPDX-License-Identifier: BSD-3-Clause
// What surrounds the building of a paravirtual guest: its files, its console, its limits.
#include "libchaos/domain/pv_guest.hpp"

#include <array>
#include <cstring>
#include <memory>

#include "libchaos/domain/populate.hpp"
#include "libchaos/domain/stock_platform.hpp"
#include "libchaos/image/file.hpp"
#include "libchaos/xen/pv_builder.hpp"

namespace chaos {

namespace {

/// A file in memory, followed by zeros. Not mapped: a file that is cut while it is in use would kill us.
class FileContents {
  public:
    /// Reads all of `path` and makes the whole at least `zeros` bytes longer, up to a multiple of
    /// `alignment`.
    static Result<FileContents> read(const std::string& path, std::size_t zeros, std::size_t alignment) {
        const OpenFile file = TRY(open_regular_file(path));
        const auto file_size = static_cast<std::size_t>(file.status.st_size);
        FileContents contents((file_size + zeros + alignment - 1) / alignment * alignment);
        TRY(read_fully(file.descriptor.get(), 0, contents.bytes_.get(), file_size));
        std::memset(contents.bytes_.get() + file_size, 0, contents.size_ - file_size);
        return contents;
    }

    [[nodiscard]] std::span<const std::byte> bytes() const { return {bytes_.get(), size_}; }

  private:
    explicit FileContents(std::size_t size)
        : bytes_(std::make_unique_for_overwrite<std::byte[]>(size)), size_(size) {}

    std::unique_ptr<std::byte[]> bytes_;
    std::size_t size_;
};

} // namespace

Result<void> check_pv(const GuestConfig& config, const Kernel& kernel) {
    if (!kernel.headers().xen_pv)
        return Error(ErrorKind::invalid_image, "kernel " + kernel.path() + " has no Xen PV support")
            .advise("Use type=\"pvh\", or a kernel with Xen PV notes.");
    if (config.command_line.size() > xen::maximum_pv_command_line)
        return Error(ErrorKind::invalid_config, "the command line has " +
                                                    std::to_string(config.command_line.size()) +
                                                    " bytes, a PV guest is handed at most " +
                                                    std::to_string(xen::maximum_pv_command_line));
    return {};
}

Result<void> load_pv(Host& host, Shell& shell, const GuestConfig& config, const Kernel& kernel) {
    TRY(check_pv(config, kernel));
    const DomainId id = shell.domain.id();
    xen::Control& control = host.control();
    TRY(control.apply_cpuid_policy(id));
    TRY(control.set_memory_map_limit(id, shell.flavour.memory_kib));
    const EventChannelPort console_port = TRY(control.allocate_unbound(id, this_domain));
    std::optional<EventChannelPort> store_port;
    if (shell.flavour.has_store())
        store_port = TRY(control.allocate_unbound(id, this_domain));

    const auto kernel_file =
        TRY(FileContents::read(kernel.elf_path(), 0, 1).while_doing("reading kernel " + kernel.path()));
    std::optional<FileContents> ramdisk;
    if (!config.ramdisk.empty())
        ramdisk = TRY(FileContents::read(config.ramdisk, sizeof(std::uint32_t), page_size)
                          .while_doing("reading ramdisk " + config.ramdisk));

    xen::PvImage image;
    image.kernel = kernel_file.bytes();
    if (ramdisk)
        image.ramdisk = ramdisk->bytes();
    image.command_line = config.command_line;
    image.pages = shell.layout.total_pages();
    image.vcpus = shell.flavour.vcpus;
    image.console_port = console_port;
    image.store_port = store_port.value_or(EventChannelPort{});
    auto rings = xen::build_pv(control, id, image);
    if (!rings) {
        if (rings.error().kind() == ErrorKind::out_of_memory)
            return not_enough_memory(host, shell.flavour.memory_kib, std::move(rings).error());
        return std::move(rings).error().while_doing("loading kernel " + kernel.path());
    }

    std::array<xen::GrantSeed, 2> grants;
    std::size_t count = 0;
    shell.console = DeviceLocation{rings->console, console_port, stock_console_grant};
    grants[count++] = {stock_console_grant, this_domain, rings->console};
    if (store_port) {
        shell.store = DeviceLocation{rings->store, *store_port, stock_store_grant};
        grants[count++] = {stock_store_grant, this_domain, rings->store};
    }
    shell.grants = TRY(host.memory().seed_grants(id, std::span(grants.data(), count)));
    return {};
}

} // namespace chaos
