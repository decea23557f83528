// SPDX-License-Identifier: BSD-3-Clause
// The carrying out of one request, in parts: request.cpp has what only looks, request_changes.cpp what changes.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "xendevd/store/request.hpp"

namespace xendevd {

class StoreExecution {
  public:
    StoreExecution(StoreContents& contents, chaos::DomainId domain, const StoreRequest& request)
        : contents_(contents), domain_(domain), request_(request) {}

    StoreOutcome run() {
        outcome_.error = dispatch();
        return std::move(outcome_);
    }

  private:
    StoreError dispatch();
    StoreError dispatch_in_transaction();

    StoreError read();
    StoreError directory();
    StoreError directory_part();
    StoreError get_permissions();
    StoreError domain_path();
    StoreError is_introduced();

    StoreError write();
    StoreError make_directory();
    StoreError remove();
    StoreError set_permissions();
    StoreError watch();
    StoreError unwatch();
    StoreError begin_transaction();
    StoreError end_transaction();
    StoreError commit(StoreTransaction& transaction);

    /// The strings of a payload in which each, the last too, ends with a zero byte; nothing if they are not `count`.
    [[nodiscard]] std::optional<std::vector<std::string_view>> strings(std::size_t count) const;
    /// The node that the only string of the payload names.
    StoreError find_only(const StoreNode*& node);
    /// Finds a node, or the path where one could be. Inside a transaction it counts as touched.
    StoreError find(std::string_view given, const StoreNode*& node);
    StoreError locate(std::string_view given, std::string& path);
    /// What a guest may write, make and remove: what is below its home. The list of its devices is not its own.
    [[nodiscard]] bool may_change(std::string_view path) const;
    StoreError change(StoreChange change);
    StoreError succeed();
    [[nodiscard]] const StoreTree& tree() const { return open_ ? open_->tree : contents_.tree(); }

    StoreContents& contents_;
    chaos::DomainId domain_;
    const StoreRequest& request_;
    StoreTransaction* open_ = nullptr; ///< that the request is part of
    StoreOutcome outcome_;
};

} // namespace xendevd
