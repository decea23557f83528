// SPDX-License-Identifier: BSD-3-Clause
// The syntax of xl.cfg: what is read, and what is said of what is not.
#include "libchaos/config/syntax.hpp"

#include <gtest/gtest.h>

#include "expect_error.hpp"

namespace chaos::config {
namespace {

Result<std::vector<Setting>> parse(std::string_view text) {
    return parse_settings(text, {"t.cfg", false});
}

Result<std::vector<Setting>> parse_override(std::string_view text) {
    return parse_settings(text, {"override", true});
}

std::string only_text(std::string_view text) {
    auto settings = parse(text);
    if (!settings || settings->size() != 1)
        return "no single setting";
    return settings->front().value.text;
}

TEST(Syntax, empty_text_has_no_settings) {
    for (const auto* text : {"", "\n", " \t\n\n", ";", " ; ;\n;", "# only a comment", "# a\n  # b\n"}) {
        const auto settings = parse(text);
        ASSERT_TRUE(settings) << text;
        EXPECT_TRUE(settings->empty()) << text;
    }
}

TEST(Syntax, settings_end_at_newline_semicolon_comment_or_end) {
    const auto settings = parse("a=1\nb=2;c=3 # three\n;d=4");
    ASSERT_TRUE(settings);
    ASSERT_EQ(settings->size(), 4u);
    EXPECT_EQ((*settings)[0].key, "a");
    EXPECT_EQ((*settings)[3].key, "d");
    EXPECT_EQ((*settings)[3].value.text, "4");
}

TEST(Syntax, lines_are_counted) {
    const auto settings = parse("\n# x\na=1\nb=[ 1,\n 2,\n\n 'x' ]\nc=3");
    ASSERT_TRUE(settings);
    EXPECT_EQ((*settings)[0].value.line, 3u);
    EXPECT_EQ((*settings)[1].value.line, 4u);
    EXPECT_EQ((*settings)[1].value.items[2].line, 7u);
    EXPECT_EQ((*settings)[2].value.line, 8u);
}

TEST(Syntax, numbers_are_kept_as_written) {
    const auto settings = parse("a=10;b=0x1f;c=017");
    ASSERT_TRUE(settings);
    for (const auto& setting : *settings)
        EXPECT_EQ(setting.value.kind, Value::Kind::number);
    EXPECT_EQ((*settings)[1].value.text, "0x1f");
}

TEST(Syntax, both_quotes_make_strings) {
    EXPECT_EQ(only_text("a = 'it is \"so\"'"), "it is \"so\"");
    EXPECT_EQ(only_text("a = \"it's # no ; comment\""), "it's # no ; comment");
    EXPECT_EQ(only_text("a = ''"), "");
}

TEST(Syntax, escapes_stand_for_bytes) {
    EXPECT_EQ(only_text(R"(a = "\a\b\f\n\r\t\v\"\'\\")"), "\a\b\f\n\r\t\v\"'\\");
    EXPECT_EQ(only_text(R"(a = '\x41\x6a\101\60')"), "AjA0");
}

TEST(Syntax, bad_escapes_are_refused) {
    for (const auto* text :
         {R"(a='\q')", R"(a='\x4')", R"(a='\xg0')", R"(a='\0')", R"(a='\x00')", R"(a='\777')"})
        EXPECT_TRUE(fails_saying(parse(text), {"t.cfg:1:", "escape"}) ||
                    fails_saying(parse(text), {"t.cfg:1:", "\\"}))
            << text;
    EXPECT_TRUE(fails_saying(parse("a='\\"), {"t.cfg:1:"}));
    EXPECT_TRUE(fails_saying(parse("a='\\\n'"), {"t.cfg:1:"}));
}

TEST(Syntax, lists_nest_and_span_lines_and_may_end_with_a_comma) {
    const auto settings = parse("a = [ # first\n 'x', [ 1, 2 ],\n [],\n]\n");
    ASSERT_TRUE(settings);
    const Value& list = settings->front().value;
    ASSERT_EQ(list.kind, Value::Kind::list);
    ASSERT_EQ(list.items.size(), 3u);
    EXPECT_EQ(list.items[0].text, "x");
    EXPECT_EQ(list.items[1].items[1].text, "2");
    EXPECT_TRUE(list.items[2].items.empty());
}

TEST(Syntax, plus_equals_is_marked) {
    const auto settings = parse("a='x'; a += 'y'");
    ASSERT_TRUE(settings);
    EXPECT_FALSE((*settings)[0].appends);
    EXPECT_TRUE((*settings)[1].appends);
}

TEST(Syntax, wrong_text_is_refused_with_its_line) {
    EXPECT_TRUE(fails_saying(parse("a=1\nName='x'"), {"t.cfg:2:", "key", "lower-case", "\"Name\""}));
    EXPECT_TRUE(fails_saying(parse("a=1 b=2"), {"t.cfg:1:", "\"b\"", "newline or ';'"}));
    EXPECT_TRUE(fails_saying(parse("\n\na 1"), {"t.cfg:3:", "'=' was expected"}));
    EXPECT_TRUE(fails_saying(parse("a ="), {"t.cfg:1:", "no value", "end of the text"}));
    EXPECT_TRUE(fails_saying(parse("a =\n 1"), {"t.cfg:1:", "no value", "end of the line"}));
    EXPECT_TRUE(fails_saying(parse("a = 'x"), {"t.cfg:1:", "not closed"}));
    EXPECT_TRUE(fails_saying(parse("a = 'x\n'"), {"t.cfg:1:", "not closed"}));
    EXPECT_TRUE(fails_saying(parse("a = [1\n,2"), {"t.cfg:2:", "line 1", "end of the text"}));
    EXPECT_TRUE(fails_saying(parse("a = [1\n,"), {"t.cfg:2:", "line 1", "not closed"}));
    EXPECT_TRUE(fails_saying(parse("a = [,]"), {"t.cfg:1:", "no value"}));
    EXPECT_TRUE(fails_saying(parse("a = [1,,2]"), {"t.cfg:1:", "no value"}));
    EXPECT_TRUE(fails_saying(parse("a = [1\n 2]"), {"t.cfg:2:", "',' or ']'"}));
    EXPECT_TRUE(fails_saying(parse("a + = 1"), {"t.cfg:1:", "'='"}));
    EXPECT_TRUE(fails_saying(parse("a = 1\r\n"), {"t.cfg:1:", "carriage return"}));
    EXPECT_TRUE(fails_saying(parse(std::string_view("a = '\0'", 7)), {"zero byte"}));
    EXPECT_TRUE(fails_saying(parse(std::string_view("\0", 1)), {"\\x00"}));
    EXPECT_TRUE(fails_saying(parse("import os"), {"t.cfg:1:", "import"}));
}

TEST(Syntax, a_forgotten_quote_is_named) {
    EXPECT_TRUE(fails_saying(parse("name = web"), {"t.cfg:1:", "name", "quotes", "\"web\""}));
    EXPECT_TRUE(fails_saying(parse("memory = 64M"), {"t.cfg:1:", "memory", "quotes", "\"64M\""}));
    EXPECT_TRUE(fails_saying(parse("kernel = /boot/x"), {"quotes", "/boot/x"}));
}

TEST(Syntax, an_override_needs_no_quotes_and_has_no_line) {
    const auto settings =
        parse_override("name=web-1; memory=64M;kernel=/boot/x;vcpus=2;cpus=0-3,^1;cmdline=a=b,c");
    ASSERT_TRUE(settings);
    ASSERT_EQ(settings->size(), 6u);
    EXPECT_EQ((*settings)[0].value.text, "web-1");
    EXPECT_EQ((*settings)[1].value.text, "64M");
    EXPECT_EQ((*settings)[2].value.text, "/boot/x");
    EXPECT_EQ((*settings)[3].value.kind, Value::Kind::number);
    EXPECT_EQ((*settings)[4].value.text, "0-3,^1");
    EXPECT_EQ((*settings)[5].value.text, "a=b,c");
    EXPECT_EQ((*parse_override("cpus=[0-1,2]"))[0].value.items.size(), 2u);
    EXPECT_EQ((*parse_override("name='a b'"))[0].value.text, "a b");
    EXPECT_TRUE(fails_saying(parse_override("a"), {"override: "}));
}

TEST(Syntax, limits_hold) {
    const std::string deep(maximum_depth, '[');
    EXPECT_TRUE(parse("a=" + deep + std::string(maximum_depth, ']')));
    EXPECT_TRUE(fails_saying(parse("a=[" + deep), {"nested"}));
    EXPECT_TRUE(fails_saying(parse("a=" + std::string(1'000'000, '[')), {"nested"}));

    std::string items;
    for (std::size_t i = 0; i < maximum_items; ++i)
        items += "1,";
    EXPECT_TRUE(parse("a=[" + items + "]"));
    EXPECT_TRUE(fails_saying(parse("a=[" + items + "1]"), {"items"}));

    std::string many;
    for (std::size_t i = 0; i < maximum_settings; ++i)
        many += "a=1;";
    EXPECT_TRUE(parse(many));
    EXPECT_TRUE(fails_saying(parse(many + "a=1"), {"settings"}));

    EXPECT_TRUE(fails_saying(parse(std::string(maximum_key + 1, 'a') + "=1"), {"key"}));
    EXPECT_TRUE(parse(std::string(maximum_text, ' ')));
    EXPECT_TRUE(fails_saying(parse(std::string(maximum_text + 1, ' ')), {"KiB"}));
}

TEST(Syntax, every_truncation_is_read_or_refused) {
    const std::string text = "name = \"w\\x41\" # c\ncpus = [ '0-3', [ 1, 2, ],\n ]; extra += ' q'\n";
    for (std::size_t size = 0; size <= text.size(); ++size) {
        const auto result = parse(std::string_view(text).substr(0, size));
        EXPECT_TRUE(result || fails_saying(result, {"t.cfg:"})) << size;
    }
    EXPECT_TRUE(parse(text));
}

} // namespace
} // namespace chaos::config
