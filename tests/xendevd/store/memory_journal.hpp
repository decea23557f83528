// SPDX-License-Identifier: BSD-3-Clause
// A store's journal that outlives the store, for tests; it can be full.
#pragma once

#include <cerrno>

#include "xendevd/store/store_journal.hpp"

namespace xendevd::test {

struct JournalLines {
    std::vector<std::string> lines;
    bool full = false;
    std::size_t replaced = 0;
};

class MemoryJournal final : public StoreJournal {
  public:
    explicit MemoryJournal(JournalLines& kept) : kept_(kept) {}
    chaos::Result<void> append(std::string_view line) override {
        if (kept_.full)
            return chaos::Error::from_errno("write", ENOSPC);
        kept_.lines.emplace_back(line);
        return {};
    }
    chaos::Result<void> replace(std::span<const std::string> lines) override {
        if (kept_.full)
            return chaos::Error::from_errno("write", ENOSPC);
        kept_.lines.assign(lines.begin(), lines.end());
        ++kept_.replaced;
        return {};
    }
    [[nodiscard]] std::size_t size() const override {
        std::size_t size = 0;
        for (const std::string& line : kept_.lines)
            size += line.size() + 1;
        return size;
    }
    chaos::Result<std::vector<std::string>> read() override { return kept_.lines; }

  private:
    JournalLines& kept_;
};

} // namespace xendevd::test
