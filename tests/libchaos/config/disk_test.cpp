// SPDX-License-Identifier: BSD-3-Clause
// Items of disk=[…].
#include <gtest/gtest.h>

#include "expect_error.hpp"
#include "libchaos/config/devices.hpp"

namespace chaos {
namespace {

DiskConfig disk_of(std::string_view text) {
    auto parsed = parse_disk(text);
    EXPECT_TRUE(parsed) << text << ": " << parsed.error().story();
    return parsed ? *parsed : DiskConfig{};
}

DiskConfig disk(std::string path, std::string device_name, bool read_only) {
    DiskConfig made;
    made.path = std::move(path);
    made.device_name = std::move(device_name);
    made.read_only = read_only;
    return made;
}

TEST(Disk, every_way_to_write_it_means_the_same) {
    const DiskConfig wanted = disk("/srv/web.img", "xvda", false);
    for (const char* text : {
             "/srv/web.img,raw,xvda,rw",
             "/srv/web.img,raw,xvda,w",
             "/srv/web.img,,xvda",
             " /srv/web.img, raw,  xvda, rw,",
             "/srv/web.img, raw, xvda:disk, rw",
             "format=raw, vdev=xvda, access=rw, target=/srv/web.img",
             "format=raw,vdev=xvda,target=/srv/web.img",
             "vdev=xvda,target=/srv/web.img",
             "/srv/web.img,vdev=xvda,format=raw",
             "phy:/srv/web.img,xvda,w",
             "file:/srv/web.img,xvda,w",
             "raw:/srv/web.img,xvda,w",
             "/srv/web.img,raw,xvda,rw,discard,devtype=disk,backendtype=phy,direct-io-safe",
         })
        EXPECT_EQ(disk_of(text), wanted) << text;
}

TEST(Disk, target_at_the_end_may_hold_anything) {
    EXPECT_EQ(disk_of("vdev=xvda,access=ro,target=/srv/a,b=c: d.img"),
              disk("/srv/a,b=c: d.img", "xvda", true));
    EXPECT_EQ(disk_of("images/web.img,raw,xvda,r"), disk("images/web.img", "xvda", true))
        << "as that of a kernel";
}

TEST(Disk, options_are_read) {
    EXPECT_FALSE(disk_of("/a,raw,xvda,w,no-discard").discard);
    EXPECT_TRUE(disk_of("/a,raw,xvda,w,direct").direct);
    EXPECT_EQ(disk_of("/a,raw,xvda,w,rate=8MB/s@10ms,iops=200").rate, (RateLimit{8'000'000, 200, 10'000}));
}

TEST(Disk, what_is_not_carried_out_is_refused_with_the_reason) {
    for (const char* text : {"/a,qcow2,xvda,w", "format=qcow2,vdev=xvda,target=/a", "/a,vhd,xvda,w",
                             "/a,qed,xvda,w", "qcow2:/a,xvda,w"})
        EXPECT_TRUE(fails_saying(parse_disk(text), {"refused", "raw"})) << text;
    for (const char* text : {"/a,raw,hdc:cdrom,r", "/a,raw,hdc,r,cdrom", "devtype=cdrom,vdev=hdc,target=/a"})
        EXPECT_TRUE(fails_saying(parse_disk(text), {"CD-ROM", "device model"})) << text;
    EXPECT_TRUE(fails_saying(parse_disk("/a,raw,xvda,w,backend=store"), {"backend= is refused", "xendevd"}));
    EXPECT_TRUE(
        fails_saying(parse_disk("/a,raw,xvda,w,backendtype=qdisk"), {"backendtype=qdisk is refused"}));
    EXPECT_TRUE(fails_saying(parse_disk("script=x,vdev=xvda,target=/a"), {"script= is refused"}));
    EXPECT_TRUE(fails_saying(parse_disk("tap:/a,xvda,w"), {"tap: is refused"}));
    EXPECT_TRUE(fails_saying(parse_disk("iscsi:iqn,xvda,w"), {"iscsi: is refused", "block device"}));
}

TEST(Disk, what_is_wrong_is_named) {
    EXPECT_TRUE(fails_saying(parse_disk(""), {"no target"}));
    EXPECT_TRUE(fails_saying(parse_disk("/a"), {"no vdev"}));
    EXPECT_TRUE(fails_saying(parse_disk("/a,raw,,w"), {"no vdev"}));
    EXPECT_TRUE(fails_saying(parse_disk("vdev=xvda"), {"no target"}));
    EXPECT_TRUE(fails_saying(parse_disk("vdev=xvda,target="), {"no target"}));
    EXPECT_TRUE(fails_saying(parse_disk("/a,xvda,w"), {"no format \"xvda\"", "raw"}));
    EXPECT_TRUE(fails_saying(parse_disk("/a,raw,vda,w"), {"xvda, sda or hda"}));
    EXPECT_TRUE(fails_saying(parse_disk("/a,raw,xvda,x"), {"access \"x\"", "rw"}));
    EXPECT_TRUE(fails_saying(parse_disk("/a,raw,xvda,w,more"), {"\"more\" is one too many"}));
    EXPECT_TRUE(fails_saying(parse_disk("/a,raw,xvda,w,vdev=xvdb"), {"vdev is given twice"}));
    EXPECT_TRUE(fails_saying(parse_disk("/a,raw,xvda,w,target=/b"), {"target is given twice"}));
    EXPECT_TRUE(fails_saying(parse_disk("/a,raw,xvda,w,colour=red"), {"no key \"colour\""}));
    EXPECT_TRUE(fails_saying(parse_disk("devtype=tape,vdev=xvda,target=/a"), {"devtype"}));
    EXPECT_TRUE(fails_saying(parse_disk(std::string("/a\0b,raw,xvda,w", 15)), {"zero bytes"}));
    EXPECT_TRUE(fails_saying(parse_disk(std::string(4096, '/') + ",raw,xvda,w"), {"4095"}));
}

} // namespace
} // namespace chaos
