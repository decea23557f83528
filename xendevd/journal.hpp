// SPDX-License-Identifier: BSD-3-Clause
// What a restarted xendevd has to know of one guest: a file of lines, one JSON object each, that only grows until it is
// written anew.
//
//     <state directory>/devices/32700.journal
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libchaos/result.hpp"
#include "libchaos/unique_fd.hpp"
#include "libchaos/xen/ids.hpp"

namespace xendevd {

class Journal {
  public:
    /// No file is made before the first line.
    Journal(std::string directory, chaos::DomainId domain);
    Journal(Journal&&) = default;

    /// Adds `line`, which holds no line end. A line is there as a whole or not at all, also when xendevd is killed
    /// meanwhile: read() leaves out a last line without its end.
    chaos::Result<void> append(std::string_view line);
    /// Puts `lines` in place of all that was written, at once.
    chaos::Result<void> replace(std::span<const std::string> lines);
    /// Bytes written since the file was begun or replaced.
    [[nodiscard]] std::size_t size() const { return size_; }
    /// Removes the file.
    void remove();

    /// The lines of the file, oldest first; none if there is no file.
    chaos::Result<std::vector<std::string>> read();
    /// Whose journals lie in `directory`.
    static chaos::Result<std::vector<chaos::DomainId>> domains(const std::string& directory);

  private:
    [[nodiscard]] chaos::Result<void> write(int file, std::string_view text) const;

    std::string path_;
    chaos::UniqueFd file_;
    std::size_t size_ = 0;
};

} // namespace xendevd
