// SPDX-License-Identifier: BSD-3-Clause
// What the kernel's disk back-end can serve: block devices. An image file becomes one by a loop device, which goes by
// itself when its last user has closed it.
#pragma once

#include <cstdint>
#include <string>

#include "libchaos/devices/image.hpp"
#include "libchaos/result.hpp"
#include "libchaos/unique_fd.hpp"

namespace chaos::xenstore {

struct BlockDevice {
    /// Of a loop device: keep it until the back-end has opened the device, or it goes before. The lock of the image
    /// (devices::ImageLock) stays held as long as the device is there.
    UniqueFd file;
    std::string path; ///< "/dev/loop0"
    std::uint32_t major = 0, minor = 0;
};

/// The block device of an open image: itself if it is one, else a new loop device. `control` is /dev/loop-control.
Result<BlockDevice> block_device_of(const devices::OpenImage& image, const DiskConfig& disk,
                                    const std::string& control);

} // namespace chaos::xenstore
