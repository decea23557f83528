// SPDX-License-Identifier: BSD-3-Clause
// Disk images: opened here, with the rights of whoever runs chaos, and handed to xendevd open.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "libchaos/config/devices.hpp"
#include "libchaos/result.hpp"
#include "libchaos/unique_fd.hpp"

namespace chaos::devices {

/// A regular file or a block device that a disk can be served from.
struct OpenImage {
    UniqueFd file;
    std::string path;          ///< absolute
    std::uint64_t sectors = 0; ///< of 512 bytes; what is left over at the end is not served
    std::uint32_t sector_size = 512;
};

enum class ImageLock : std::uint8_t {
    none, ///< only to see whether it can be opened
    /// flock(2), exclusive for a disk that may be written and shared for others, until the last copy of the descriptor is
    /// closed: so nobody writes what another guest reads or writes.
    hold,
};

/// Opens the image of `disk` as it is to be used. Fails with invalid_config if it can never be served, not_permitted, or
/// system if somebody else uses it.
Result<OpenImage> open_image(const DiskConfig& disk, ImageLock lock);
Result<std::vector<OpenImage>> open_images(const std::vector<DiskConfig>& disks, ImageLock lock);

} // namespace chaos::devices
