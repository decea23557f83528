// SPDX-License-Identifier: BSD-3-Clause
// The table of mapped pages. They are mapped in groups: each group is one system call and one of the process's mappings,
// of which it has 65,530.
#include "xendevd/vif/granted_pages.hpp"

#include <algorithm>

namespace xendevd {

using chaos::GrantReference;
using chaos::xen::GrantAccess;

namespace {

constexpr std::size_t largest_group = 32;

std::size_t place_of(std::uint64_t key, std::size_t size) {
    return (key * 0x9e3779b97f4a7c15u >> 40) & (size - 1); // Fibonacci hashing: references come in runs
}

} // namespace

std::byte* GrantedPages::find(std::uint32_t reference, GrantAccess access) const {
    if (table_.empty())
        return nullptr;
    const std::uint64_t key = key_of(reference, access);
    for (std::size_t place = place_of(key, table_.size());; place = (place + 1) & (table_.size() - 1)) {
        if (table_[place].key == key)
            return table_[place].page;
        if (table_[place].key == 0)
            return nullptr;
    }
}

void GrantedPages::insert(std::uint64_t key, std::byte* page) {
    if (2 * (used_ + 1) > table_.size())
        grow();
    std::size_t place = place_of(key, table_.size());
    while (table_[place].key != 0)
        place = (place + 1) & (table_.size() - 1);
    table_[place] = {key, page};
    ++used_;
}

void GrantedPages::grow() {
    std::vector<Entry> former(std::max<std::size_t>(64, table_.size() * 2));
    former.swap(table_);
    used_ = 0;
    for (const Entry& entry : former) {
        if (entry.key != 0)
            insert(entry.key, entry.page);
    }
}

bool GrantedPages::map_group(std::span<const GrantReference> references, GrantAccess access) {
    auto mapping = grants_->map(domain_, references, access);
    if (!mapping)
        return false;
    for (std::size_t index = 0; index < references.size(); ++index)
        insert(key_of(raw(references[index]), access), mapping->data() + index * chaos::page_size);
    mappings_.push_back(std::move(*mapping));
    return true;
}

void GrantedPages::map(std::span<const std::uint32_t> references, GrantAccess access) {
    GrantReference group[largest_group];
    std::size_t count = 0;
    const auto finish_group = [&] {
        if (count > 0 && !map_group({group, count}, access))
            is_refused_ = true;
        count = 0;
    };
    for (const std::uint32_t reference : references) {
        if (is_refused_ || used_ + count >= most_pages)
            break;
        const GrantReference wanted{reference};
        if (find(reference, access) || std::find(group, group + count, wanted) != group + count)
            continue;
        group[count++] = wanted;
        if (count == largest_group)
            finish_group();
    }
    if (!is_refused_)
        finish_group();
}

void GrantedPages::clear() {
    std::vector<chaos::xen::GrantMapping>().swap(mappings_); // memory too: it may never be connected again
    std::vector<Entry>().swap(table_);
    used_ = 0;
    is_refused_ = false;
}

} // namespace xendevd
