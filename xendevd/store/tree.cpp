// SPDX-License-Identifier: BSD-3-Clause
// A tree that copies the nodes on the way to a change if another tree has them too.
#include "xendevd/store/tree.hpp"

#include <algorithm>

#include "xendevd/store/paths.hpp"

namespace xendevd {

namespace {

template<typename Children>
auto place_of(Children& children, std::string_view name) {
    return std::ranges::lower_bound(children, name, {}, &StoreNode::Child::name);
}

template<typename Children>
auto find_child(Children& children, std::string_view name) {
    const auto place = place_of(children, name);
    return place != children.end() && place->name == name ? place : children.end();
}

} // namespace

/// The node, as one that only this tree has. There is one thread, so the count of owners is exact.
StoreNode& StoreTree::own(std::shared_ptr<StoreNode>& node) {
    if (node.use_count() > 1)
        node = std::make_shared<StoreNode>(*node);
    return *node;
}

const StoreNode* StoreTree::find(std::string_view path) const {
    const StoreNode* node = root_.get();
    for (PathWalk walk(path); !walk.done();) {
        const auto child = find_child(node->children, walk.next());
        if (child == node->children.end())
            return nullptr;
        node = child->node.get();
    }
    return node;
}

void StoreTree::write(std::string_view path, std::string_view value) {
    StoreNode* node = &own(root_);
    for (PathWalk walk(path); !walk.done();) {
        const std::string_view name = walk.next();
        auto place = place_of(node->children, name);
        if (place == node->children.end() || place->name != name) {
            place = node->children.insert(place, {std::string(name), std::make_shared<StoreNode>()});
            node->generation = ++generation_;
            place->node->generation = ++generation_;
            ++nodes_;
            bytes_ += name.size();
        }
        node = &own(place->node);
    }
    bytes_ = bytes_ - node->value.size() + value.size();
    node->value = value;
    node->generation = ++generation_;
}

void StoreTree::remove(std::string_view path) {
    if (path == "/" || !find(path))
        return;
    StoreNode* node = &own(root_);
    for (PathWalk walk(path);;) {
        const auto child = find_child(node->children, walk.next());
        if (!walk.done()) {
            node = &own(child->node);
            continue;
        }
        bytes_ -= child->name.size();
        forget(*child->node);
        node->children.erase(child);
        node->generation = ++generation_;
        return;
    }
}

void StoreTree::forget(const StoreNode& node) {
    --nodes_;
    bytes_ -= node.value.size();
    for (const StoreNode::Child& child : node.children) {
        bytes_ -= child.name.size();
        forget(*child.node);
    }
}

} // namespace xendevd
