// SPDX-License-Identifier: BSD-3-Clause
// Reads a configuration file, whatever the path may lead to.
#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>

#include "libchaos/config/guest_config.hpp"
#include "libchaos/config/syntax.hpp"
#include "libchaos/unique_fd.hpp"

namespace chaos {
namespace {

Result<std::string> read_text_file(const std::string& path) {
    // Without O_NONBLOCK a FIFO would hold us until somebody writes to it.
    const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (!file.is_open())
        return Error::from_errno("open", errno);
    struct stat status = {};
    if (::fstat(file.get(), &status) != 0)
        return Error::from_errno("fstat", errno);
    if (!S_ISREG(status.st_mode))
        return Error(ErrorKind::invalid_config, "this is no regular file");

    // The size is a hint (files in /proc have none). One byte beyond the limit is asked for, so that a longer
    // file is seen as such.
    constexpr std::size_t limit = config::maximum_text + 1;
    std::string text;
    std::size_t size = 0;
    text.resize(std::min(static_cast<std::size_t>(status.st_size) + 1, limit));
    for (;;) {
        if (size == text.size())
            text.resize(std::min(std::max<std::size_t>(size * 2, 4096), limit));
        const ssize_t count = ::read(file.get(), text.data() + size, text.size() - size);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return Error::from_errno("read", errno);
        size += static_cast<std::size_t>(count);
        if (count == 0 || size == limit)
            break;
    }
    text.resize(size);
    return text;
}

} // namespace

Result<GuestConfig> load_guest_config(const std::string& path, const std::vector<std::string>& overrides) {
    auto text = read_text_file(path);
    if (!text)
        return std::move(text)
            .error()
            .as(ErrorKind::invalid_config)
            .while_doing("reading configuration " + path);
    return parse_guest_config(*text, path, overrides);
}

} // namespace chaos
