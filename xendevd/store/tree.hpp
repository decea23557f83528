// SPDX-License-Identifier: BSD-3-Clause
// The keys of one guest's private store: nodes with values and children, shared between the tree and copies of it until
// one of them changes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace xendevd {

/// Why a request was refused, in the words of xen/io/xs_wire.h ("ENOENT"); empty if it was not.
using StoreError = std::string_view;

struct StoreNode {
    struct Child {
        std::string name;
        std::shared_ptr<StoreNode> node;
    };
    std::string value;
    std::vector<Child> children;  ///< sorted by name
    std::uint64_t generation = 0; ///< another one after each change of the value or of the list of children
};

/// Copying one costs as little as copying a pointer; what both have in common is stored once. Paths are absolute and
/// well-formed (paths.hpp).
class StoreTree {
  public:
    StoreTree() : root_(std::make_shared<StoreNode>()) {}

    /// The node, or nullptr; good until the tree changes.
    [[nodiscard]] const StoreNode* find(std::string_view path) const;
    /// Sets a value; missing nodes on the way are made.
    void write(std::string_view path, std::string_view value);
    /// Removes the node and all below it; harmless if there is none. The root stays.
    void remove(std::string_view path);

    [[nodiscard]] std::size_t nodes() const { return nodes_; }
    /// Of names and values.
    [[nodiscard]] std::size_t bytes() const { return bytes_; }

    /// Calls `visit(path, node)` for each node below the root, parents first.
    template<typename Visit>
    void for_each(Visit visit) const {
        std::string path;
        visit_children(*root_, path, visit);
    }

  private:
    StoreNode& own(std::shared_ptr<StoreNode>& node);
    void forget(const StoreNode& node);

    template<typename Visit>
    static void visit_children(const StoreNode& node, std::string& path, Visit& visit) {
        for (const StoreNode::Child& child : node.children) {
            const std::size_t length = path.size();
            path += '/';
            path += child.name;
            visit(path, *child.node);
            visit_children(*child.node, path, visit);
            path.resize(length);
        }
    }

    std::shared_ptr<StoreNode> root_;
    std::size_t nodes_ = 0;
    std::size_t bytes_ = 0;
    std::uint64_t generation_ = 0;
};

} // namespace xendevd
