// SPDX-License-Identifier: BSD-3-Clause
// Opens a kernel file: an ELF file as it is, a bzImage through its unpacked copy.
#include "libchaos/image/kernel.hpp"

#include "libchaos/image/bzimage.hpp"
#include "libchaos/image/file.hpp"
#include "libchaos/image/kernel_cache.hpp"

namespace chaos {
namespace {

Result<UnpackedKernel> find_kernel(const std::string& path, const std::string& cache_directory,
                                   FileIdentity& identity) {
    UnpackedKernel kernel;
    kernel.file = TRY(open_regular_file(path));
    identity = identity_of(kernel.file.status);
    kernel.path = path;
    // ELF first: it is what unikernels are, and they are in a hurry.
    auto headers = parse_elf_kernel(FileBytes(kernel.file));
    if (!headers) {
        const auto payload = TRY(find_bzimage_payload(FileBytes(kernel.file)));
        if (!payload)
            return std::move(headers).error().advise(
                "A kernel is an ELF file for x86-64 or a Linux bzImage.");
        return open_unpacked(kernel.file, *payload, cache_directory);
    }
    kernel.headers = *std::move(headers);
    return kernel;
}

} // namespace

Result<Kernel> Kernel::open(const std::string& path, const std::string& cache_directory) {
    Kernel kernel;
    auto found = find_kernel(path, cache_directory, kernel.identity_);
    if (!found)
        return std::move(found).error().while_doing("opening kernel " + path);
    kernel.file_ = std::move(found->file.descriptor);
    kernel.path_ = path;
    kernel.elf_path_ = std::move(found->path);
    kernel.headers_ = std::move(found->headers);
    return kernel;
}

Result<void> Kernel::read_at(std::uint64_t offset, void* destination, std::size_t size) const {
    return read_fully(file_.get(), offset, destination, size);
}

} // namespace chaos
