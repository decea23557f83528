// SPDX-License-Identifier: BSD-3-Clause
// Lines with syslog's level in front, as the journal understands them (sd-daemon(3)).
#include "xendevd/log.hpp"

#include <syslog.h>

#include <algorithm>
#include <string>

#include "libchaos/log_line.hpp"

namespace xendevd {

namespace {

constexpr double burst = 10;
constexpr double per_second = 0.1;

void write_line(int level, std::string_view text) {
    chaos::write_log_line(level, "xendevd", text);
}

} // namespace

bool LogAllowance::take(std::chrono::steady_clock::time_point now, std::uint64_t& suppressed) {
    const double passed = std::chrono::duration<double>(now - last_).count();
    tokens_ = std::min(burst, tokens_ + passed * per_second);
    last_ = now;
    if (tokens_ < 1) {
        ++suppressed_;
        return false;
    }
    tokens_ -= 1;
    suppressed = suppressed_;
    suppressed_ = 0;
    return true;
}

void Log::debug(std::string_view text) {
    if (debug_)
        write_line(LOG_DEBUG, text);
}

void Log::info(std::string_view text) {
    write_line(LOG_INFO, text);
}

void Log::warning(std::string_view text) {
    write_line(LOG_WARNING, text);
}

void Log::error(std::string_view text) {
    write_line(LOG_ERR, text);
}

void Log::guest(LogAllowance& allowance, std::string_view text) {
    std::uint64_t suppressed = 0;
    if (!allowance.take(std::chrono::steady_clock::now(), suppressed))
        return;
    if (suppressed == 0)
        return warning(text);
    warning(std::string(text) + " (and " + std::to_string(suppressed) + " more such lines left out)");
}

} // namespace xendevd
