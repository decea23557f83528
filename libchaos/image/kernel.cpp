// SPDX-License-Identifier: BSD-3-Clause
// Opens a kernel file: an ELF file as it is.
#include "libchaos/image/kernel.hpp"

#include "libchaos/image/file.hpp"

namespace chaos {

Result<Kernel> Kernel::open(const std::string& path, const std::string&) {
    const auto story = [&] { return "opening kernel " + path; };
    auto file = open_regular_file(path);
    if (!file)
        return std::move(file).error().while_doing(story());
    auto headers = parse_elf_kernel(FileBytes(*file));
    if (!headers)
        return std::move(headers).error().while_doing(story());

    Kernel kernel;
    kernel.file_ = std::move(file->descriptor);
    kernel.path_ = path;
    kernel.elf_path_ = path;
    kernel.headers_ = *std::move(headers);
    return kernel;
}

Result<void> Kernel::read_at(std::uint64_t offset, void* destination, std::size_t size) const {
    return read_fully(file_.get(), offset, destination, size);
}

} // namespace chaos
