// SPDX-License-Identifier: BSD-3-Clause
// What is JSON and what is not, and that every value comes out as it was written. Another reader says what is right; where
// this one differs from it, it is said here how.
#include <gtest/gtest.h>

#include "libchaos/json/fields.hpp"
#include "other_reader.hpp"

namespace chaos::json {
namespace {

testing::AssertionResult read_as_others_do(const std::string& text) {
    if (const char* what = test::difference(Document(text), text))
        return testing::AssertionFailure() << testing::PrintToString(text) << ": " << what;
    return testing::AssertionSuccess();
}

TEST(Document, is_what_others_read) {
    for (const char* text :
         {"null", "true", "false", "0", "\"\"", "[]", "{}", " [ ] ", "[[],{},[[]],{\"\":{}}]",
          "[1,\"a\",[2,[3]],4]", R"({"a":1,"b":[true,false,null],"c":{"d":"e","f":{"g":[{},{}]}},"h":"i"})",
          "\t\r\n {\"a\" : 1 , \"b\":2}\n", "\xef\xbb\xbf[1]",
          "\"caf\xc3\xa9 \xe4\xb8\x96 \xf0\x9f\x98\x80\"", "\"\x7f\"", "[\"a\",\"ab\",\"abc\"]"})
        EXPECT_TRUE(read_as_others_do(text));
}

TEST(Document, is_nothing_that_others_refuse) {
    for (const char* text : {"",
                             " ",
                             "{",
                             "[",
                             "\"",
                             "\"a",
                             "nul",
                             "nulll",
                             "True",
                             "[1,]",
                             "{\"a\":1,}",
                             "[1 2]",
                             "{\"a\" 1}",
                             "{a:1}",
                             "{1:1}",
                             "['a']",
                             "[1]]",
                             "{} {}",
                             "[1] x",
                             "// c\n1",
                             "[1/* c */]",
                             "# c\n1",
                             "\"\t\"",
                             "\"\n\"",
                             "\"\\x41\"",
                             "\"\\u12g4\"",
                             "\"\\u123\"",
                             "\"\\",
                             "\"\\u",
                             "\xef\xbb",
                             "\xef\xbb\xbf",
                             "\xfe\xff[]",
                             "[\x0c]",
                             "\xc2\xa0[]"})
        EXPECT_TRUE(read_as_others_do(text));
}

TEST(Document, has_the_numbers_that_others_read) {
    for (const char* number : {"0",
                               "-0",
                               "-0.0",
                               "1",
                               "-1",
                               "00",
                               "01",
                               "-01",
                               "+1",
                               ".5",
                               "1.",
                               "1.0",
                               "0.5",
                               "1e3",
                               "1E3",
                               "1e+3",
                               "1e-3",
                               "1e",
                               "1e+",
                               "-",
                               "--1",
                               "4294967295",
                               "4294967296",
                               "-2147483648",
                               "-2147483649",
                               "9223372036854775807",
                               "9223372036854775808",
                               "-9223372036854775808",
                               "-9223372036854775809",
                               "18446744073709551615",
                               "18446744073709551616",
                               "99999999999999999999999999999999",
                               "0.1",
                               "0.30000000000000004",
                               "123456789.123456789",
                               "2.2250738585072011e-308",
                               "1.7976931348623157e308",
                               "5e-324",
                               "1e-400",
                               "1e309",
                               "-1e309",
                               "99999e305",
                               "1e999999999999",
                               "NaN",
                               "nan",
                               "Infinity",
                               "-Infinity",
                               "inf",
                               "0x10",
                               "1_000",
                               "1f"})
        for (const std::string& text : {std::string(number), "[" + std::string(number) + ",1]"})
            EXPECT_TRUE(read_as_others_do(text));
    EXPECT_TRUE(read_as_others_do(std::string(400, '9')));
    EXPECT_TRUE(read_as_others_do("0." + std::string(1000, '3')));
    EXPECT_TRUE(read_as_others_do("0." + std::string(1000, '0') + "1"));
    // Nothing that anybody writes: a zero with a point that is too far away.
    EXPECT_FALSE(Document("0e999").is_json());
}

TEST(Document, has_the_escapes_that_others_read) {
    for (const char* text :
         {R"("\"\\\/\b\f\n\r\t")", R"("\u0041\u00e9\u4E16\ud83d\ude00")", R"("a\u0000b")", R"("\u0000")",
          R"({"a\u0000":1})", R"("\ud83d")", R"("\ud83d x")", R"("\ud83d\u0041")", R"("\ud83d\ud83d")",
          R"("\ude00")", R"("\ude00\ud83d")", R"("\udfff")", R"("\ud7ff\ue000\uffff")", R"({"\udc00":1})",
          "\"\\u4e16\xed\x9f\xbf\\ud7ff\"", "\"\xed\x9f\xbf\\n\""})
        EXPECT_TRUE(read_as_others_do(text));
    const Document document(R"(["a\u0000b"])");
    EXPECT_EQ((*document.root().begin()).text(), std::string_view("a\0b", 3));
}

/// Every byte, every pair, and behind the leads of longer sequences everything on the edge of what is allowed.
TEST(Document, has_the_utf8_that_others_read) {
    const auto quoted = [](std::initializer_list<int> bytes, const char* rest = "") {
        std::string text = "\"";
        for (const int byte : bytes)
            text += static_cast<char>(byte);
        return text + rest + "\"";
    };
    for (int first = 1; first < 256; ++first) {
        EXPECT_TRUE(read_as_others_do(quoted({first})));
        for (int second = 1; second < 256; ++second)
            EXPECT_TRUE(read_as_others_do(quoted({first, second})));
    }
    constexpr int edges[] = {0x20, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xff};
    for (int first = 0xc0; first < 256; ++first)
        for (const int second : edges)
            for (const int third : edges) {
                EXPECT_TRUE(read_as_others_do(quoted({first, second, third})));
                EXPECT_TRUE(read_as_others_do(quoted({first, second, third}, "\x80 behind it")));
                EXPECT_TRUE(read_as_others_do("[\"" + std::string{char(first), char(second), char(third)}));
            }
}

TEST(Document, ends_at_a_zero_byte_as_for_others) {
    for (const std::string_view text :
         {std::string_view("[1]\0", 4), std::string_view("[1]\0]", 5), std::string_view("[1]\0\xff", 5),
          std::string_view("[1\0]", 4), std::string_view("\"a\0b\"", 5), std::string_view("\0", 1)})
        EXPECT_TRUE(read_as_others_do(std::string(text)));
}

TEST(Document, has_the_last_of_two_members_of_one_name) {
    const Document document(R"({"a":[1,2],"b":true,"a":{"x":3},"ab":4,"":5})");
    ASSERT_TRUE(document.is_json());
    EXPECT_EQ(document.root().size(), 5u);
    ASSERT_TRUE(document.root().find("a") && document.root().find("a")->is_object());
    EXPECT_EQ(document.root().find("a")->find("x")->whole(), 3u);
    EXPECT_EQ(document.root().find("")->whole(), 5u);
    EXPECT_FALSE(document.root().find("x"));
    EXPECT_FALSE(document.root().find(std::string_view("a\0", 2)));
    const auto fields = Fields::of(document.root(), "it");
    EXPECT_TRUE(fields->has_only({"a", "b", "ab", ""}));
    EXPECT_FALSE(fields->number("a", 0, 9));
}

TEST(Document, is_not_nested_without_end) {
    const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
    EXPECT_TRUE(Document(nested(Document::greatest_depth)).is_json());
    EXPECT_EQ(Document(nested(Document::greatest_depth + 1)).failure(), Document::Failure::too_deep);
    EXPECT_EQ(Document(std::string(1'000'000, '[')).failure(), Document::Failure::too_deep);
    EXPECT_EQ(Document(std::string(Document::greatest_depth, '[')).failure(), Document::Failure::not_json);
    EXPECT_EQ(Document("[[]]", 1).failure(), Document::Failure::too_deep);
    EXPECT_EQ(Document("[[]]", 0).failure(), Document::Failure::too_deep);
    EXPECT_EQ(Document(nested(Document::greatest_depth + 1), 1000).failure(), Document::Failure::too_deep);
    EXPECT_TRUE(Document("[{},[],{}]", 2).is_json());
    EXPECT_TRUE(Document("\"[[[[\"", 0).is_json());
}

TEST(Document, has_room_for_whatever_is_written_tightly) {
    for (const std::size_t count : {1, 2, 3, 1000, 100'000}) {
        std::string numbers = "[";
        std::string members = "{";
        for (std::size_t i = 0; i < count; ++i) {
            numbers += i == 0 ? "1" : ",1";
            members += i == 0 ? "\"\":1" : ",\"\":1";
        }
        EXPECT_EQ(Document(numbers + "]").root().size(), count);
        EXPECT_EQ(Document(members + "}").root().size(), count);
    }
}

TEST(Document, is_read_the_same_cut_or_changed_anywhere) {
    const std::string text = R"({"a":[0,-1.5e2,"b\u00e9\n",{"c":null,"d":[true,[]]}],"e":{"f":"g"}})";
    for (std::size_t at = 0; at < text.size(); ++at) {
        EXPECT_TRUE(read_as_others_do(text.substr(0, at)));
        for (int bit = 0; bit < 8; ++bit) {
            std::string changed = text;
            changed[at] = static_cast<char>(changed[at] ^ (1 << bit));
            EXPECT_TRUE(read_as_others_do(changed));
        }
    }
}

TEST(Document, stays_where_it_is_when_it_is_moved) {
    Document first("[\"a string that is not short at all\"]");
    const Value* root = &first.root();
    const Document second = std::move(first);
    EXPECT_EQ(&second.root(), root);
    EXPECT_EQ((*second.root().begin()).text(), "a string that is not short at all");
}

TEST(Document, that_is_none_is_null) {
    EXPECT_TRUE(Document("{\"a\":").root().is_null());
    EXPECT_FALSE(Document("{\"a\":").root().find("a"));
    EXPECT_EQ(Fields::of(Document("x").root(), "it").error().story(), "it is not an object");
}

TEST(Document, that_is_a_scalar_has_nothing_inside) {
    for (const char* text : {"1", "\"a\"", "null", "{\"a\":1}"}) {
        const Document document(text);
        EXPECT_EQ(document.root().begin(), document.root().end()) << text;
    }
    const Document list("[1,2]");
    EXPECT_FALSE(list.root().find("1"));
    EXPECT_EQ(list.root().members().begin(), list.root().members().end());
}

} // namespace
} // namespace chaos::json
