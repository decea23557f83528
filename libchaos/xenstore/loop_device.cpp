// SPDX-License-Identifier: BSD-3-Clause
// Loop devices by /dev/loop-control and LOOP_CONFIGURE (linux/loop.h).
#include "libchaos/xenstore/loop_device.hpp"

#include <fcntl.h>
#include <linux/loop.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <cerrno>

namespace chaos::xenstore {

namespace {

Result<struct stat> status_of(int file) {
    struct stat status {};
    if (::fstat(file, &status) != 0)
        return Error::from_errno("fstat", errno);
    return status;
}

/// True once `loop` shows the image; false if another process was quicker to take it.
Result<bool> configure(int loop, const devices::OpenImage& image, const DiskConfig& disk) {
    loop_config config{};
    config.fd = static_cast<std::uint32_t>(image.file.get());
    config.block_size = image.sector_size;
    config.info.lo_flags = LO_FLAGS_AUTOCLEAR;
    if (disk.read_only)
        config.info.lo_flags |= LO_FLAGS_READ_ONLY;
    if (disk.direct)
        config.info.lo_flags |= LO_FLAGS_DIRECT_IO;
    // For those who list loop devices; the last byte stays zero.
    std::copy_n(image.path.begin(), std::min(image.path.size(), sizeof config.info.lo_file_name - 1),
                config.info.lo_file_name);
    if (::ioctl(loop, LOOP_CONFIGURE, &config) == 0)
        return true;
    if (errno == EBUSY)
        return false;
    return Error::from_errno("ioctl(LOOP_CONFIGURE)", errno);
}

Result<BlockDevice> make_loop_device(const devices::OpenImage& image, const DiskConfig& disk,
                                     const std::string& control_path) {
    const UniqueFd control(::openat(AT_FDCWD, control_path.c_str(), O_RDWR | O_CLOEXEC));
    if (!control.is_open())
        return Error::from_errno("opening " + control_path, errno).advise("Load the kernel's module loop.");
    const std::string prefix = control_path.substr(0, control_path.rfind('/') + 1) + "loop";
    constexpr int attempts = 100; // others may be taking devices as well
    for (int attempt = 1;; ++attempt) {
        const int number = ::ioctl(control.get(), LOOP_CTL_GET_FREE);
        if (number < 0)
            return Error::from_errno("ioctl(LOOP_CTL_GET_FREE)", errno);
        BlockDevice device;
        device.path = prefix + std::to_string(number);
        const int flags = (disk.read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC;
        device.file = UniqueFd(::openat(AT_FDCWD, device.path.c_str(), flags));
        if (!device.file.is_open())
            return Error::from_errno("opening " + device.path, errno);
        if (TRY(configure(device.file.get(), image, disk))) {
            const struct stat status = TRY(status_of(device.file.get()));
            device.major = major(status.st_rdev);
            device.minor = minor(status.st_rdev);
            return device;
        }
        if (attempt == attempts)
            return Error(ErrorKind::system, "others take each loop device that becomes free");
    }
}

} // namespace

Result<BlockDevice> block_device_of(const devices::OpenImage& image, const DiskConfig& disk,
                                    const std::string& control) {
    const struct stat status = TRY(status_of(image.file.get()));
    if (S_ISBLK(status.st_mode)) {
        BlockDevice device;
        device.path = image.path;
        device.major = major(status.st_rdev);
        device.minor = minor(status.st_rdev);
        return device;
    }
    return make_loop_device(image, disk, control).while_doing("making a loop device of " + image.path);
}

} // namespace chaos::xenstore
