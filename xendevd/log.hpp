// SPDX-License-Identifier: BSD-3-Clause
// What xendevd says to its operator, on standard error (where systemd's journal takes it): one line per matter, and
// never more because a guest wants more.
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

namespace xendevd {

/// How often one cause may write: each guest device owns one, so that no guest fills the log. Ten lines, and one more
/// every ten seconds; what was left out is counted and told with the next line.
class LogAllowance {
  public:
    /// True if a line may be written now. `suppressed` becomes the number of lines left out since the last one.
    bool take(std::chrono::steady_clock::time_point now, std::uint64_t& suppressed);

  private:
    double tokens_ = 10;
    std::chrono::steady_clock::time_point last_{};
    std::uint64_t suppressed_ = 0;
};

class Log {
  public:
    /// `debug` lines are written only if asked for.
    explicit Log(bool debug) : debug_(debug) {}

    void debug(std::string_view text);
    void info(std::string_view text);
    void warning(std::string_view text);
    void error(std::string_view text);
    /// A line that a guest can cause.
    void guest(LogAllowance& allowance, std::string_view text);

  private:
    bool debug_;
};

} // namespace xendevd
