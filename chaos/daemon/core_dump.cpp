// SPDX-License-Identifier: BSD-3-Clause
// Pieces collected into large writes; the file gets its name when it is whole.
#include "chaos/daemon/core_dump.hpp"

#include <cerrno>
#include <ctime>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "libchaos/unique_fd.hpp"

namespace chaos::daemon {

namespace {

constexpr std::size_t piece_size = 1 << 20;
/// Of the file besides the pages: headers, registers, 16 bytes a page for where it belongs.
constexpr std::uint64_t overhead_kib = 64;

class CoreFile {
  public:
    explicit CoreFile(UniqueFd file) : file_(std::move(file)) { buffer_.reserve(piece_size); }

    Result<void> write(std::string_view bytes) {
        buffer_ += bytes;
        return buffer_.size() < piece_size ? Result<void>() : flush();
    }
    Result<void> flush() {
        std::string_view left = buffer_;
        while (!left.empty()) {
            const ssize_t size = ::write(file_.get(), left.data(), left.size());
            if (size < 0 && errno == EINTR)
                continue;
            if (size < 0)
                return Error::from_errno("write", errno);
            left.remove_prefix(static_cast<std::size_t>(size));
        }
        buffer_.clear();
        return {};
    }

  private:
    UniqueFd file_;
    std::string buffer_;
};

Result<void> check_space(const std::string& directory, std::uint64_t kib) {
    struct statvfs space {};
    if (::statvfs(directory.c_str(), &space) != 0)
        return Error::from_errno("statvfs", errno);
    const std::uint64_t free_kib = std::uint64_t{space.f_bavail} * space.f_frsize / 1024;
    const std::uint64_t kept_kib = std::uint64_t{space.f_blocks} * space.f_frsize / 1024 / 10;
    if (free_kib < kib + kept_kib)
        return Error(ErrorKind::system, "the file would take " + std::to_string(kib / 1024) + " MiB of the " +
                                            std::to_string(free_kib / 1024) + " MiB that are free in " +
                                            directory + ", and a tenth is to stay free");
    return {};
}

std::string time_of_day() {
    const std::time_t now = std::time(nullptr);
    std::tm parts{};
    ::gmtime_r(&now, &parts);
    char text[24];
    return {text, std::strftime(text, sizeof text, "%Y%m%dT%H%M%SZ", &parts)};
}

Result<void> write_file(Host& host, DomainId id, const std::string& path) {
    UniqueFd descriptor(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!descriptor.is_open())
        return Error::from_errno("open", errno).while_doing("making " + path);
    CoreFile file(std::move(descriptor));
    TRY(host.control().dump_core(id, [&](std::string_view bytes) { return file.write(bytes); }));
    return file.flush();
}

} // namespace

Result<std::string> dump_core(Host& host, const GuestInfo& guest, const std::string& directory) {
    const auto attempt = [&]() -> Result<std::string> {
        if (::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST)
            return Error::from_errno("mkdir", errno).while_doing("making " + directory);
        TRY(check_space(directory, guest.domain.memory_kib + guest.domain.memory_kib / 256 + overhead_kib));
        const std::string path = directory + "/" + guest.name() + "-" + time_of_day() + ".core";
        const std::string unfinished = path + ".part";
        (void)::unlink(unfinished.c_str()); // of a chaosd that was killed
        auto written = write_file(host, guest.domain.id, unfinished);
        if (written && ::rename(unfinished.c_str(), path.c_str()) != 0)
            written = Error::from_errno("rename", errno);
        if (!written) {
            (void)::unlink(unfinished.c_str());
            return std::move(written).error();
        }
        return path;
    };
    return attempt().while_doing("dumping the memory of guest " + guest.name());
}

} // namespace chaos::daemon
