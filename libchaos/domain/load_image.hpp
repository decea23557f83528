// SPDX-License-Identifier: BSD-3-Clause
// Copying kernel and ramdisk from their files into guest memory.
#pragma once

#include "libchaos/domain/host.hpp"
#include "libchaos/domain/shell.hpp"
#include "libchaos/image/kernel.hpp"
#include "libchaos/xen/start_info.hpp"

namespace chaos {

/// Whether the kernel (and `ramdisk_size` bytes of ramdisk) fit below the special pages; the error says how
/// much memory would do.
Result<void> check_image_fits(const KernelHeaders& headers, std::uint64_t ramdisk_size,
                              const MemoryLayout& layout);

/// Copies the kernel's segments to their addresses and zeroes what the file does not fill. The guest must be
/// paused.
Result<void> load_kernel(Host& host, const Shell& shell, const Kernel& kernel);

/// Copies the file `path` to the end of low RAM below the special pages and says where it is.
Result<xen::StartModule> load_ramdisk(Host& host, DomainId domain, const std::string& path,
                                      const KernelHeaders& headers, const MemoryLayout& layout);

} // namespace chaos
