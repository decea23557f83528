// SPDX-License-Identifier: BSD-3-Clause
// Which images are refused, and why; who may share one.
#include <fcntl.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "tests/xendevd/vbd/vbd_fixture.hpp"

namespace xendevd {
namespace {

class ImageTest : public VbdFixture {
  protected:
    /// A file by name, so that it can be opened several times.
    ImageTest() {
        const int file = ::mkstemp(path);
        EXPECT_EQ(::ftruncate(file, 65536), 0);
        ::close(file);
    }
    ~ImageTest() override { ::unlink(path); }

    chaos::Result<std::unique_ptr<Backend>> make(const char* file, int flags) {
        return make_vbd(daemon, guest_id, settings, chaos::UniqueFd(::open(file, flags | O_CLOEXEC)));
    }
    std::string refusal(const char* file, int flags) {
        auto made = make(file, flags);
        EXPECT_FALSE(made) << "not refused";
        EXPECT_EQ(made ? chaos::ErrorKind::system : made.error().kind(), chaos::ErrorKind::invalid_config);
        return made ? "" : made.error().story();
    }

    char path[32] = "/tmp/chaos-image-test-XXXXXX";
};

TEST_F(ImageTest, must_be_a_file_or_a_block_device) {
    EXPECT_EQ(refusal("/dev/null", O_RDWR),
              "preparing the disk image /srv/test.img: it is neither a regular file nor a block device");
    settings.read_only = true;
    EXPECT_NE(refusal("/tmp", O_RDONLY).find("neither"), std::string::npos);
}

TEST_F(ImageTest, must_be_open_for_what_is_needed) {
    EXPECT_NE(refusal(path, O_RDONLY).find("not open for"), std::string::npos);
    EXPECT_NE(refusal(path, O_WRONLY).find("not open for"), std::string::npos);
    settings.read_only = true;
    EXPECT_TRUE(make(path, O_RDONLY));
    EXPECT_TRUE(make(path, O_RDWR));
}

TEST_F(ImageTest, must_be_as_large_as_the_disk) {
    settings.sectors = 128;
    EXPECT_TRUE(make(path, O_RDWR));
    settings.sectors = 129;
    EXPECT_NE(refusal(path, O_RDWR).find("has 128 sectors of 512 bytes, less than the 129"),
              std::string::npos);
    settings.sectors = 0;
    ASSERT_EQ(::truncate(path, 511), 0);
    EXPECT_NE(refusal(path, O_RDWR).find("smaller than one sector"), std::string::npos);
    settings.sector_size = 4096;
    ASSERT_EQ(::truncate(path, 10000), 0);
    auto made = make(path, O_RDWR);
    ASSERT_TRUE(made);
    nlohmann::json out;
    (*made)->describe(out);
    EXPECT_EQ(out["sectors"], 16) << "whole sectors of 4096 bytes";
    made->reset();
    settings.sectors = 12;
    EXPECT_NE(refusal(path, O_RDWR).find("no multiple"), std::string::npos);
    settings.sectors = 0;
    settings.sector_size = 1024;
    EXPECT_NE(refusal(path, O_RDWR).find("not 512 or 4096"), std::string::npos);
}

TEST_F(ImageTest, has_one_writer_or_many_readers) {
    auto writer = make(path, O_RDWR);
    ASSERT_TRUE(writer);
    EXPECT_NE(refusal(path, O_RDWR).find("uses it"), std::string::npos);
    settings.read_only = true;
    EXPECT_NE(refusal(path, O_RDONLY).find("writes to it"), std::string::npos);
    writer->reset();
    auto first = make(path, O_RDONLY);
    auto second = make(path, O_RDONLY);
    EXPECT_TRUE(first && second);
    settings.read_only = false;
    EXPECT_NE(refusal(path, O_RDWR).find("uses it"), std::string::npos);
    first->reset();
    second->reset();
    EXPECT_TRUE(make(path, O_RDWR));
}

TEST_F(ImageTest, is_free_when_the_disk_is_gone_though_its_opener_is_not) {
    chaos::UniqueFd opener(::open(path, O_RDWR | O_CLOEXEC));
    ASSERT_TRUE(make_vbd(daemon, guest_id, settings, duplicate(opener))); // and gone
    EXPECT_TRUE(make(path, O_RDWR));
}

TEST_F(ImageTest, is_waited_for_after_a_restart) {
    int ready[2];
    ASSERT_EQ(::pipe(ready), 0);
    const pid_t former = ::fork();
    if (former == 0) {
        const int file = ::open(path, O_RDWR);
        (void)::flock(file, LOCK_EX);
        (void)!::write(ready[1], "x", 1);
        ::usleep(60'000);
        ::_exit(0);
    }
    char byte = 0;
    ASSERT_EQ(::read(ready[0], &byte, 1), 1);
    chaos::UniqueFd file(::open(path, O_RDWR | O_CLOEXEC));
    EXPECT_FALSE(make(path, O_RDWR));
    wait_for_image(file, false);
    EXPECT_TRUE(make_vbd(daemon, guest_id, settings, std::move(file)));
    ::waitpid(former, nullptr, 0);
    ::close(ready[0]);
    ::close(ready[1]);
}

TEST_F(ImageTest, direct_access_bypasses_the_page_cache) {
    settings.direct = true;
    image = chaos::UniqueFd(::open(path, O_RDWR | O_CLOEXEC));
    ASSERT_EQ(::ftruncate(image.get(), image_bytes), 0);
    auto made = make_vbd(daemon, guest_id, settings, duplicate(image));
    if (!chaos::UniqueFd(::open(path, O_RDWR | O_DIRECT | O_CLOEXEC)).is_open())
        GTEST_SKIP() << "the file system of " << path << " has no direct access";
    ASSERT_TRUE(made) << made.error().story();
    made->reset();
    ::fcntl(image.get(), F_SETFL, ::fcntl(image.get(), F_GETFL) & ~O_DIRECT);
    start(every_feature);
    EXPECT_TRUE(::fcntl(image.get(), F_GETFL) & O_DIRECT);
    std::memset(data(0), 'w', 4096);
    EXPECT_EQ(carry_out(put_data(BLKIF_OP_WRITE, 8, pages(0, 1))), BLKIF_RSP_OKAY);
    EXPECT_EQ(carry_out(put_data(BLKIF_OP_READ, 8, pages(1, 1))), BLKIF_RSP_OKAY);
    EXPECT_EQ(std::string(data(1), 4096), std::string(4096, 'w'));
    EXPECT_EQ(carry_out(put_flush()), BLKIF_RSP_OKAY);
}

} // namespace
} // namespace xendevd
