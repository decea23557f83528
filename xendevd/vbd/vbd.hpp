// SPDX-License-Identifier: BSD-3-Clause
// The disk back-end: Xen's blkif ring on one side, a raw file or a block device on the other.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "libchaos/config/devices.hpp"
#include "libchaos/result.hpp"
#include "libchaos/unique_fd.hpp"
#include "libchaos/xen/ids.hpp"
#include "xendevd/backend.hpp"
#include "xendevd/daemon.hpp"

namespace xendevd {

struct VbdSettings {
    std::uint32_t id = 0;    ///< noxs: counts disks from 0; stock guests: xl's virtual device number
    std::string device_name; ///< "xvda"
    std::string path;        ///< for people: the image comes as a descriptor
    bool read_only = false;
    bool direct = false;             ///< past dom0's page cache (O_DIRECT)
    bool discard = true;             ///< offer it if the image can do it
    std::uint64_t sectors = 0;       ///< of 512 bytes; 0: as many as the image has
    std::uint32_t sector_size = 512; ///< 512 or 4096
    chaos::RateLimit rate{};
};

/// `image` is open for reading, and for writing unless the device is read-only. It is locked while the device lives:
/// for one writer, or for any number of readers. Fails if the image is unfit (kind invalid_config, with advice), in use, or
/// if the kernel has no io_uring for us.
chaos::Result<std::unique_ptr<Backend>> make_vbd(Daemon& daemon, chaos::DomainId domain,
                                                 const VbdSettings& settings, chaos::UniqueFd image);

/// After a restart, before make_vbd(): waits until the image is free, at most five seconds for all images together. What a killed xendevd had under
/// way is finished by the kernel after the process is gone, and must not come after what its successor writes.
void wait_for_image(const chaos::UniqueFd& image, bool read_only);

} // namespace xendevd
