// SPDX-License-Identifier: BSD-3-Clause
// Changes on their way into the journal and back.
#include "xendevd/store/contents.hpp"

#include <gtest/gtest.h>

namespace xendevd {
namespace {

using Kind = StoreChange::Kind;

std::string text_of(const StoreChanges& changes) {
    return to_json(changes).dump();
}

TEST(StoreChangeTest, is_read_as_it_was_written) {
    std::string bytes;
    for (int byte = 0; byte < 256; ++byte)
        bytes += static_cast<char>(byte);
    const StoreChanges changes{{Kind::write, "/a", bytes, 0},        {Kind::write, "/b", "", 0},
                               {Kind::remove, "/a/b", "", 0},        {Kind::watch, "device", "FE3A", 0},
                               {Kind::unwatch, "x", "", 0},          {Kind::reset, "", "", 0},
                               {Kind::begin_transaction, "", "", 7}, {Kind::end_transaction, "", "", 8}};
    const auto again = changes_from_json(nlohmann::json::parse(text_of(changes)));
    ASSERT_TRUE(again);
    EXPECT_EQ(text_of(*again), text_of(changes));
    EXPECT_EQ((*again)[0].text, bytes);
    EXPECT_EQ((*again)[7].number, 8u);
}

TEST(StoreContentsTest, is_made_again_from_its_snapshot) {
    StoreContents contents("/local/domain/5");
    std::vector<StoreEvent> events;
    for (const StoreChange& change : StoreChanges{{Kind::write, "/local/domain/5/a/b", "1", 0},
                                                  {Kind::write, "/local/domain/5/a", "value", 0},
                                                  {Kind::write, "/empty", "", 0},
                                                  {Kind::watch, "a", "t", 0},
                                                  {Kind::watch, "/local", "u", 0},
                                                  {Kind::begin_transaction, "", "", 3},
                                                  {Kind::begin_transaction, "", "", 9},
                                                  {Kind::end_transaction, "", "", 9}})
        contents.apply(change, events);
    StoreContents again("/local/domain/5");
    for (const StoreChange& change : contents.snapshot())
        again.apply(change, events);
    EXPECT_EQ(text_of(again.snapshot()), text_of(contents.snapshot()));
    EXPECT_EQ(again.tree().nodes(), contents.tree().nodes());
    EXPECT_EQ(again.next_transaction(), 10u);
    EXPECT_NE(again.transaction(3), nullptr);
    EXPECT_EQ(again.all_events(), (std::vector<StoreEvent>{{"a", "t"}, {"/local", "u"}}));
}

} // namespace
} // namespace xendevd
