// SPDX-License-Identifier: BSD-3-Clause
// Lines with syslog's level in front (sd-daemon(3)).
#include "chaos/daemon/log.hpp"

#include <syslog.h>
#include <unistd.h>

#include <algorithm>
#include <string>

namespace chaos::daemon {

namespace {

void write_line(int level, std::string_view text) {
    std::string line = "<" + std::to_string(level) + ">chaosd: ";
    line += text;
    // Names and paths of others are in it: one message stays one line of plain characters.
    std::replace_if(
        line.begin(), line.end(), [](unsigned char letter) { return letter < 0x20 || letter == 0x7f; }, ' ');
    line += '\n';
    // A log that nobody reads must not hold anybody up: what cannot be written is lost.
    (void)!::write(STDERR_FILENO, line.data(), line.size());
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
