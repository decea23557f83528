// SPDX-License-Identifier: BSD-3-Clause
// What chaosd says to its operator, on standard error: one line per matter, as systemd's journal takes it.
#pragma once

#include <string_view>

#include "libchaos/result.hpp"

namespace chaos::daemon {

class Log {
  public:
    void info(std::string_view text);
    void warning(std::string_view text);
    void error(std::string_view text);
    /// Its story and its advice.
    void error(const Error& error);
};

} // namespace chaos::daemon
