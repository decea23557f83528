// SPDX-License-Identifier: BSD-3-Clause
// The requests of xen/io/xs_wire.h that change something, and what keeps a guest from taking too much.
#include <algorithm>

#include "xendevd/store/execution.hpp"
#include "xendevd/store/paths.hpp"

namespace xendevd {

namespace {

using Kind = StoreChange::Kind;

/// Whether a guest has had enough; making things smaller is always allowed.
bool is_too_much(const StoreTree& before, const StoreTree& after) {
    const bool grows = after.nodes() > before.nodes() || after.bytes() > before.bytes();
    return grows && (after.nodes() > StoreQuota::nodes || after.bytes() > StoreQuota::bytes);
}

void carry_out(StoreTree& tree, const StoreChange& change) {
    if (change.kind == Kind::write)
        tree.write(change.path, change.text);
    else
        tree.remove(change.path);
}

} // namespace

StoreError StoreExecution::succeed() {
    outcome_.body = std::string("OK") + '\0';
    return {};
}

bool StoreExecution::may_change(std::string_view path) const {
    const std::string& home = contents_.home();
    if (path.size() <= home.size() || !is_at_or_below(path, home))
        return false;
    const std::string_view rest = path.substr(home.size() + 1);
    if (!is_at_or_below(rest, "device"))
        return true;
    // "device/vif/0/…", and that device must be there: what comes late must not bring it back.
    std::size_t slash = 0;
    for (int part = 0; part < 3 && slash != std::string_view::npos; ++part)
        slash = rest.find('/', slash + 1);
    return slash != std::string_view::npos && tree().find(path.substr(0, home.size() + 1 + slash));
}

StoreError StoreExecution::change(StoreChange change) {
    StoreTree trial = tree(); // shares all nodes but those on the way
    carry_out(trial, change);
    if (is_too_much(tree(), trial))
        return "ENOSPC";
    if (open_) {
        const std::size_t bytes = sizeof change + change.path.size() + change.text.size();
        if (open_->bytes + bytes > StoreQuota::transaction_bytes)
            return "ENOSPC";
        open_->bytes += bytes;
        open_->tree = std::move(trial);
        open_->changes.push_back(std::move(change));
    } else {
        outcome_.changes.push_back(std::move(change));
    }
    return succeed();
}

StoreError StoreExecution::write() {
    const std::size_t end = request_.payload.find('\0');
    std::string path;
    if (end == std::string::npos)
        return "EINVAL";
    if (const StoreError error = locate(std::string_view(request_.payload).substr(0, end), path);
        !error.empty())
        return error;
    if (!may_change(path))
        return "EACCES";
    std::string value = request_.payload.substr(end + 1);
    if (value.size() > StoreQuota::value_bytes)
        return "ENOSPC";
    return change({Kind::write, std::move(path), std::move(value), 0});
}

StoreError StoreExecution::make_directory() {
    const auto given = strings(1);
    std::string path;
    if (!given)
        return "EINVAL";
    if (const StoreError error = locate((*given)[0], path); !error.empty())
        return error;
    if (tree().find(path))
        return succeed();
    if (!may_change(path))
        return "EACCES";
    return change({Kind::write, std::move(path), "", 0});
}

StoreError StoreExecution::remove() {
    const auto given = strings(1);
    std::string path;
    if (!given)
        return "EINVAL";
    if (const StoreError error = locate((*given)[0], path); !error.empty())
        return error;
    if (path == "/")
        return "EINVAL";
    if (!may_change(path))
        return "EACCES";
    if (tree().find(path))
        return change({Kind::remove, std::move(path), "", 0});
    // Removing what is not there is fine, if it could be.
    return tree().find(path.substr(0, path.rfind('/'))) ? succeed() : "ENOENT";
}

/// Nobody else can come here, so nobody has to be let in or kept out.
StoreError StoreExecution::set_permissions() {
    const std::size_t end = request_.payload.find('\0');
    const StoreNode* node = nullptr;
    if (end == std::string::npos || end + 1 == request_.payload.size())
        return "EINVAL";
    const std::string_view given = std::string_view(request_.payload).substr(0, end);
    if (const StoreError error = find(given, node); !error.empty())
        return error;
    return may_change(*absolute_store_path(given, contents_.home())) ? succeed() : "EACCES";
}

StoreError StoreExecution::watch() {
    const auto given = strings(2);
    if (!given)
        return "EINVAL";
    const std::string_view path = (*given)[0], token = (*given)[1];
    if (path.starts_with('@'))
        return "EACCES"; // other guests' comings and goings
    if (!absolute_store_path(path, contents_.home()) || token.size() > StoreQuota::token_bytes)
        return "EINVAL";
    // Xen's xenstored answers EEXIST to a watch that there is; here, a guest that asks twice has done nothing wrong.
    if (!contents_.has_watch(path, token) && contents_.watches().size() >= StoreQuota::watches)
        return "E2BIG";
    outcome_.changes.push_back({Kind::watch, std::string(path), std::string(token), 0});
    return succeed();
}

StoreError StoreExecution::unwatch() {
    const auto given = strings(2);
    if (!given)
        return "EINVAL";
    if (!contents_.has_watch((*given)[0], (*given)[1]))
        return "ENOENT";
    outcome_.changes.push_back({Kind::unwatch, std::string((*given)[0]), std::string((*given)[1]), 0});
    return succeed();
}

StoreError StoreExecution::begin_transaction() {
    if (open_)
        return "EBUSY"; // there are none within others
    const std::uint32_t number = contents_.next_transaction();
    if (contents_.transactions() >= StoreQuota::transactions || number == 0)
        return "ENOSPC";
    outcome_.changes.push_back({Kind::begin_transaction, "", "", number});
    outcome_.body = std::to_string(number) + '\0';
    return {};
}

StoreError StoreExecution::end_transaction() {
    const auto given = strings(1);
    if (!given || ((*given)[0] != "T" && (*given)[0] != "F"))
        return "EINVAL";
    if (!open_)
        return "ENOENT";
    StoreTransaction& transaction = *open_;
    open_ = nullptr; // from here on the tree is that of all
    if ((*given)[0] == "T") {
        if (const StoreError error = commit(transaction); !error.empty()) {
            outcome_.changes = {{Kind::end_transaction, "", "", request_.transaction}};
            return error;
        }
    }
    outcome_.changes.push_back({Kind::end_transaction, "", "", request_.transaction});
    return succeed();
}

/// Lists the transaction's changes, if what it saw is still so.
StoreError StoreExecution::commit(StoreTransaction& transaction) {
    if (transaction.lost)
        return "EAGAIN";
    for (const std::string& path : transaction.touched) {
        const StoreNode* before = transaction.base.find(path);
        const StoreNode* now = tree().find(path);
        if (!before != !now || (before && before->generation != now->generation))
            return "EAGAIN";
    }
    StoreTree trial = tree();
    for (const StoreChange& change : transaction.changes) {
        if (!may_change(change.path))
            return "EAGAIN"; // the device it is about was taken away meanwhile
        carry_out(trial, change);
    }
    if (is_too_much(tree(), trial))
        return "ENOSPC";
    outcome_.changes = std::move(transaction.changes);
    return {};
}

} // namespace xendevd
