// SPDX-License-Identifier: BSD-3-Clause
// O_DIRECT reads through the kernel's native asynchronous I/O, which needs no library.
#include "tests/bench/disk_load.hpp"

#include <fcntl.h>
#include <linux/aio_abi.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "tests/bench/samples.hpp"

namespace bench {

namespace {

constexpr std::uint64_t most_depth = 128;

std::string error(const std::string& what, long number) {
    return "{\"error\": \"" + what + ": " + std::strerror(static_cast<int>(number)) + "\"}";
}

/// The places to read, the same in every run.
class Places {
  public:
    Places(bool random, std::uint64_t size, std::uint64_t blocks)
        : random_(random), size_(size), blocks_(blocks) {}

    std::uint64_t next() {
        state_ = state_ * 6364136223846793005u + 1442695040888963407u;
        const std::uint64_t block = random_ ? (state_ >> 33) % blocks_ : turn_++ % blocks_;
        return block * size_;
    }

  private:
    bool random_;
    std::uint64_t size_;
    std::uint64_t blocks_;
    std::uint64_t turn_ = 0;
    std::uint64_t state_ = 1;
};

} // namespace

std::string disk_load(const std::string& device, const std::string& pattern, std::uint64_t size,
                      std::uint64_t count, std::uint64_t depth) {
    depth = std::clamp<std::uint64_t>(depth, 1, most_depth);
    const int fd = ::open(device.c_str(), O_RDONLY | O_DIRECT | O_CLOEXEC);
    if (fd < 0)
        return error(device, errno);
    const off_t end = ::lseek(fd, 0, SEEK_END);
    aio_context_t context = 0;
    char* memory = nullptr;
    if (size == 0 || end < static_cast<off_t>(size) ||
        ::posix_memalign(reinterpret_cast<void**>(&memory), 4096, depth * size) != 0 ||
        ::syscall(SYS_io_setup, depth, &context) != 0) {
        ::close(fd);
        return error("preparing " + device, errno != 0 ? errno : EINVAL);
    }
    std::memset(memory, 1, depth * size); // so that no page comes into being while the clock runs

    Places places(pattern == "random", size, static_cast<std::uint64_t>(end) / size);
    std::vector<iocb> requests(depth);
    std::vector<io_event> events(depth);
    std::uint64_t started = 0, finished = 0;
    long wrong = 0;
    const auto start = [&](std::size_t slot) {
        iocb& request = requests[slot];
        request = {};
        request.aio_data = slot;
        request.aio_lio_opcode = IOCB_CMD_PREAD;
        request.aio_fildes = static_cast<std::uint32_t>(fd);
        request.aio_buf = reinterpret_cast<std::uintptr_t>(memory + slot * size);
        request.aio_nbytes = size;
        request.aio_offset = static_cast<std::int64_t>(places.next());
        iocb* list = &request;
        if (::syscall(SYS_io_submit, context, 1, &list) != 1)
            wrong = errno;
        ++started;
    };

    const std::uint64_t before = now_ns();
    for (std::size_t slot = 0; slot < depth && started < count; ++slot)
        start(slot);
    while (finished < started && wrong == 0) {
        const long got = ::syscall(SYS_io_getevents, context, 1, depth, events.data(), nullptr);
        for (long i = 0; i < got; ++i) {
            const io_event& event = events[static_cast<std::size_t>(i)];
            if (event.res != static_cast<std::int64_t>(size))
                wrong = event.res < 0 ? -static_cast<long>(event.res) : EIO;
            ++finished;
            if (started < count && wrong == 0)
                start(static_cast<std::size_t>(event.data));
        }
    }
    const std::uint64_t ns = now_ns() - before;
    ::syscall(SYS_io_destroy, context); // waits for what is still on its way
    std::free(memory);
    ::close(fd);
    if (wrong != 0)
        return error("reading " + device, wrong);
    char text[200];
    std::snprintf(
        text, sizeof text,
        "{\"size\": %llu, \"depth\": %llu, \"reads\": %llu, \"ns\": %llu, \"iops\": %.1f, \"mb_per_s\": %.2f}",
        static_cast<unsigned long long>(size), static_cast<unsigned long long>(depth),
        static_cast<unsigned long long>(finished), static_cast<unsigned long long>(ns),
        static_cast<double>(finished) * 1e9 / static_cast<double>(ns),
        static_cast<double>(finished * size) * 1e3 / static_cast<double>(ns));
    return text;
}

} // namespace bench
