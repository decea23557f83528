// SPDX-License-Identifier: BSD-3-Clause
// Our reading of disks and rates against that of xl: what we take, it takes, and means the same by it.
//
// We refuse more on purpose: formats and back-ends that are not carried out, rates beyond sense, names of disks that no
// guest knows. What is an extension of ours is left out here.
#include <gtest/gtest.h>

#include <cstdio>
#include <memory>
#include <random>

#include "libchaos/config/devices.hpp"

extern "C" {
#include <libxlutil.h>
}

namespace chaos {
namespace {

class XenDevices : public testing::Test {
  protected:
    struct Close {
        void operator()(FILE* file) const { std::fclose(file); }
        void operator()(XLU_Config* config) const { xlu_cfg_destroy(config); }
    };
    std::unique_ptr<FILE, Close> nowhere{std::fopen("/dev/null", "w")};
    std::unique_ptr<XLU_Config, Close> xen{xlu_cfg_init(nowhere.get(), "xen")};

    /// What xl makes of a disk: nothing if it refuses.
    std::optional<std::string> disk_by_xen(const std::string& text) {
        libxl_device_disk disk;
        libxl_device_disk_init(&disk);
        const char* specs[] = {text.c_str()};
        const int status = xlu_disk_parse(xen.get(), 1, specs, &disk);
        std::optional<std::string> described;
        if (status == 0)
            described =
                std::string(disk.pdev_path ? disk.pdev_path : "") + "|" + disk.vdev + "|" +
                (disk.readwrite ? "rw" : "ro") + "|" +
                (libxl_defbool_is_default(disk.discard_enable) || libxl_defbool_val(disk.discard_enable)
                     ? "discard"
                     : "no-discard");
        libxl_device_disk_dispose(&disk);
        return described;
    }

    static std::optional<std::string> disk_by_us(const std::string& text) {
        const auto disk = parse_disk(text);
        if (!disk)
            return std::nullopt;
        return disk->path + "|" + disk->device_name + "|" + (disk->read_only ? "ro" : "rw") + "|" +
               (disk->discard ? "discard" : "no-discard");
    }

    std::optional<std::pair<std::uint64_t, std::uint32_t>> rate_by_xen(const std::string& text) {
        libxl_device_nic nic;
        libxl_device_nic_init(&nic);
        std::optional<std::pair<std::uint64_t, std::uint32_t>> rate;
        if (xlu_vif_parse_rate(xen.get(), text.c_str(), &nic) == 0)
            rate = {nic.rate_bytes_per_interval, nic.rate_interval_usecs};
        libxl_device_nic_dispose(&nic);
        return rate;
    }
};

constexpr const char* disks[] = {
    "/dev/vg/guest-volume,,hda",
    "/dev/vg/guest-volume,raw,hda,rw",
    "format=raw, vdev=hda, access=rw, target=/dev/vg/guest-volume",
    "raw:/dev/vg/guest-volume,hda,w",
    "phy:/dev/vg/web,xvda,w",
    "file:/srv/web.img,xvda,r",
    "/srv/web.img,raw,xvda:disk,ro",
    "/srv/web.img,raw,vdev=xvda,access=ro",
    "vdev=xvda,target=/srv/a,b=c.img",
    "/srv/web.img,raw,xvda,rw,discard",
    "/srv/web.img,raw,xvda,rw,no-discard",
    "/srv/web.img,raw,xvda,rw,direct-io-safe",
    "devtype=disk,vdev=xvdb1,format=raw,target=/x",
    "/srv/web.img,raw,xvda,",
};

TEST_F(XenDevices, disks_of_the_manual_mean_what_xl_means) {
    for (const std::string text : disks) {
        ASSERT_TRUE(disk_by_us(text)) << text << ": " << parse_disk(text).error().story();
        EXPECT_EQ(disk_by_us(text), disk_by_xen(text)) << text;
    }
}

/// Descriptions with a few places changed: 20,000 of them, the same in each run.
TEST_F(XenDevices, a_disk_that_we_take_is_the_one_that_xl_takes) {
    std::mt19937 random(1); // NOLINT: the same texts in each run
    const auto below = [&](std::size_t bound) { return random() % bound; };
    constexpr const char* pieces[] = {
        ",",     "=",    ":",        "raw",        "r",         "w",         "xvda",
        "hda",   "/a",   " ",        "vdev=xvdb",  "target=/b", "access=ro", "format=raw",
        "file:", "phy:", "discard,", "no-discard", ",,",        "x",         "access=rw,"};
    int taken = 0;
    for (int round = 0; round < 20'000; ++round) {
        std::string text = disks[below(std::size(disks))];
        for (std::size_t changes = 1 + below(3); changes > 0; --changes) {
            const std::size_t place = below(text.size() + 1);
            if (below(2) == 0)
                text.insert(place, pieces[below(std::size(pieces))]);
            else
                text.erase(place, 1 + below(5));
        }
        const auto ours = disk_by_us(text);
        if (!ours)
            continue;
        ++taken;
        ASSERT_EQ(ours, disk_by_xen(text)) << text;
    }
    EXPECT_GT(taken, 2000);
}

TEST_F(XenDevices, rates_are_those_of_xl) {
    std::mt19937 random(1); // NOLINT: the same texts in each run
    const auto below = [&](std::size_t bound) { return random() % bound; };
    constexpr const char* units[] = {"", "K", "M", "G", "k", "m"};
    constexpr const char* kinds[] = {"b/s", "B/s", "b", "/s", "bs/s"};
    constexpr const char* intervals[] = {"", "@20ms", "@50us", "@1s", "@2", "@5m", "@", "@x"};
    int taken = 0;
    for (int round = 0; round < 5000; ++round) {
        const std::string text = std::to_string(1 + below(100'000)) + units[below(std::size(units))] +
                                 kinds[below(std::size(kinds))] + intervals[below(std::size(intervals))];
        const auto ours = parse_vif("rate=" + text);
        const auto xens = rate_by_xen(text);
        if (!ours)
            continue;
        ++taken;
        ASSERT_TRUE(xens) << text;
        EXPECT_EQ(xens->second, ours->rate.interval_us) << text;
        EXPECT_EQ(xens->first, ours->rate.bytes_per_second * ours->rate.interval_us / 1'000'000) << text;
    }
    EXPECT_GT(taken, 500);
}

} // namespace
} // namespace chaos
