// SPDX-License-Identifier: BSD-3-Clause
// What an image must be, looked at once it is open, so that it cannot change in between.
#include "libchaos/devices/image.hpp"

#include <fcntl.h>
#include <linux/fs.h>
#include <linux/stat.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <climits>

namespace chaos::devices {
namespace {

constexpr std::uint64_t sector_bytes = 512;

Error unfit(std::string what) {
    return Error(ErrorKind::invalid_config, std::move(what));
}

Result<UniqueFd> open_file(const DiskConfig& disk) {
    // Without O_NONBLOCK a FIFO would hold us until somebody opens its other end.
    const int flags = (disk.read_only ? O_RDONLY : O_RDWR) | (disk.direct ? O_DIRECT : 0) | O_CLOEXEC |
                      O_NONBLOCK | O_NOCTTY;
    UniqueFd file(::openat(AT_FDCWD, disk.path.c_str(), flags));
    if (file.is_open())
        return file;
    const int reason = errno;
    Error error = Error::from_errno("open", reason);
    if (reason == EINVAL && disk.direct)
        return std::move(error)
            .as(ErrorKind::invalid_config)
            .advise("Its file system may know no direct access: leave `direct` out.");
    if (reason == EISDIR)
        return unfit("it is a directory");
    if (reason == EROFS || reason == EACCES || reason == EPERM)
        return disk.read_only ? std::move(error)
                              : std::move(error).advise("If the guest only reads it, give it with access r.");
    if (reason == ENOENT || reason == ENOTDIR || reason == ENXIO || reason == ELOOP)
        return std::move(error).as(ErrorKind::invalid_config);
    return error;
}

/// What direct access to a file must be aligned to: 512 if the kernel does not tell.
std::uint64_t direct_alignment(int file) {
    struct statx status {};
    if (::syscall(SYS_statx, file, "", AT_EMPTY_PATH, STATX_DIOALIGN, &status) != 0 ||
        !(status.stx_mask & STATX_DIOALIGN))
        return sector_bytes;
    return status.stx_dio_offset_align;
}

Result<void> measure(OpenImage& image, bool direct) {
    const int file = image.file.get();
    struct statx status {};
    if (::syscall(SYS_statx, file, "", AT_EMPTY_PATH, STATX_TYPE | STATX_SIZE, &status) != 0)
        return Error::from_errno("statx", errno);
    std::uint64_t bytes = status.stx_size;
    std::uint64_t sector = sector_bytes;
    if ((status.stx_mode & S_IFMT) == S_IFBLK) {
        int logical = 0;
        if (::ioctl(file, BLKGETSIZE64, &bytes) != 0 || ::ioctl(file, BLKSSZGET, &logical) != 0)
            return Error::from_errno("asking for its size", errno);
        sector = static_cast<std::uint64_t>(logical);
    } else if ((status.stx_mode & S_IFMT) != S_IFREG) {
        return unfit((status.stx_mode & S_IFMT) == S_IFDIR
                         ? "it is a directory"
                         : "it is neither a regular file nor a block device");
    } else if (direct) {
        sector = direct_alignment(file);
    }
    if (sector > 4096)
        return unfit("its blocks have " + std::to_string(sector) + " bytes, more than guests know");
    image.sector_size = sector > sector_bytes ? 4096 : 512;
    image.sectors = bytes / image.sector_size * (image.sector_size / sector_bytes);
    if (image.sectors == 0)
        return unfit("it has " + std::to_string(bytes) + " bytes, less than one sector");
    return {};
}

/// Nobody else may write what this guest uses, nor use what it writes.
Result<void> lock_image(int file, bool shared) {
    // A disk that a guest has just given up may be held a moment longer by what was under way.
    constexpr int attempts = 25;
    constexpr useconds_t pause_us = 20'000;
    for (int attempt = 1; ::flock(file, (shared ? LOCK_SH : LOCK_EX) | LOCK_NB) != 0; ++attempt) {
        if (errno == EINTR)
            continue;
        if (errno != EWOULDBLOCK)
            return Error::from_errno("flock", errno);
        if (attempt == attempts)
            return Error(ErrorKind::system, shared ? "another guest writes to it" : "another guest uses it")
                .advise(shared ? "Several guests may share an image if none writes to it."
                               : "Give the guest a copy, or read-only access (r) to all who share it.");
        ::usleep(pause_us);
    }
    return {};
}

Result<std::string> absolute(const std::string& path) {
    if (path.front() == '/')
        return path;
    char directory[PATH_MAX];
    if (!::getcwd(directory, sizeof directory))
        return Error::from_errno("asking for the working directory", errno);
    return std::string(directory) + "/" + path;
}

Result<OpenImage> open_unnamed(const DiskConfig& disk, ImageLock lock) {
    OpenImage image;
    image.path = TRY(absolute(disk.path));
    image.file = TRY(open_file(disk));
    TRY(measure(image, disk.direct));
    if (lock == ImageLock::hold)
        TRY(lock_image(image.file.get(), disk.read_only));
    // Who reads and writes it later waits for it.
    const int flags = ::fcntl(image.file.get(), F_GETFL);
    if (flags < 0 || ::fcntl(image.file.get(), F_SETFL, flags & ~O_NONBLOCK) != 0)
        return Error::from_errno("fcntl", errno);
    return image;
}

} // namespace

Result<OpenImage> open_image(const DiskConfig& disk, ImageLock lock) {
    return open_unnamed(disk, lock).while_doing("opening disk " + disk.device_name + ", " + disk.path);
}

Result<std::vector<OpenImage>> open_images(const std::vector<DiskConfig>& disks, ImageLock lock) {
    std::vector<OpenImage> images;
    images.reserve(disks.size());
    for (const DiskConfig& disk : disks)
        images.push_back(TRY(open_image(disk, lock)));
    return images;
}

} // namespace chaos::devices
