// SPDX-License-Identifier: BSD-3-Clause
// Data between a guest and an image, in every layout and with every set of features.
#include <unistd.h>

#include <algorithm>

#include "tests/xendevd/vbd/vbd_fixture.hpp"

namespace xendevd {
namespace {

struct Shape {
    const char* name;
    std::uint32_t ring_pages;
    bool is_32_bit;
    std::uint32_t features;
};

void PrintTo(const Shape& shape, std::ostream* out) {
    *out << shape.name;
}

class DataTest : public VbdFixture, public testing::WithParamInterface<Shape> {
  protected:
    DataTest() { start(GetParam().features, GetParam().ring_pages, GetParam().is_32_bit); }
};

INSTANTIATE_TEST_SUITE_P(
    Shapes, DataTest,
    testing::Values(Shape{"plain", 1, false, 0}, Shape{"two_pages", 2, false, 0},
                    Shape{"four_pages_32_bit", 4, true, 0}, Shape{"eight_pages", 8, false, 0},
                    Shape{"plain_32_bit", 1, true, 0}, Shape{"persistent", 1, false, NOXS_VBD_PERSISTENT},
                    Shape{"all", 8, false,
                          NOXS_VBD_FLUSH | NOXS_VBD_DISCARD | NOXS_VBD_INDIRECT | NOXS_VBD_PERSISTENT}),
    [](const auto& shape) { return std::string(shape.param.name); });

TEST_P(DataTest, reads_what_the_image_holds) {
    const std::string expected = pattern(3 * 4096, 1);
    fill(image, 40960, expected);
    EXPECT_EQ(carry_out(put_data(BLKIF_OP_READ, 80, pages(5, 3))), BLKIF_RSP_OKAY);
    EXPECT_EQ(std::string(data(5), 4096) + std::string(data(6), 4096) + std::string(data(7), 4096), expected);
    EXPECT_EQ(device->counters().to_guest_bytes, 3 * 4096u);
    EXPECT_EQ(device->counters().to_guest_operations, 1u);
}

TEST_P(DataTest, writes_what_the_guest_holds) {
    const std::string expected = pattern(11 * 4096, 2);
    for (std::uint32_t number = 0; number < 11; ++number)
        std::memcpy(data(number), expected.data() + number * 4096, 4096);
    EXPECT_EQ(carry_out(put_data(BLKIF_OP_WRITE, 8, pages(0, 11))), BLKIF_RSP_OKAY);
    EXPECT_EQ(contents(image, 4096, expected.size()), expected);
    EXPECT_EQ(device->counters().from_guest_bytes, expected.size());
}

TEST_P(DataTest, moves_parts_of_pages) {
    fill(image, 0, pattern(4096, 3));
    std::memset(data(0), 'a', 4096);
    std::memset(data(1), 'b', 4096);
    // Two sectors to the end of one page, one into the middle of the other.
    EXPECT_EQ(carry_out(put_data(BLKIF_OP_READ, 1, {{reference(0), 6, 7}, {reference(1), 2, 2}})),
              BLKIF_RSP_OKAY);
    EXPECT_EQ(std::string(data(0), 3072), std::string(3072, 'a'));
    EXPECT_EQ(std::string(data(0) + 3072, 1024), pattern(4096, 3).substr(512, 1024));
    EXPECT_EQ(std::string(data(1), 1024), std::string(1024, 'b'));
    EXPECT_EQ(std::string(data(1) + 1024, 512), pattern(4096, 3).substr(1536, 512));
    EXPECT_EQ(std::string(data(1) + 1536, 2560), std::string(2560, 'b'));
}

TEST_P(DataTest, fills_and_drains_the_ring_many_times) {
    const std::uint32_t entries = 32 * GetParam().ring_pages;
    fill(image, 0, pattern(image_bytes, 4));
    for (unsigned round = 0; round < 5; ++round) {
        // Some follow each other on the disk and are read at once, some do not.
        const auto block = [round](std::uint32_t index) {
            return (index % 8 ? index : index * 37) % 1000 + round;
        };
        std::uint64_t last = 0;
        for (std::uint32_t index = 0; index < entries; ++index)
            last = put_data(BLKIF_OP_READ, block(index) * 8ull, pages(index, 1));
        EXPECT_EQ(carry_out(last), BLKIF_RSP_OKAY);
        for (std::uint32_t index = 0; index < entries; ++index)
            ASSERT_EQ(std::string(data(index), 4096), contents(image, block(index) * 4096ull, 4096)) << index;
    }
    EXPECT_EQ(answered.size(), 5 * entries);
    EXPECT_TRUE(std::is_sorted(answered.begin(), answered.end()))
        << "answers are in the order of the requests";
    EXPECT_TRUE(device->is_idle());
}

TEST_P(DataTest, refuses_what_lies_beyond_the_end) {
    const std::uint64_t sectors = image_bytes / 512;
    EXPECT_EQ(carry_out(put_data(BLKIF_OP_READ, sectors - 8, pages(0, 1))), BLKIF_RSP_OKAY);
    EXPECT_EQ(carry_out(put_data(BLKIF_OP_READ, sectors - 7, pages(0, 1))), BLKIF_RSP_ERROR);
    EXPECT_EQ(carry_out(put_data(BLKIF_OP_WRITE, sectors, pages(0, 1))), BLKIF_RSP_ERROR);
    EXPECT_EQ(carry_out(put_data(BLKIF_OP_READ, UINT64_MAX, pages(0, 1))), BLKIF_RSP_ERROR);
    EXPECT_EQ(carry_out(put_data(BLKIF_OP_READ, UINT64_MAX / 512 + 1, pages(0, 1))), BLKIF_RSP_ERROR);
    EXPECT_EQ(carry_out(put_data(BLKIF_OP_READ, 0, {})), BLKIF_RSP_ERROR);
    EXPECT_FALSE(failure);
    EXPECT_EQ(device->counters().errors, 5u);
}

class VbdTest : public VbdFixture {};

TEST_F(VbdTest, carries_out_256_indirect_segments) {
    start(NOXS_VBD_INDIRECT);
    const std::string expected = pattern(1 << 20, 5);
    fill(image, 1 << 20, expected);
    EXPECT_EQ(carry_out(put_indirect(BLKIF_OP_READ, 2048, pages(0, 256))), BLKIF_RSP_OKAY);
    for (std::uint32_t number = 0; number < 256; ++number)
        ASSERT_EQ(std::string(data(number), 4096), expected.substr(number * 4096, 4096));
    EXPECT_EQ(carry_out(put_indirect(BLKIF_OP_WRITE, 0, pages(0, 256))), BLKIF_RSP_OKAY);
    EXPECT_EQ(contents(image, 0, 1 << 20), expected);
}

TEST_F(VbdTest, does_not_carry_out_what_is_not_in_use) {
    start(0);
    EXPECT_EQ(carry_out(put_flush()), BLKIF_RSP_EOPNOTSUPP);
    EXPECT_EQ(carry_out(put_discard(0, 8)), BLKIF_RSP_EOPNOTSUPP);
    blkif_request request{};
    for (const std::uint8_t operation : {2, 4, 6, 7, 99, 255}) {
        request.operation = operation;
        EXPECT_EQ(carry_out(put(request)), BLKIF_RSP_EOPNOTSUPP) << int(operation);
    }
    EXPECT_FALSE(failure);
}

TEST_F(VbdTest, flushes_after_the_writes_before) {
    start(every_feature);
    const std::uint64_t write = put_data(BLKIF_OP_WRITE, 0, pages(0, 4));
    const std::uint64_t flush = put_flush();
    const std::uint64_t read = put_data(BLKIF_OP_READ, 0, pages(8, 1));
    const std::uint64_t second = put_flush();
    EXPECT_EQ(carry_out(second), BLKIF_RSP_OKAY);
    EXPECT_EQ(answered, (std::vector{write, flush, read, second}));
}

TEST_F(VbdTest, discards) {
    start(every_feature);
    ASSERT_TRUE(device->features() & NOXS_VBD_DISCARD);
    fill(image, 0, std::string(65536, 'x'));
    EXPECT_EQ(carry_out(put_discard(8, 16)), BLKIF_RSP_OKAY);
    EXPECT_EQ(contents(image, 0, 65536),
              std::string(4096, 'x') + std::string(8192, '\0') + std::string(65536 - 12288, 'x'));
    EXPECT_EQ(carry_out(put_discard(image_bytes / 512 - 8, 9)), BLKIF_RSP_ERROR);
    EXPECT_EQ(carry_out(put_discard(16, UINT64_MAX - 8)), BLKIF_RSP_ERROR);
    EXPECT_EQ(carry_out(put_discard(16, 0)), BLKIF_RSP_ERROR);
}

TEST_F(VbdTest, a_read_only_disk_is_not_written) {
    settings.read_only = true;
    start(every_feature);
    EXPECT_FALSE(device->features() & NOXS_VBD_DISCARD);
    fill(image, 0, std::string(4096, 'x'));
    EXPECT_EQ(carry_out(put_data(BLKIF_OP_WRITE, 0, pages(0, 1))), BLKIF_RSP_ERROR);
    EXPECT_EQ(carry_out(put_discard(0, 8)), BLKIF_RSP_EOPNOTSUPP);
    EXPECT_EQ(carry_out(put_flush()), BLKIF_RSP_OKAY);
    EXPECT_EQ(carry_out(put_data(BLKIF_OP_READ, 0, pages(0, 1))), BLKIF_RSP_OKAY);
    EXPECT_EQ(contents(image, 0, 4096), std::string(4096, 'x'));
}

TEST_F(VbdTest, large_sectors_are_not_divided) {
    settings.sector_size = 4096;
    start(0);
    EXPECT_EQ(carry_out(put_data(BLKIF_OP_READ, 8, pages(0, 1))), BLKIF_RSP_OKAY);
    EXPECT_EQ(carry_out(put_data(BLKIF_OP_READ, 1, pages(0, 1))), BLKIF_RSP_ERROR);
    EXPECT_EQ(carry_out(put_data(BLKIF_OP_READ, 8, {{reference(0), 0, 3}, {reference(1), 0, 3}})),
              BLKIF_RSP_ERROR);
    EXPECT_FALSE(failure);
}

TEST_F(VbdTest, needs_few_calls_for_many_requests) {
    start(0);
    xen.clear_calls();
    notified = 0;
    std::uint64_t last = 0;
    for (std::uint32_t index = 0; index < 32; ++index)
        last = put_data(BLKIF_OP_READ, index * 8, pages(index, 1));
    EXPECT_EQ(carry_out(last), BLKIF_RSP_OKAY);
    EXPECT_EQ(calls("xengnttab_grant_copy"), 1u);
    EXPECT_EQ(calls("xengnttab_map_domain_grant_refs"), 0u);
    EXPECT_EQ(notified, 1u);
    EXPECT_EQ(calls("xenevtchn_notify"), 1u);
}

TEST_F(VbdTest, an_error_costs_only_its_request) {
    start(NOXS_VBD_INDIRECT);
    fill(image, 0, pattern(image_bytes, 6));
    ASSERT_EQ(::ftruncate(image.get(), 6 * 4096), 0); // while the guest runs
    std::vector<std::uint64_t> ids;
    for (std::uint32_t index = 0; index < 8; ++index) // one transfer
        ids.push_back(put_data(BLKIF_OP_READ, index * 8, pages(index, 1)));
    push();
    for (std::uint32_t index = 0; index < 8; ++index)
        EXPECT_EQ(answer_to(ids[index]), index < 6 ? BLKIF_RSP_OKAY : BLKIF_RSP_ERROR) << index;
    EXPECT_EQ(std::string(data(5), 4096), pattern(image_bytes, 6).substr(5 * 4096, 4096));
    EXPECT_FALSE(failure);
    EXPECT_EQ(device->counters().errors, 2u);
}

} // namespace
} // namespace xendevd
