// SPDX-License-Identifier: BSD-3-Clause
// What an image must be to become a disk, found out before a guest depends on it.
#include "xendevd/vbd/image.hpp"

#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <cerrno>
#include <chrono>
#include <string>
#include <thread>

namespace xendevd {

using chaos::Error;
using chaos::ErrorKind;
using chaos::Result;

namespace {

constexpr std::uint64_t bytes_per_sector = 512;

Error unfit(std::string why) {
    return Error(ErrorKind::invalid_config, std::move(why));
}

/// False if another has it. A file system without locks is no reason to refuse.
bool try_lock(int file, bool read_only) {
    return ::flock(file, (read_only ? LOCK_SH : LOCK_EX) | LOCK_NB) == 0 || errno != EWOULDBLOCK;
}

} // namespace

Result<Image> Image::open(const VbdSettings& settings, chaos::UniqueFd file) {
    Image image(std::move(file));
    TRY(image.check(settings).while_doing("preparing the disk image " + settings.path));
    return image;
}

Image::~Image() {
    // The lock belongs to the open file, which whoever opened it may have open still.
    if (file_.is_open())
        (void)::flock(file_.get(), LOCK_UN);
}

Result<void> Image::check(const VbdSettings& settings) {
    struct stat status {};
    if (::fstat(file(), &status) != 0)
        return Error::from_errno("fstat", errno);
    is_block_device_ = S_ISBLK(status.st_mode);
    if (!is_block_device_ && !S_ISREG(status.st_mode))
        return unfit("it is neither a regular file nor a block device");
    const int flags = ::fcntl(file(), F_GETFL);
    if (flags < 0)
        return Error::from_errno("fcntl", errno);
    if ((flags & O_ACCMODE) == O_WRONLY || (!settings.read_only && (flags & O_ACCMODE) != O_RDWR))
        return unfit("it is not open for what the disk needs");
    if (settings.sector_size != 512 && settings.sector_size != 4096)
        return unfit("its sector size is given as " + std::to_string(settings.sector_size) +
                     ", not 512 or 4096");

    std::uint64_t size = static_cast<std::uint64_t>(status.st_size);
    if (is_block_device_ && ::ioctl(file(), BLKGETSIZE64, &size) != 0)
        return Error::from_errno("ioctl(BLKGETSIZE64)", errno);
    const std::uint64_t whole_sectors =
        size / settings.sector_size * (settings.sector_size / bytes_per_sector);
    sectors_ = settings.sectors ? settings.sectors : whole_sectors;
    if (sectors_ == 0)
        return unfit("it is smaller than one sector")
            .advise("make it as large as the disk is to be: truncate -s 1G FILE");
    if (sectors_ > whole_sectors)
        return unfit("it has " + std::to_string(whole_sectors) + " sectors of 512 bytes, less than the " +
                     std::to_string(sectors_) + " asked for");
    if (sectors_ % (settings.sector_size / bytes_per_sector) != 0)
        return unfit("its size of " + std::to_string(sectors_) + " sectors is no multiple of " +
                     std::to_string(settings.sector_size) + " bytes");
    if (settings.direct)
        TRY(bypass_page_cache(settings.sector_size));
    TRY(lock(settings.read_only));
    // Beyond the end there is nothing to lose. A device is asked when the guest wants it: it answers for itself.
    can_discard_ = settings.discard && !settings.read_only &&
                   (is_block_device_ || ::fallocate(file(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                                                    status.st_size + 4096, 4096) == 0);
    return {};
}

Result<void> Image::bypass_page_cache(std::uint32_t sector_size) {
    std::uint32_t alignment = 512;
    if (is_block_device_) {
        int logical = 0;
        if (::ioctl(file(), BLKSSZGET, &logical) == 0)
            alignment = static_cast<std::uint32_t>(logical);
    } else {
#ifdef STATX_DIOALIGN
        struct statx status {};
        if (::statx(file(), "", AT_EMPTY_PATH, STATX_DIOALIGN, &status) == 0 &&
            (status.stx_mask & STATX_DIOALIGN) && status.stx_dio_offset_align != 0)
            alignment = status.stx_dio_offset_align;
#endif
    }
    if (alignment > sector_size)
        return unfit("direct access to it needs sectors of " + std::to_string(alignment) + " bytes")
            .advise("leave out direct access for this disk");
    if (::fcntl(file(), F_SETFL, O_DIRECT | ::fcntl(file(), F_GETFL)) != 0)
        return Error::from_errno("setting O_DIRECT", errno)
            .as(ErrorKind::invalid_config)
            .advise("its file system has no direct access: leave it out for this disk");
    return {};
}

Result<void> Image::lock(bool read_only) {
    if (try_lock(file(), read_only))
        return {};
    return unfit(read_only ? "another program writes to it" : "another guest or program uses it")
        .advise("an image can have one writer, or any number of readers (access=ro)");
}

void wait_for_image(const chaos::UniqueFd& image, bool read_only) {
    // Operations hold the open file that they work on, and with it its lock: the lock tells when they are over.
    using namespace std::chrono_literals;
    static const auto end = Clock::now() + 5s; // for all images together
    while (!try_lock(image.get(), read_only) && Clock::now() < end)
        std::this_thread::sleep_for(5ms);
}

} // namespace xendevd
