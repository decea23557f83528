// SPDX-License-Identifier: BSD-3-Clause
// The directory of unpacked kernels.
//
// An entry's name holds what identifies the packed file: device, inode, size, and the times of its last
// change. So a changed file finds no entry, and an entry never has to be compared with its origin. Entries
// are written under another name, under a lock that dies with its process, and appear by rename(2): whoever
// sees one sees all of it.
#pragma once

#include <string>

#include "libchaos/image/bzimage.hpp"
#include "libchaos/image/file.hpp"

namespace chaos {

/// An unpacked kernel: the open file, its path, and what its headers say.
struct UnpackedKernel {
    OpenFile file;
    std::string path;
    KernelHeaders headers;
};

/// Entries that are kept; the oldest are removed when one is added.
constexpr std::size_t maximum_cached_kernels = 16;

/// The unpacked form of `packed`, from the cache if it is there. Many processes may do this at once: one
/// unpacks, the others wait for it.
Result<UnpackedKernel> open_unpacked(const OpenFile& packed, const BzImagePayload& payload,
                                     const std::string& cache_directory);

/// Removes what killed processes left half-written, other versions of the new entry's kernel, and as many
/// entries as have to make room for it. Failing to is no reason for anybody to fail.
void tidy_kernel_cache(const std::string& cache_directory, const std::string& new_entry);

} // namespace chaos
