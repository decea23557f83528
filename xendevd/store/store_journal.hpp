// SPDX-License-Identifier: BSD-3-Clause
// Where a private store keeps what it must know after a restart: lines that only grow in number until they are all
// replaced.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libchaos/result.hpp"
#include "xendevd/journal.hpp"

namespace xendevd {

class StoreJournal {
  public:
    virtual ~StoreJournal() = default;
    /// Adds a line, as a whole or not at all. It must survive the process, not the host.
    virtual chaos::Result<void> append(std::string_view line) = 0;
    virtual chaos::Result<void> replace(std::span<const std::string> lines) = 0;
    /// Bytes written since the lines were replaced.
    [[nodiscard]] virtual std::size_t size() const = 0;
    virtual chaos::Result<std::vector<std::string>> read() = 0;
};

/// One in a file.
std::unique_ptr<StoreJournal> store_journal(Journal file);

} // namespace xendevd
