// SPDX-License-Identifier: BSD-3-Clause
// A console's ring full of any bytes, changed at any moment, against its reader, the recent output and the log: nothing
// is read outside of the page, and what is shown and logged is what was read.
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string>

#include "libchaos/xen/console_ring.hpp"
#include "tests/fuzz/memory_bytes.hpp"
#include "xendevd/console/console_log.hpp"
#include "xendevd/console/recent_output.hpp"

namespace {

constexpr std::size_t indices = 3072; // xen/io/console.h: in[1024], out[2048], then four indices

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    using chaos::fuzz::require;
    static const std::string path = "/tmp/console_fuzzer." + std::to_string(::getpid());
    static const bool tidied =
        std::atexit([] { (void)::unlink(path.c_str()), (void)::unlink((path + ".1").c_str()); }) == 0;
    require(tidied);
    static xendevd::ConsoleLog log(path);
    alignas(8) static std::byte page[4096];
    std::memset(page, 0, sizeof page);
    xendevd::RecentOutput recent;
    std::string everything;
    xendevd::ConsoleLog::Time now{};
    while (size >= 17) {
        const std::size_t count = std::min<std::size_t>(data[16], size - 17);
        std::memcpy(page + indices, data, 16);
        std::memcpy(page + 1024 + data[0], data + 17, count);
        const std::string text = chaos::xen::read_console_ring(page);
        require(text.size() <= 2048);
        require(std::memcmp(page + indices + 8, page + indices + 12, 4) == 0); // all was taken
        recent.append(text);
        everything += text;
        require(recent.end() == everything.size() && recent.end() - recent.oldest() <= recent.capacity);
        require(log.write(text, now).has_value());
        const std::string typed(reinterpret_cast<const char*>(data) + 17, count);
        require(chaos::xen::write_console_ring(page, typed) <= std::min<std::size_t>(count, 1024));
        now += std::chrono::milliseconds(data[16]);
        data += 17 + count;
        size -= 17 + count;
    }
    std::string shown(recent.end() - recent.oldest(), '\0');
    require(recent.copy(recent.oldest(), shown) == shown.size() && everything.ends_with(shown));
    return 0;
}
