// SPDX-License-Identifier: BSD-3-Clause
// A store's journal in a file of its own.
#include "xendevd/store/store_journal.hpp"

namespace xendevd {

namespace {

class StoreJournalFile final : public StoreJournal {
  public:
    explicit StoreJournalFile(Journal file) : file_(std::move(file)) {}
    chaos::Result<void> append(std::string_view line) override { return file_.append(line); }
    chaos::Result<void> replace(std::span<const std::string> lines) override { return file_.replace(lines); }
    [[nodiscard]] std::size_t size() const override { return file_.size(); }
    chaos::Result<std::vector<std::string>> read() override { return file_.read(); }

  private:
    Journal file_;
};

} // namespace

std::unique_ptr<StoreJournal> store_journal(Journal file) {
    return std::make_unique<StoreJournalFile>(std::move(file));
}

} // namespace xendevd
