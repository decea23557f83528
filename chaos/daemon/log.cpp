// SPDX-License-Identifier: BSD-3-Clause
// Lines with syslog's level in front (sd-daemon(3)).
#include "chaos/daemon/log.hpp"

#include <syslog.h>

#include "libchaos/log_line.hpp"

namespace chaos::daemon {

namespace {

void write_line(int level, std::string_view text) {
    write_log_line(level, "chaosd", text);
}

} // namespace

void Log::info(std::string_view text) {
    write_line(LOG_INFO, text);
}

void Log::warning(std::string_view text) {
    write_line(LOG_WARNING, text);
}

void Log::error(std::string_view text) {
    write_line(LOG_ERR, text);
}

void Log::error(const Error& failure) {
    error(failure.story() + (failure.advice().empty() ? "" : ". " + failure.advice()));
}

} // namespace chaos::daemon
