// SPDX-License-Identifier: BSD-3-Clause
// Trees and copies of them, against maps.
#include "xendevd/store/tree.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "xendevd/store/paths.hpp"

namespace xendevd {
namespace {

using Map = std::map<std::string, std::string>;

Map map_of(const StoreTree& tree) {
    Map map;
    tree.for_each([&](const std::string& path, const StoreNode& node) { map[path] = node.value; });
    return map;
}

void write(Map& map, const std::string& path, const std::string& value) {
    for (std::size_t end = path.find('/', 1); end != std::string::npos; end = path.find('/', end + 1))
        map.try_emplace(path.substr(0, end));
    map[path] = value;
}

void expect_equal(const StoreTree& tree, const Map& map) {
    EXPECT_EQ(map_of(tree), map);
    std::size_t bytes = 0;
    for (const auto& [path, value] : map)
        bytes += path.size() - path.rfind('/') - 1 + value.size();
    EXPECT_EQ(tree.nodes(), map.size());
    EXPECT_EQ(tree.bytes(), bytes);
}

TEST(StoreTreeTest, is_a_map_whose_copies_do_not_change) {
    std::mt19937 random(11);
    std::vector<std::pair<StoreTree, Map>> all(1);
    for (int step = 0; step < 3000; ++step) {
        const std::size_t which = random() % all.size();
        std::string path;
        for (std::size_t depth = 1 + random() % 4; depth > 0; --depth)
            path += "/" + std::string(1, static_cast<char>('a' + random() % 3));
        auto& [tree, map] = all[which];
        switch (random() % 8) {
        case 0:
            all.push_back(all[which]);
            break;
        case 1:
            if (all.size() > 4)
                all.erase(all.begin() + static_cast<std::ptrdiff_t>(which));
            break;
        case 2:
            tree.remove(path);
            std::erase_if(map, [&](const auto& entry) { return is_at_or_below(entry.first, path); });
            break;
        default: {
            const std::string value(random() % 5, 'v');
            tree.write(path, value);
            write(map, path, value);
        }
        }
        if (step % 50 == 0) {
            for (const auto& [one, its_map] : all)
                expect_equal(one, its_map);
        }
    }
}

TEST(StoreTreeTest, gives_a_changed_node_another_generation) {
    StoreTree tree;
    tree.write("/a/b", "1");
    tree.write("/a/c", "1");
    const auto generation = [&](const char* path) { return tree.find(path)->generation; };
    const auto a = generation("/a"), b = generation("/a/b"), c = generation("/a/c");
    tree.write("/a/b", "2");
    EXPECT_NE(generation("/a/b"), b);
    EXPECT_EQ(generation("/a/c"), c);
    EXPECT_EQ(generation("/a"), a) << "its children are the same";
    tree.remove("/a/c");
    EXPECT_NE(generation("/a"), a);
    tree.write("/a/c", "1");
    EXPECT_NE(generation("/a/c"), c);
}

TEST(StoreTreeTest, keeps_its_root) {
    StoreTree tree;
    tree.write("/a", "1");
    tree.remove("/");
    tree.remove("/b");
    tree.remove("/a/b");
    EXPECT_EQ(tree.nodes(), 1u);
    EXPECT_EQ(tree.find("/")->children.size(), 1u);
    EXPECT_EQ(tree.find("/a/b"), nullptr);
}

TEST(StorePathTest, knows_good_paths) {
    const auto path = [](std::string_view given) {
        return absolute_store_path(given, "/local/domain/5").value_or("none");
    };
    EXPECT_EQ(path("/"), "/");
    EXPECT_EQ(path("/a/B-9_@"), "/a/B-9_@");
    EXPECT_EQ(path("device/vif"), "/local/domain/5/device/vif");
    for (const char* bad : {"", "a/", "/a/", "//", "a//b", "/a b", "a.b", "a\n", "\xff", "/a:b"})
        EXPECT_EQ(path(bad), "none") << bad;
    EXPECT_EQ(path(std::string(longest_store_path + 1, 'a')), "none");
    EXPECT_EQ(path("/" + std::string(longest_store_path - 1, 'a')).size(), longest_store_path);
    std::string deep;
    for (std::size_t level = 0; level < deepest_store_path; ++level)
        deep += "/a";
    EXPECT_EQ(path(deep), deep);
    EXPECT_EQ(path(deep + "/a"), "none");
}

TEST(StorePathTest, knows_what_lies_below) {
    EXPECT_TRUE(is_at_or_below("/a/b", "/a"));
    EXPECT_TRUE(is_at_or_below("/a", "/a"));
    EXPECT_FALSE(is_at_or_below("/ab", "/a"));
    EXPECT_FALSE(is_at_or_below("/a", "/a/b"));
    EXPECT_TRUE(is_at_or_below("/a", "/"));
}

} // namespace
} // namespace xendevd
