// SPDX-License-Identifier: BSD-3-Clause
// All that one guest's private store holds behind its ring: nodes, watches, open transactions, and what the guest may
// take of each.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "xendevd/store/changes.hpp"
#include "xendevd/store/tree.hpp"

namespace xendevd {

/// What a guest may take. Xen's own xenstored gives 1000 nodes, 128 watches, 10 transactions and 2048 bytes a value.
struct StoreQuota {
    static constexpr std::size_t nodes = 1000;
    static constexpr std::size_t bytes = 65536; ///< of names and values, ours included
    static constexpr std::size_t value_bytes = 2048;
    static constexpr std::size_t watches = 128;
    static constexpr std::size_t token_bytes = 256;
    static constexpr std::size_t transactions = 8;
    static constexpr std::size_t transaction_bytes = 32768; ///< of all that is read and written in one
};

struct StoreWatch {
    std::string given; ///< by the guest, relative or not
    std::string path;  ///< absolute, or a special one with an @
    std::string token;
};

/// What a watch reports.
struct StoreEvent {
    std::string path; ///< relative if the watch was
    std::string token;

    friend bool operator==(const StoreEvent&, const StoreEvent&) = default;
};

/// A transaction sees the tree as it was when it began, and its own changes. It can end well only if what it touched is
/// still the same then.
struct StoreTransaction {
    StoreTree base;                ///< as it was
    StoreTree tree;                ///< as it sees it
    std::set<std::string> touched; ///< paths read or written
    StoreChanges changes;
    std::size_t bytes = 0; ///< towards its quota
    bool lost =
        false; ///< begun before a restart: its changes are not known any more, so the guest must try again
};

class StoreContents {
  public:
    explicit StoreContents(std::string home) : home_(std::move(home)) {}

    [[nodiscard]] const std::string& home() const { return home_; }
    [[nodiscard]] const StoreTree& tree() const { return tree_; }
    [[nodiscard]] const std::vector<StoreWatch>& watches() const { return watches_; }
    [[nodiscard]] std::size_t transactions() const { return transactions_.size(); }
    [[nodiscard]] bool has_watch(std::string_view given, std::string_view token) const;
    /// The open transaction of that number, or nullptr.
    [[nodiscard]] StoreTransaction* transaction(std::uint32_t number);
    [[nodiscard]] std::uint32_t next_transaction() const { return last_transaction_ + 1; }

    /// Carries out a change that was checked, or that the journal holds, and adds what watches see of it to `events`.
    void apply(const StoreChange& change, std::vector<StoreEvent>& events);
    /// What open transactions did is not known any more.
    void lose_transactions();

    /// Changes that lead from empty contents to these.
    [[nodiscard]] StoreChanges snapshot() const;
    /// One event for each watch, as on its registration.
    [[nodiscard]] std::vector<StoreEvent> all_events() const;

  private:
    void begin_transaction(std::uint32_t number);
    void report(std::string_view path, std::vector<StoreEvent>& events) const;
    void report_removal(std::string_view path, std::vector<StoreEvent>& events) const;
    [[nodiscard]] StoreEvent event(const StoreWatch& watch, std::string_view path) const;

    std::string home_;
    StoreTree tree_;
    std::vector<StoreWatch> watches_;
    std::map<std::uint32_t, StoreTransaction> transactions_;
    std::uint32_t last_transaction_ = 0;
};

} // namespace xendevd
