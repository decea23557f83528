// SPDX-License-Identifier: BSD-3-Clause
// Finds or makes the unpacked copy of a kernel.
#include "libchaos/image/kernel_cache.hpp"

#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <ctime>
#include <fcntl.h>
#include <optional>
#include <sys/file.h>

#include "libchaos/image/unpack.hpp"

namespace chaos {
namespace {

std::string entry_name(const struct stat& status) {
    char name[128];
    std::snprintf(name, sizeof name, "%jx-%jx-%jx-%jx.%09lx-%jx.%09lx", std::uintmax_t{status.st_dev},
                  std::uintmax_t{status.st_ino}, static_cast<std::uintmax_t>(status.st_size),
                  static_cast<std::uintmax_t>(status.st_mtim.tv_sec), status.st_mtim.tv_nsec,
                  static_cast<std::uintmax_t>(status.st_ctim.tv_sec), status.st_ctim.tv_nsec);
    return name;
}

class FileSink final : public ByteSink {
  public:
    explicit FileSink(int descriptor) : descriptor_(descriptor) {}
    Result<void> write(std::span<const unsigned char> bytes) override {
        while (!bytes.empty()) {
            const ssize_t count = ::write(descriptor_, bytes.data(), bytes.size());
            if (count < 0 && errno == EINTR)
                continue;
            if (count < 0)
                return Error::from_errno("write", errno);
            bytes = bytes.subspan(static_cast<std::size_t>(count));
        }
        return {};
    }

  private:
    int descriptor_;
};

/// mkdir -p; only the last directory is private, since it holds copies of files that may be.
Result<void> make_directories(const std::string& path) {
    if (::mkdir(path.c_str(), 0700) == 0 || errno == EEXIST)
        return {};
    for (std::size_t slash = path.find('/', 1); errno == ENOENT && slash != path.npos;
         slash = path.find('/', slash + 1))
        if (::mkdir(path.substr(0, slash).c_str(), 0755) == 0 || errno == EEXIST)
            errno = ENOENT;
    if (errno == ENOENT && (::mkdir(path.c_str(), 0700) == 0 || errno == EEXIST))
        return {};
    return Error::from_errno("mkdir", errno);
}

/// The entry if it is there and whole. One that is neither ours nor a kernel is removed: it will be made
/// again.
std::optional<UnpackedKernel> find_entry(const std::string& path, std::uint64_t unpacked_size) {
    UnpackedKernel kernel;
    kernel.path = path;
    kernel.file.descriptor.reset(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    if (!kernel.file.descriptor.is_open())
        return std::nullopt;
    struct stat& status = kernel.file.status;
    if (::fstat(kernel.file.descriptor.get(), &status) == 0 && S_ISREG(status.st_mode) &&
        status.st_uid == ::geteuid() && static_cast<std::uint64_t>(status.st_size) == unpacked_size) {
        auto headers = parse_elf_kernel(FileBytes(kernel.file));
        if (headers) {
            kernel.headers = *std::move(headers);
            return kernel;
        }
    }
    ::unlink(path.c_str());
    return std::nullopt;
}

/// The half-written entry of one kernel, locked: one process at a time writes it, and removes it if it fails.
class PartialEntry {
  public:
    static Result<PartialEntry> lock(std::string path) {
        PartialEntry partial(std::move(path));
        for (;;) {
            partial.file_.reset(
                ::open(partial.path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600));
            if (!partial.file_.is_open())
                return Error::from_errno("open", errno);
            while (::flock(partial.file_.get(), LOCK_EX) != 0)
                if (errno != EINTR)
                    return Error::from_errno("flock", errno);
            if (partial.is_at_its_path()) {
                partial.holds_ = true;
                return partial;
            }
            // Whoever had the lock has finished the entry or given up, and the name is free for another file.
        }
    }
    PartialEntry(PartialEntry&& other) noexcept
        : path_(std::move(other.path_)), file_(std::move(other.file_)),
          holds_(std::exchange(other.holds_, false)) {}
    PartialEntry& operator=(PartialEntry&&) = delete;
    ~PartialEntry() {
        if (holds_)
            ::unlink(path_.c_str());
    }

    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] int descriptor() const { return file_.get(); }

    /// Makes it the entry. It is on disk before it is seen, so that a power cut leaves no hollow entry.
    Result<void> publish(const std::string& path) {
        if (::fdatasync(file_.get()) != 0)
            return Error::from_errno("fdatasync", errno);
        if (::rename(path_.c_str(), path.c_str()) != 0)
            return Error::from_errno("rename", errno);
        holds_ = false;
        return {};
    }

  private:
    explicit PartialEntry(std::string path) : path_(std::move(path)) {}

    [[nodiscard]] bool is_at_its_path() const {
        struct stat ours = {};
        struct stat there = {};
        return ::fstat(file_.get(), &ours) == 0 && ::lstat(path_.c_str(), &there) == 0 &&
               ours.st_dev == there.st_dev && ours.st_ino == there.st_ino;
    }

    std::string path_;
    UniqueFd file_;
    bool holds_ = false;
};

bool same_time(const timespec& a, const timespec& b) {
    return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

Result<void> check_unchanged(const OpenFile& packed) {
    struct stat now = {};
    if (::fstat(packed.descriptor.get(), &now) != 0)
        return Error::from_errno("fstat", errno);
    if (now.st_size != packed.status.st_size || !same_time(now.st_mtim, packed.status.st_mtim) ||
        !same_time(now.st_ctim, packed.status.st_ctim))
        return Error(ErrorKind::invalid_image, "the file changed while it was being unpacked");
    return {};
}

/// A file's times move in steps of a clock tick. One that was changed within the last tick could change once
/// more and keep its times: wait that tick out before reading it.
void let_times_settle(const struct stat& status) {
    timespec now = {};
    constexpr long tick_ns = 10'000'000;
    if (::clock_gettime(CLOCK_REALTIME, &now) != 0 || now.tv_sec - status.st_ctim.tv_sec > 1)
        return;
    const long age =
        (now.tv_sec - status.st_ctim.tv_sec) * 1'000'000'000 + now.tv_nsec - status.st_ctim.tv_nsec;
    if (age > 2 * tick_ns)
        return;
    const timespec pause{0, 2 * tick_ns};
    ::nanosleep(&pause, nullptr);
}

/// Unpacks into `partial` and reads what came out; an unpacked kernel that is none is never published.
Result<UnpackedKernel> unpack_into(const PartialEntry& partial, const OpenFile& packed,
                                   const BzImagePayload& payload) {
    if (::ftruncate(partial.descriptor(), 0) != 0)
        return Error::from_errno("ftruncate", errno);
    FileSink sink(partial.descriptor());
    TRY(unpack_payload(FileBytes(packed), payload, sink));
    TRY(check_unchanged(packed));
    UnpackedKernel kernel;
    kernel.file = TRY(open_regular_file(partial.path()));
    kernel.headers = TRY(parse_elf_kernel(FileBytes(kernel.file)).while_doing("reading the unpacked kernel"));
    return kernel;
}

} // namespace

Result<UnpackedKernel> open_unpacked(const OpenFile& packed, const BzImagePayload& payload,
                                     const std::string& cache_directory) {
    const std::string name = entry_name(packed.status);
    const std::string path = cache_directory + "/" + name;
    const std::string writing = "writing to the kernel cache " + cache_directory;
    if (auto found = find_entry(path, payload.unpacked_size))
        return *std::move(found);

    TRY(make_directories(cache_directory).while_doing(writing));
    auto partial = TRY(PartialEntry::lock(path + ".partial").while_doing(writing));
    if (auto found = find_entry(path, payload.unpacked_size)) // made while we waited for the lock
        return *std::move(found);
    let_times_settle(packed.status);
    auto kernel = TRY(unpack_into(partial, packed, payload));
    // Before the entry appears: whoever finds it there does not tidy up after a maker that was killed.
    tidy_kernel_cache(cache_directory, name);
    TRY(partial.publish(path).while_doing(writing));
    kernel.path = path;
    return kernel;
}

} // namespace chaos
