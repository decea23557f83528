// SPDX-License-Identifier: BSD-3-Clause
// Finding and unpacking the kernel of a bzImage, good and hostile.
#include "libchaos/image/bzimage.hpp"

#include <gtest/gtest.h>
#include <random>

#include "../config/expect_error.hpp"
#include "bzimage_builder.hpp"
#include "elf_builder.hpp"
#include "libchaos/image/unpack.hpp"

namespace chaos {
namespace {

using namespace test;

class StringSink final : public ByteSink {
  public:
    Result<void> write(std::span<const unsigned char> bytes) override {
        text.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        return {};
    }
    std::string text;
};

Result<std::string> unpack(const std::string& file) {
    const MemoryBytes source(file);
    const auto payload = TRY(find_bzimage_payload(source));
    if (!payload)
        return Error(ErrorKind::system, "not recognised as a bzImage");
    StringSink sink;
    auto unpacked = unpack_payload(source, *payload, sink);
    EXPECT_LE(sink.text.size(), payload->unpacked_size);
    TRY(std::move(unpacked));
    return std::move(sink.text);
}

/// Partly compressible bytes that do not fit into one buffer of the decompressors.
std::string sample(std::size_t size = 700'000) {
    std::mt19937 random(7); // NOLINT: the same bytes in each run
    std::string text;
    while (text.size() < size)
        text += "block " + std::to_string(random() % 5000) + std::string(random() % 20, 'k');
    text.resize(size);
    return text;
}

struct Format {
    const char* name;
    std::string (*pack)(std::string_view);
    bool ends_with_size;

    [[nodiscard]] std::string image(std::string_view content) const {
        return ends_with_size ? bzimage_of_gzip(pack(content))
                              : bzimage(pack(content), static_cast<std::uint32_t>(content.size()));
    }
};

class EachFormat : public testing::TestWithParam<Format> {};

INSTANTIATE_TEST_SUITE_P(BzImage, EachFormat,
                         testing::Values(Format{"gzip", pack_gzip, true}, Format{"xz", pack_xz, false},
                                         Format{"lzma", pack_lzma, false}, Format{"bzip2", pack_bzip2, false},
                                         Format{"zstd", pack_zstd, false}, Format{"LZ4", pack_lz4, false}),
                         [](const auto& parameter) { return parameter.param.name; });

TEST_P(EachFormat, what_was_packed_comes_out) {
    for (const std::string& content : {sample(), std::string("x"), std::string(9'000'000, '\0')}) {
        const auto unpacked = unpack(GetParam().image(content));
        ASSERT_TRUE(unpacked) << unpacked.error().story();
        EXPECT_TRUE(*unpacked == content);
    }
}

TEST_P(EachFormat, more_than_the_header_says_is_never_written) {
    const std::string packed = GetParam().pack(std::string(2'000'000, 'b')); // a small bomb
    const std::string cut = GetParam().ends_with_size ? packed.substr(0, packed.size() - 4) : packed;
    const auto bomb = unpack(bzimage(cut, 1000));
    ASSERT_FALSE(bomb);
    EXPECT_TRUE(fails_saying(bomb, {"unpacking the kernel (" + std::string(GetParam().name)}));
}

TEST_P(EachFormat, fewer_than_the_header_says_is_refused) {
    const std::string packed = GetParam().pack("short");
    const std::string cut = GetParam().ends_with_size ? packed.substr(0, packed.size() - 4) : packed;
    EXPECT_FALSE(unpack(bzimage(cut, 6)));
    EXPECT_FALSE(unpack(bzimage(cut, maximum_unpacked_size)));
}

TEST_P(EachFormat, every_truncation_is_refused) {
    const std::string image = GetParam().image(sample(2000));
    const std::size_t end = image.size() - 100; // of the payload
    for (std::size_t size = 0; size < end; ++size)
        ASSERT_FALSE(unpack(image.substr(0, size))) << size;
    EXPECT_TRUE(unpack(image.substr(0, end)));
}

TEST_P(EachFormat, a_payload_cut_short_is_refused) {
    const std::string content = sample(2000);
    std::string packed = GetParam().pack(content);
    if (GetParam().ends_with_size)
        packed.resize(packed.size() - 4);
    for (std::size_t size = 0; size + 1 < packed.size(); ++size) {
        const auto unpacked = unpack(bzimage(packed.substr(0, size), 2000));
        // The last bytes may be a checksum or an end mark that a whole kernel does without.
        ASSERT_TRUE(!unpacked || *unpacked == content) << size;
    }
    EXPECT_FALSE(unpack(bzimage(packed.substr(0, packed.size() / 2), 2000)));
}

TEST_P(EachFormat, damaged_bytes_do_no_harm) {
    const std::string image = GetParam().image(sample(1500));
    for (std::size_t position = 512 * 3; position < image.size(); ++position) {
        std::string damaged = image;
        damaged[position] = static_cast<char>(damaged[position] ^ 0x55);
        const auto unpacked = unpack(damaged); // the sanitizers and unpack() look on
        EXPECT_TRUE(unpacked || unpacked.error().kind() == ErrorKind::invalid_image) << position;
    }
}

TEST(BzImage, other_files_are_not_taken_for_one) {
    for (const std::string& file :
         {std::string(), std::string(100, 'x'), std::string(5000, '\0'), unikernel().build()}) {
        const auto payload = find_bzimage_payload(MemoryBytes(file));
        ASSERT_TRUE(payload);
        EXPECT_FALSE(payload->has_value());
    }
}

std::string with_byte(std::string file, std::size_t offset, char value) {
    file[offset] = value;
    return file;
}

TEST(BzImage, wrong_headers_are_refused) {
    const std::string good = bzimage(pack_xz("x"), 1);
    ASSERT_TRUE(unpack(good));
    EXPECT_TRUE(fails_saying(unpack(with_byte(good, 0x206, 7)), {"older"})); // version 2.7 -> low byte
    EXPECT_TRUE(fails_saying(unpack(with_byte(good, 0x1f1, '\xff')), {"truncated"}));
    EXPECT_TRUE(fails_saying(unpack(with_byte(good, 0x24b, '\xff')), {"truncated"}));
    EXPECT_TRUE(fails_saying(unpack(with_byte(good, 0x24f, '\xff')), {"truncated"}));
    EXPECT_TRUE(fails_saying(unpack(bzimage("", 1)), {"no payload"}));
    EXPECT_TRUE(fails_saying(unpack(bzimage_of_gzip("")), {"no payload"}));
    EXPECT_TRUE(fails_saying(unpack(bzimage("what is this", 1)), {"not known", "zstd"}));
    EXPECT_TRUE(fails_saying(unpack(bzimage(pack_xz("x"), 0x40000001)), {"MiB"}));
}

TEST(BzImage, no_setup_sectors_mean_four) {
    std::string file = bzimage(pack_xz("abc"), 3);
    file.insert(3 * 512, 2 * 512, '\0');
    file[0x1f1] = 0;
    EXPECT_EQ(*unpack(file), "abc");
}

TEST(BzImage, a_huge_dictionary_is_refused) {
    // The lzma header's second to fifth byte are the dictionary's size.
    std::string packed = pack_lzma(sample(1000));
    packed.replace(1, 4, std::string("\0\0\0\x80", 4));
    EXPECT_TRUE(fails_saying(unpack(bzimage(packed, 1000)), {"dictionary"}));
}

} // namespace
} // namespace chaos
