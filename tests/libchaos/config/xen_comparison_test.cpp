// SPDX-License-Identifier: BSD-3-Clause
// Our parser against the one that xl uses: on every text both must agree whether it is right, and on what it
// says.
//
// Where they differ on purpose: numeric escapes (xl's never yield a byte), unquoted words on a command line,
// and our limits; the texts below stay clear of these. A last line without newline is completed for xl, as xl
// itself does.
#include <gtest/gtest.h>
#include <random>
#include <set>

#include "libchaos/config/settings.hpp"
#include "xen_config.hpp"

/// Xen's parser leaks what it has read so far when it meets an error.
extern "C" const char* __lsan_default_suppressions() {
    return "leak:libxlutil\n";
}

namespace chaos::config {
namespace {

std::string describe(const Value& value) {
    if (value.kind != Value::Kind::list)
        return "<" + value.text + ">";
    std::string text = "[";
    for (const Value& item : value.items)
        text += describe(item);
    return text + "]";
}

std::string describe_ours(const std::string& text, const std::set<std::string>& keys) {
    Settings settings;
    if (!settings.add(text, {"ours", false}))
        return "refused";
    std::string all;
    for (const auto& key : keys)
        if (const auto* entry = settings.find(key))
            all += key + describe(entry->value) + "\n";
    return all;
}

/// Whether both took the text.
bool agree_on(const std::string& text, const std::set<std::string>& keys) {
    const std::string ours = describe_ours(text, keys);
    EXPECT_EQ(ours, describe_by_xen(text, keys)) << "for the text:\n" << text;
    return ours != "refused";
}

const std::set<std::string> keys{"a", "b", "name", "kernel", "memory", "cpus", "vif", "extra", "x.y", "a_1"};

constexpr const char* corpus[] = {
    "",
    "\n",
    ";;\n;",
    "name='web'\n",
    "name=\"web\"; memory=64\n",
    "name = 'it is \"quoted\"' # comment\n",
    "a = \"\\a\\b\\f\\n\\r\\t\\v\\\"\\'\\\\\"\n",
    "a = '\\q'\n",
    "memory = 0x40\nmemory = 0100\n",
    "a = 0abcx\n",
    "a = 1g\n",
    "cpus = [ \"0-3\", '4', 5 ]\n",
    "cpus = [ \"0-3\",\n  '4', # comment\n\n 5,\n ]\n",
    "cpus = [ [ 1, 2 ], [], [ [ 'x' ] ] ]\n",
    "cpus = [,]\n",
    "cpus = [1,,2]\n",
    "cpus = [1 2]\n",
    "cpus = [1\n 2]\n",
    "cpus = [1\n , 2]\n",
    "cpus = [1; 2]\n",
    "cpus = [\n\n]\n",
    "vif = []\n",
    "extra = 'a'\nextra += 'b'\n",
    "extra += 'b'\n",
    "vif = [1]\nvif += [2, 3]\n",
    "vif = [1]\nvif += 'x'\n",
    "vif = 'x'\nvif += [1]\n",
    "extra = 'a'\nextra = 'c'\nextra += 'b'\n",
    "a+='x'; a+=5\n",
    "x.y = 1; a_1 = 2\n",
    "Name = 'x'\n",
    "_a = 1\n",
    "1a = 1\n",
    "a\n",
    "a =\n",
    "a =\n1\n",
    "a = 1 b = 2\n",
    "a = b\n",
    "a = (1)\n",
    "a = 'x\n'\n",
    "a = 'x\n",
    "a = \"x'\n",
    "a == 1\n",
    "a + = 1\n",
    "a = -1\n",
    "a = 1.5\n",
    "a = 1\r\n",
    "a\t=\t1\t\n",
    "a = [ 'x' ] # c\n;b = 2\n",
    "# only\n# comments\n",
    "a = '# no comment'\n",
    "a = 1 # b = 2\n",
    "import os\n",
    "def f(): pass\n",
    "a = 1\nb = ]\n",
    "a = [[1]\n",
    "a = '\xc3\xa4'\n",
    "a = \xc3\xa4\n",
};

TEST(XenComparison, corpus) {
    for (const std::string text : corpus)
        agree_on(text.empty() || text.back() == '\n' ? text : text + '\n', keys);
}

bool has_numeric_escape(const std::string& text) {
    for (std::size_t i = 0; i + 1 < text.size(); ++i)
        if (text[i] == '\\' && (text[i + 1] == 'x' || (text[i + 1] >= '0' && text[i + 1] <= '9')))
            return true;
    return false;
}

/// Texts with a few places changed or run into each other: 20,000 of them, the same in each run.
TEST(XenComparison, mutations) {
    std::mt19937 random(1); // NOLINT: the same texts in each run
    const auto below = [&](std::size_t bound) { return random() % bound; };
    constexpr std::string_view pieces = "ab=[],;'\"\\# \t\n+19x.-(_";
    int taken = 0;
    int refused = 0;
    for (int round = 0; round < 20'000; ++round) {
        std::string text = corpus[below(std::size(corpus))];
        for (std::size_t changes = 1 + below(3); changes > 0; --changes) {
            const std::size_t place = below(text.size() + 1);
            switch (below(4)) {
            case 0:
                text.insert(place, 1, pieces[below(pieces.size())]);
                break;
            case 1:
                text.erase(place, 1 + below(4));
                break;
            case 2:
                if (place < text.size())
                    text[place] = pieces[below(pieces.size())];
                break;
            default:
                text += corpus[below(std::size(corpus))];
                break;
            }
        }
        text += '\n';
        if (!has_numeric_escape(text))
            ++(agree_on(text, keys) ? taken : refused);
        if (HasFailure())
            return;
    }
    EXPECT_GT(taken, 2000);
    EXPECT_GT(refused, 2000);
}

} // namespace
} // namespace chaos::config
