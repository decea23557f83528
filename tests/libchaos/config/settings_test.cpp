// SPDX-License-Identifier: BSD-3-Clause
// Overriding and appending across a file and its overrides.
#include "libchaos/config/settings.hpp"

#include <gtest/gtest.h>

#include "expect_error.hpp"

namespace chaos::config {
namespace {

TEST(Settings, last_one_wins) {
    Settings settings;
    ASSERT_TRUE(settings.add("a=1\nb=2\na=3", {"f", false}));
    ASSERT_EQ(settings.entries().size(), 2u);
    EXPECT_EQ(settings.find("a")->value.text, "3");
    EXPECT_EQ(settings.place(*settings.find("a")), "f:3");
    EXPECT_EQ(settings.find("c"), nullptr);
}

TEST(Settings, override_beats_file) {
    Settings settings;
    ASSERT_TRUE(settings.add("a=1", {"f", false}));
    ASSERT_TRUE(settings.add("a=2", {"override", true}));
    EXPECT_EQ(settings.find("a")->value.text, "2");
    EXPECT_EQ(settings.place(*settings.find("a")), "override");
}

TEST(Settings, append_joins_texts_and_lists_over_all_sources) {
    Settings settings;
    ASSERT_TRUE(settings.add("a='x'; l=[1]; n += 'new'", {"f", false}));
    ASSERT_TRUE(settings.add("a+='y'; a+=7; l+=[2,3]", {"override", true}));
    EXPECT_EQ(settings.find("a")->value.text, "xy7");
    EXPECT_EQ(settings.find("a")->value.kind, Value::Kind::string);
    ASSERT_EQ(settings.find("l")->value.items.size(), 3u);
    EXPECT_EQ(settings.find("l")->value.items[0].text, "1");
    EXPECT_EQ(settings.find("l")->value.items[2].text, "3");
    EXPECT_EQ(settings.find("n")->value.text, "new");
}

TEST(Settings, append_of_a_list_to_a_text_is_refused) {
    Settings settings;
    EXPECT_TRUE(fails_saying(settings.add("a='x'\na+=[1]", {"f", false}), {"f:2: a", "+=", "f:1"}));
    Settings others;
    EXPECT_TRUE(fails_saying(others.add("a=[1]\na+='x'", {"f", false}), {"f:2: a", "+="}));
}

TEST(Settings, errors_show_place_key_value_and_reason) {
    Settings settings;
    ASSERT_TRUE(settings.add("a=12\nl=[\n'x',\n'y']\nm=['p']\nm+=['q']", {"f", false}));
    EXPECT_EQ(settings.wrong(*settings.find("a"), "no").story(), "f:1: a = 12: no");
    const auto& list = *settings.find("l");
    EXPECT_EQ(settings.wrong_item(list, list.value.items[1], "no").story(), "f:4: l: item \"y\": no");
    const auto& joined = *settings.find("m");
    EXPECT_EQ(settings.wrong_item(joined, joined.value.items[0], "no").story(), "f:6: m: item \"p\": no");
}

} // namespace
} // namespace chaos::config
