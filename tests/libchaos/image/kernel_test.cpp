// SPDX-License-Identifier: BSD-3-Clause
// Opening kernels by path: good ones, and whatever else a path can lead to.
#include "libchaos/image/kernel.hpp"

#include <fstream>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "../config/expect_error.hpp"
#include "../temporary_directory.hpp"
#include "elf_builder.hpp"

namespace chaos {
namespace {

class KernelOpen : public testing::Test {
  protected:
    Result<Kernel> open(const std::string& name) {
        return Kernel::open(directory_ / name, directory_ / "cache");
    }
    void write(const std::string& name, const std::string& content) {
        std::ofstream(directory_ / name, std::ios::binary) << content;
    }

    test::TemporaryDirectory directory_;
};

TEST_F(KernelOpen, an_elf_file_is_used_as_it_is) {
    write("guest", test::unikernel().build());
    const auto kernel = open("guest");
    ASSERT_TRUE(kernel) << kernel.error().story();
    EXPECT_EQ(kernel->path(), directory_ / "guest");
    EXPECT_EQ(kernel->elf_path(), directory_ / "guest");
    EXPECT_EQ(kernel->headers().pvh_entry, 0x10000u);
    EXPECT_NE(::access((directory_ / "cache").c_str(), F_OK), 0); // no cache was needed

    char byte = 0;
    ASSERT_TRUE(kernel->read_at(kernel->headers().segments[0].file_offset, &byte, 1));
    EXPECT_EQ(byte, '\x90');
    char many[1000];
    EXPECT_TRUE(fails_saying(kernel->read_at(0, many, sizeof many), {"cut while it was being read"}));
}

TEST_F(KernelOpen, a_missing_file_is_an_invalid_image) {
    const auto kernel = open("none");
    EXPECT_TRUE(fails_saying(kernel, {"opening kernel", "none", "No such file"}));
    EXPECT_EQ(kernel.error().kind(), ErrorKind::invalid_image);
    write("file", "x");
    EXPECT_EQ(open("file/below").error().kind(), ErrorKind::invalid_image);
    EXPECT_EQ(Kernel::open("").error().kind(), ErrorKind::invalid_image);
}

TEST_F(KernelOpen, what_is_no_kernel_is_an_invalid_image) {
    write("empty", "");
    EXPECT_TRUE(fails_saying(open("empty"), {"opening kernel", "empty"}));
    write("text", "#!/bin/sh\n");
    const auto text = open("text");
    EXPECT_TRUE(fails_saying(text, {"no ELF file"}));
    EXPECT_EQ(text.error().kind(), ErrorKind::invalid_image);
    EXPECT_NE(text.error().advice().find("bzImage"), std::string::npos);
}

TEST_F(KernelOpen, what_is_no_file_is_refused_at_once) {
    EXPECT_TRUE(fails_saying(Kernel::open(directory_.path()), {"a directory"}));
    ASSERT_EQ(::mkfifo((directory_ / "pipe").c_str(), 0600), 0);
    EXPECT_TRUE(fails_saying(open("pipe"), {"a pipe"}));
    EXPECT_TRUE(fails_saying(Kernel::open("/dev/zero"), {"a device"}));
    ASSERT_EQ(::symlink("loop", (directory_ / "loop").c_str()), 0);
    EXPECT_EQ(open("loop").error().kind(), ErrorKind::invalid_image);

    const int listener = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{AF_UNIX, ""};
    std::snprintf(address.sun_path, sizeof address.sun_path, "%s", (directory_ / "socket").c_str());
    ASSERT_EQ(::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(open("socket").error().kind(), ErrorKind::invalid_image);
    ::close(listener);
}

TEST_F(KernelOpen, an_unreadable_file_is_not_permitted) {
    write("secret", test::unikernel().build());
    ASSERT_EQ(::chmod(directory_.path().c_str(), 0755), 0);
    ASSERT_EQ(::chmod((directory_ / "secret").c_str(), 0), 0);
    const bool root = ::geteuid() == 0;
    ASSERT_TRUE(!root || ::seteuid(65534) == 0); // root reads everything
    const auto kernel = open("secret");
    ASSERT_TRUE(!root || ::seteuid(0) == 0);
    ASSERT_FALSE(kernel);
    EXPECT_EQ(kernel.error().kind(), ErrorKind::not_permitted);
}

TEST_F(KernelOpen, the_file_stays_readable_after_it_was_replaced) {
    write("guest", test::unikernel().build());
    const auto kernel = open("guest");
    ASSERT_TRUE(kernel);
    ASSERT_EQ(::unlink((directory_ / "guest").c_str()), 0);
    char magic[4];
    EXPECT_TRUE(kernel->read_at(0, magic, sizeof magic));
}

} // namespace
} // namespace chaos
