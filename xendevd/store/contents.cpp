// SPDX-License-Identifier: BSD-3-Clause
// Changes, and which watches see them.
#include "xendevd/store/contents.hpp"

#include <algorithm>

#include "xendevd/store/paths.hpp"

namespace xendevd {

bool StoreContents::has_watch(std::string_view given, std::string_view token) const {
    return std::ranges::any_of(
        watches_, [&](const StoreWatch& watch) { return watch.given == given && watch.token == token; });
}

StoreTransaction* StoreContents::transaction(std::uint32_t number) {
    const auto found = transactions_.find(number);
    return found == transactions_.end() ? nullptr : &found->second;
}

void StoreContents::begin_transaction(std::uint32_t number) {
    StoreTransaction& begun = transactions_[number];
    begun.base = tree_;
    begun.tree = tree_;
    last_transaction_ = std::max(last_transaction_, number);
}

void StoreContents::lose_transactions() {
    for (auto& [number, open] : transactions_)
        open.lost = true;
}

void StoreContents::apply(const StoreChange& change, std::vector<StoreEvent>& events) {
    switch (change.kind) {
    case StoreChange::Kind::write:
        tree_.write(change.path, change.text);
        return report(change.path, events);
    case StoreChange::Kind::remove:
        report_removal(change.path, events);
        return tree_.remove(change.path);
    case StoreChange::Kind::watch:
        if (!has_watch(change.path, change.text)) {
            const auto path = absolute_store_path(change.path, home_);
            watches_.push_back({change.path, path.value_or(change.path), change.text});
        }
        events.push_back({change.path, change.text});
        return;
    case StoreChange::Kind::unwatch:
        std::erase_if(watches_, [&](const StoreWatch& watch) {
            return watch.given == change.path && watch.token == change.text;
        });
        return;
    case StoreChange::Kind::reset:
        watches_.clear();
        transactions_.clear();
        return;
    case StoreChange::Kind::begin_transaction:
        return begin_transaction(change.number);
    case StoreChange::Kind::end_transaction:
        transactions_.erase(change.number);
        last_transaction_ = std::max(last_transaction_, change.number);
        return;
    }
}

StoreEvent StoreContents::event(const StoreWatch& watch, std::string_view path) const {
    if (!watch.given.starts_with('/'))
        path.remove_prefix(home_.size() + 1); // it lies below home, as the watch does
    return {std::string(path), watch.token};
}

void StoreContents::report(std::string_view path, std::vector<StoreEvent>& events) const {
    for (const StoreWatch& watch : watches_) {
        if (is_at_or_below(path, watch.path))
            events.push_back(event(watch, path));
    }
}

/// Whoever watches something that goes with the node is told as well.
void StoreContents::report_removal(std::string_view path, std::vector<StoreEvent>& events) const {
    if (!tree_.find(path))
        return;
    for (const StoreWatch& watch : watches_) {
        if (is_at_or_below(path, watch.path))
            events.push_back(event(watch, path));
        else if (is_at_or_below(watch.path, path) && tree_.find(watch.path))
            events.push_back(event(watch, watch.path));
    }
}

StoreChanges StoreContents::snapshot() const {
    StoreChanges changes;
    tree_.for_each([&](const std::string& path, const StoreNode& node) {
        // A node with children and no value is made by its children.
        if (node.children.empty() || !node.value.empty())
            changes.push_back({StoreChange::Kind::write, path, node.value, 0});
    });
    for (const StoreWatch& watch : watches_)
        changes.push_back({StoreChange::Kind::watch, watch.given, watch.token, 0});
    for (const auto& [number, open] : transactions_)
        changes.push_back({StoreChange::Kind::begin_transaction, "", "", number});
    if (last_transaction_ != 0 && !transactions_.contains(last_transaction_)) // numbers are not used twice
        changes.push_back({StoreChange::Kind::end_transaction, "", "", last_transaction_});
    return changes;
}

std::vector<StoreEvent> StoreContents::all_events() const {
    std::vector<StoreEvent> events;
    for (const StoreWatch& watch : watches_)
        events.push_back({watch.given, watch.token});
    return events;
}

} // namespace xendevd
