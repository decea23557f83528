// SPDX-License-Identifier: BSD-3-Clause
// Opening a host where it cannot be opened: the error says why, and nothing is left behind.
#include "libchaos/domain/host.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <filesystem>

#include "tests/fakes/xen.hpp"
#include "tests/libchaos/temporary_directory.hpp"

namespace chaos {
namespace {

class HostOpenTest : public testing::Test {
  protected:
    Result<Host> open() { return Host::open({directory / "state", directory / "cache"}); }

    test::TemporaryDirectory directory;
    fakes::Xen& xen = fakes::boot();
};

TEST_F(HostOpenTest, costs_three_calls) {
    ASSERT_TRUE(open());
    EXPECT_EQ(std::vector<std::string>(xen.calls().begin(), xen.calls().begin() + 3),
              (std::vector<std::string>{"xc_interface_open", "xc_version", "xenforeignmemory_open"}));
}

TEST_F(HostOpenTest, names_the_reason_when_xen_cannot_be_reached) {
    for (const auto& [errno_value, kind] :
         std::initializer_list<std::pair<int, ErrorKind>>{{ENOENT, ErrorKind::not_on_xen},
                                                          {ENODEV, ErrorKind::not_on_xen},
                                                          {ENXIO, ErrorKind::not_on_xen},
                                                          {EACCES, ErrorKind::not_permitted},
                                                          {EPERM, ErrorKind::not_permitted}}) {
        xen.clear_calls();
        xen.fail_at(1, errno_value);
        const auto opened = open();
        ASSERT_FALSE(opened);
        EXPECT_EQ(opened.error().kind(), kind);
        EXPECT_FALSE(opened.error().advice().empty());
    }
    EXPECT_FALSE(std::filesystem::exists(directory / "state"))
        << "directories were made on a machine without Xen";
}

TEST_F(HostOpenTest, refuses_another_release_of_xen) {
    for (const auto& version : {std::pair{4, 18}, std::pair{4, 16}, std::pair{5, 17}}) {
        xen.version = version;
        const auto opened = open();
        ASSERT_FALSE(opened);
        EXPECT_EQ(opened.error().kind(), ErrorKind::wrong_version);
        EXPECT_NE(
            opened.error().story().find(std::to_string(version.first) + "." + std::to_string(version.second)),
            std::string::npos);
    }
}

TEST_F(HostOpenTest, leaves_nothing_open_whichever_call_fails) {
    const auto before = xen.state();
    for (std::size_t number = 1; number <= 3; ++number) {
        xen.clear_calls();
        xen.fail_at(number, EIO);
        EXPECT_FALSE(open());
        EXPECT_EQ(xen.state(), before);
    }
    xen.fail_at(0, 0);
    { ASSERT_TRUE(open()); }
    EXPECT_EQ(xen.state(), before);
    EXPECT_TRUE(xen.complaints().empty());
}

TEST_F(HostOpenTest, leaves_nothing_open_where_it_may_not_write) {
    const auto before = xen.state();
    const auto opened = Host::open({"/proc/chaos", directory / "cache"});
    ASSERT_FALSE(opened);
    EXPECT_NE(opened.error().story().find("/proc/chaos"), std::string::npos);
    EXPECT_EQ(xen.state(), before);
}

TEST_F(HostOpenTest, tells_what_the_machine_has) {
    xen.cpus = 6;
    xen.add_domain(5, {5}).claimed_pages = 100;
    auto host = open();
    const auto info = host->control().host_info();
    ASSERT_TRUE(info) << info.error().story();
    EXPECT_EQ(info->xen_version, "4.17" + std::string(15, 'x')) << "Xen's text may lack its end";
    EXPECT_EQ(info->xen_commandline.size(), 1023u);
    EXPECT_EQ(info->cpus, 6u);
    EXPECT_EQ(info->total_memory_kib, 65536u);
    EXPECT_EQ(info->free_memory_kib, 65536u);
    EXPECT_EQ(info->claimed_memory_kib, 400u);
    EXPECT_EQ(info->domains, 2u);
    EXPECT_TRUE(info->hap && info->pv);
    EXPECT_EQ(*host->control().free_memory_kib(), 65536u - 400u) << "what is claimed is not free";
}

} // namespace
} // namespace chaos
