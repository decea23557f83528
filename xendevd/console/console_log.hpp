// SPDX-License-Identifier: BSD-3-Clause
// A guest's console as a file: each line with the time at which it began, and never more than two files of a size.
//
//     2026-11-21T08:35:22.123Z [    0.000000] Linux version 6.1.0
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

#include "libchaos/result.hpp"
#include "libchaos/unique_fd.hpp"

namespace xendevd {

class ConsoleLog {
  public:
    using Time = std::chrono::system_clock::time_point;
    static constexpr std::size_t longest_file = std::size_t{1} << 20;

    /// No file is made before the guest says something.
    explicit ConsoleLog(std::string path) : path_(std::move(path)) {}

    /// Adds what the guest wrote at `now`. A file that would grow beyond the longest is renamed to `path`.1, in place of
    /// the one before. What cannot be written is lost; the error says why, once for each attempt to open the file, and
    /// attempts are ten seconds apart.
    chaos::Result<void> write(std::string_view text, Time now);
    [[nodiscard]] const std::string& path() const { return path_; }

  private:
    chaos::Result<void> open();
    chaos::Result<void> rotate();
    chaos::Result<void> write_bytes(std::string_view bytes);
    [[nodiscard]] std::string with_times(std::string_view text, Time now);

    std::string path_;
    chaos::UniqueFd file_;
    std::size_t size_ = 0;
    bool at_line_start_ = true;
    Time next_attempt_{};
};

} // namespace xendevd
