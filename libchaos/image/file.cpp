// SPDX-License-Identifier: BSD-3-Clause
// The system calls behind reading a kernel file.
#include "libchaos/image/file.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

namespace chaos {
namespace {

const char* kind_of_file(mode_t mode) {
    if (S_ISDIR(mode))
        return "a directory";
    if (S_ISFIFO(mode))
        return "a pipe";
    if (S_ISSOCK(mode))
        return "a socket";
    return "a device";
}

} // namespace

FileIdentity identity_of(const struct stat& status) {
    const auto nanoseconds = [](const timespec& time) {
        return static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
    };
    return {status.st_dev, status.st_ino, static_cast<std::uint64_t>(status.st_size),
            nanoseconds(status.st_mtim), nanoseconds(status.st_ctim)};
}

Result<FileIdentity> FileIdentity::of(const std::string& path) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0)
        return Error::from_errno("looking at " + path, errno);
    return identity_of(status);
}

Result<OpenFile> open_regular_file(const std::string& path) {
    OpenFile file;
    // Without O_NONBLOCK a FIFO would hold us until somebody writes to it.
    file.descriptor.reset(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (!file.descriptor.is_open()) {
        const int open_errno = errno;
        auto error = Error::from_errno("open", open_errno);
        // Nothing, a socket (ENXIO) or an endless chain of links: the path leads to nothing that can be a kernel.
        for (const int wrong_path : {ENOENT, ENOTDIR, ENXIO, ELOOP, ENAMETOOLONG})
            if (open_errno == wrong_path)
                return std::move(error).as(ErrorKind::invalid_image);
        return error;
    }
    if (::fstat(file.descriptor.get(), &file.status) != 0)
        return Error::from_errno("fstat", errno);
    if (!S_ISREG(file.status.st_mode))
        return Error(ErrorKind::invalid_image,
                     std::string("this is ") + kind_of_file(file.status.st_mode) + ", not a file");
    return file;
}

namespace {

/// pread(2) by way of a buffer of our own. Some file systems (9p among them) pin the pages they read into,
/// which mapped guest memory does not allow: they answer EFAULT.
ssize_t read_by_way_of_buffer(int descriptor, void* destination, std::size_t size, off_t offset) {
    constexpr std::size_t buffer_size = 256 * 1024;
    const auto buffer = std::make_unique_for_overwrite<unsigned char[]>(std::min(size, buffer_size));
    const ssize_t count = ::pread(descriptor, buffer.get(), std::min(size, buffer_size), offset);
    if (count > 0)
        std::memcpy(destination, buffer.get(), static_cast<std::size_t>(count));
    return count;
}

} // namespace

Result<void> read_fully(int descriptor, std::uint64_t offset, void* buffer, std::size_t size) {
    auto* to = static_cast<unsigned char*>(buffer);
    while (size > 0) {
        ssize_t count = ::pread(descriptor, to, size, static_cast<off_t>(offset));
        if (count < 0 && errno == EFAULT)
            count = read_by_way_of_buffer(descriptor, to, size, static_cast<off_t>(offset));
        if (count < 0) {
            if (errno == EINTR)
                continue;
            return Error::from_errno("pread", errno);
        }
        if (count == 0)
            return Error(ErrorKind::invalid_image, "the file ended at byte " + std::to_string(offset) +
                                                       ": it was cut while it was being read");
        to += count;
        offset += static_cast<std::uint64_t>(count);
        size -= static_cast<std::size_t>(count);
    }
    return {};
}

} // namespace chaos
