// SPDX-License-Identifier: BSD-3-Clause
// Lines with times. Control characters are written as cat -v shows them: whoever looks at a log has not asked for the
// guest to steer his terminal.
#include "xendevd/console/console_log.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <ctime>

namespace xendevd {

using chaos::Error;
using chaos::Result;

namespace {

constexpr std::chrono::seconds between_attempts{10};

std::string stamp(ConsoleLog::Time now) {
    const auto milliseconds =
        std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count();
    const std::time_t seconds = milliseconds / 1000;
    std::tm parts{};
    ::gmtime_r(&seconds, &parts);
    std::array<char, 48> text{};
    const std::size_t length = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
    std::snprintf(text.data() + length, text.size() - length, ".%03dZ ",
                  static_cast<int>(milliseconds % 1000));
    return text.data();
}

} // namespace

std::string ConsoleLog::with_times(std::string_view text, Time now) {
    const std::string time = stamp(now);
    std::string lines;
    lines.reserve(text.size() + 4 * time.size());
    for (const char letter : text) {
        if (letter == '\r')
            continue; // terminals want it before each line end, files do not
        if (at_line_start_)
            lines += time;
        at_line_start_ = letter == '\n';
        const auto code = static_cast<unsigned char>(letter);
        if (code >= 0x20 && code != 0x7f) {
            lines += letter;
        } else if (letter == '\n' || letter == '\t') {
            lines += letter;
        } else {
            lines += '^';
            lines += static_cast<char>(code ^ 0x40);
        }
    }
    return lines;
}

Result<void> ConsoleLog::open() {
    file_.reset(::open(path_.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!file_.is_open())
        return Error::from_errno("opening " + path_, errno);
    struct stat status {};
    if (::fstat(file_.get(), &status) != 0)
        return Error::from_errno("looking at " + path_, errno);
    size_ = static_cast<std::size_t>(status.st_size);
    // The xendevd before may have been killed, or the guest destroyed, in the middle of a line.
    char last = '\n';
    if (size_ > 0 && ::pread(file_.get(), &last, 1, status.st_size - 1) == 1 && last != '\n')
        TRY(write_bytes("\n"));
    at_line_start_ = true;
    return {};
}

Result<void> ConsoleLog::rotate() {
    if (::rename(path_.c_str(), (path_ + ".1").c_str()) != 0)
        return Error::from_errno("renaming " + path_, errno);
    return open();
}

Result<void> ConsoleLog::write_bytes(std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(file_.get(), bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return Error::from_errno("writing " + path_, errno);
        size_ += static_cast<std::size_t>(written);
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
}

Result<void> ConsoleLog::write(std::string_view text, Time now) {
    const auto write_all = [&]() -> Result<void> {
        if (!file_.is_open())
            TRY(open());
        std::string lines = with_times(text, now);
        if (size_ + lines.size() > longest_file) {
            TRY(rotate());
            at_line_start_ = true;
            lines = with_times(text, now);
        }
        return write_bytes(lines);
    };
    if (!file_.is_open() && now < next_attempt_)
        return {};
    auto result = write_all();
    if (!result) {
        file_.reset();
        next_attempt_ = now + between_attempts;
    }
    return result;
}

} // namespace xendevd
