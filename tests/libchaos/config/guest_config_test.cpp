// SPDX-License-Identifier: BSD-3-Clause
// What each key means, and what is said of values that cannot be.
#include "libchaos/config/guest_config.hpp"

#include <gtest/gtest.h>

#include "expect_error.hpp"

namespace chaos {
namespace {

/// The rest of a complete configuration in line 1, `text` from line 2 on.
Result<GuestConfig> parse(const std::string& text, const std::vector<std::string>& overrides = {}) {
    return parse_guest_config("name='web'; kernel='/boot/web'; memory=64\n" + text, "web.cfg", overrides);
}

CpuSet cpus(std::initializer_list<std::size_t> numbers) {
    CpuSet set;
    for (const auto number : numbers)
        set.set(number);
    return set;
}

TEST(GuestConfig, defaults) {
    const auto config = parse("");
    ASSERT_TRUE(config) << config.error().story();
    EXPECT_EQ(config->name, "web");
    EXPECT_EQ(config->type, GuestType::pvh);
    EXPECT_EQ(config->kernel, "/boot/web");
    EXPECT_EQ(config->ramdisk, "");
    EXPECT_EQ(config->command_line, "");
    EXPECT_EQ(config->memory_kib, 64u * 1024);
    EXPECT_EQ(config->vcpus, 1u);
    EXPECT_TRUE(config->cpus.empty());
    EXPECT_TRUE(config->cpus_soft.empty());
    EXPECT_FALSE(config->uuid);
    EXPECT_EQ(config->max_event_channels, 127u);
    EXPECT_EQ(config->max_grant_frames, 4u);
}

TEST(GuestConfig, every_key_is_carried_out) {
    const auto config = parse_guest_config(R"(
# a guest with everything
name = "web-1"
type = "pv"
kernel = "guest.elf"
ramdisk = 'init.rd'
cmdline = "console=hvc0 quiet"
memory = 0x100
maxmem = "256M"
vcpus = 2; maxvcpus = 2
cpus = [ "0-3", "4,5", ]
cpus_soft = "all,^7"
uuid = "01234567-89AB-cdef-0123-456789abcdef"
max_event_channels = 1023
max_grant_frames = 010
on_poweroff = "preserve"; on_reboot = 'preserve'
on_crash = "preserve"
vif = []
disk = [ # none
 ]
)",
                                           "web.cfg", {});
    ASSERT_TRUE(config) << config.error().story();
    EXPECT_EQ(config->name, "web-1");
    EXPECT_EQ(config->type, GuestType::pv);
    EXPECT_EQ(config->kernel, "guest.elf");
    EXPECT_EQ(config->ramdisk, "init.rd");
    EXPECT_EQ(config->command_line, "console=hvc0 quiet");
    EXPECT_EQ(config->memory_kib, 256u * 1024);
    EXPECT_EQ(config->vcpus, 2u);
    ASSERT_EQ(config->cpus.size(), 2u);
    EXPECT_EQ(config->cpus[0], cpus({0, 1, 2, 3}));
    EXPECT_EQ(config->cpus[1], cpus({4, 5}));
    ASSERT_EQ(config->cpus_soft.size(), 1u);
    EXPECT_FALSE(config->cpus_soft[0].test(7));
    EXPECT_EQ(config->uuid->to_string(), "01234567-89ab-cdef-0123-456789abcdef");
    EXPECT_EQ(config->max_event_channels, 1023u);
    EXPECT_EQ(config->max_grant_frames, 8u);
}

TEST(GuestConfig, missing_keys_are_named) {
    EXPECT_TRUE(fails_saying(parse_guest_config("", "web.cfg", {}), {"web.cfg: name is missing"}));
    EXPECT_TRUE(fails_saying(parse_guest_config("name='a'", "web.cfg", {}), {"web.cfg: kernel is missing"}));
    EXPECT_TRUE(fails_saying(parse_guest_config("name='a';kernel='k'", "web.cfg", {}),
                             {"web.cfg: memory is missing"}));
    EXPECT_TRUE(parse_guest_config("", "web.cfg", {"name=a", "kernel=k", "memory=1"}));
}

TEST(GuestConfig, the_first_error_by_line_is_reported) {
    EXPECT_TRUE(fails_saying(parse("vcpus=0\nvnc=1\nnonsense=2"), {"web.cfg:2: vcpus = 0"}));
    EXPECT_TRUE(fails_saying(parse("vcpus=1\nvnc=1\nnonsense=2"), {"web.cfg:3: vnc = 1"}));
    EXPECT_TRUE(parse("vcpus=0\nvcpus=1")); // the last one wins
}

TEST(GuestConfig, name_must_be_one) {
    EXPECT_TRUE(fails_saying(parse("name='a b'"), {"web.cfg:2: name = \"a b\"", "letters"}));
    EXPECT_TRUE(fails_saying(parse("name=['a']"), {"name", "text"}));
    EXPECT_TRUE(fails_saying(parse("name=17"), {"name = 17", "domain id"}));
}

TEST(GuestConfig, type_is_pvh_or_pv) {
    EXPECT_EQ(parse("type='pvh'")->type, GuestType::pvh);
    EXPECT_EQ(parse("type='pv'")->type, GuestType::pv);
    EXPECT_TRUE(fails_saying(parse("type='hvm'"), {"type = \"hvm\"", "device model", "pvh"}));
    EXPECT_TRUE(fails_saying(parse("type='PV'"), {"\"PV\"", "\"pvh\" or \"pv\""}));
    EXPECT_TRUE(fails_saying(parse("type=''"), {"was expected"}));
}

TEST(GuestConfig, builder_generic_means_pv) {
    EXPECT_EQ(parse("builder='generic'")->type, GuestType::pv);
    EXPECT_EQ(parse("builder='generic'\ntype='pv'")->type, GuestType::pv);
    EXPECT_TRUE(fails_saying(parse("builder='generic'\ntype='pvh'"), {"web.cfg:2: builder", "web.cfg:3"}));
    EXPECT_TRUE(fails_saying(parse("builder='hvm'"), {"device model"}));
    EXPECT_TRUE(fails_saying(parse("builder='linux'"), {"\"generic\" was expected"}));
}

TEST(GuestConfig, memory_is_mib_or_carries_its_unit) {
    EXPECT_EQ(parse("memory=4")->memory_kib, 4096u);
    EXPECT_EQ(parse("memory='4'")->memory_kib, 4096u);
    EXPECT_EQ(parse("memory='256K'")->memory_kib, 256u);
    EXPECT_EQ(parse("memory='256k'")->memory_kib, 256u);
    EXPECT_EQ(parse("memory='64M'")->memory_kib, 64u * 1024);
    EXPECT_EQ(parse("memory='1G'")->memory_kib, 1024u * 1024);
    EXPECT_EQ(parse("", {"memory=260K"})->memory_kib, 260u);
    EXPECT_EQ(parse("memory='1024G'")->memory_kib, maximum_memory_kib);
}

TEST(GuestConfig, memory_that_cannot_be_is_refused) {
    for (const auto* value :
         {"'x'", "''", "'K'", "'64Q'", "'64 M'", "'-1'", "'64MB'", "[64]", "'1.5G'", "09"})
        EXPECT_TRUE(fails_saying(parse(std::string("memory=") + value), {"web.cfg:2: memory", "\"256K\""}))
            << value;
    EXPECT_TRUE(fails_saying(parse("memory='252K'"), {"memory = \"252K\"", "256 KiB"}));
    EXPECT_TRUE(fails_saying(parse("memory=0"), {"256 KiB"}));
    EXPECT_TRUE(fails_saying(parse("memory='258K'"), {"256K or 260K"}));
    EXPECT_TRUE(fails_saying(parse("memory='1025G'"), {"1024 GiB"}));
    EXPECT_TRUE(fails_saying(parse("memory=18446744073709551615"), {"memory"}));
    EXPECT_TRUE(fails_saying(parse("memory='18446744073709551615G'"), {"memory"}));
    EXPECT_TRUE(fails_saying(parse("memory+=64"), {"memory"}));
}

TEST(GuestConfig, maxmem_must_equal_memory) {
    EXPECT_TRUE(parse("maxmem=64"));
    EXPECT_TRUE(parse("maxmem='65536K'"));
    EXPECT_TRUE(fails_saying(parse("maxmem=128"), {"web.cfg:2: maxmem = 128", "ballooning"}));
    EXPECT_TRUE(fails_saying(parse("maxmem='x'"), {"web.cfg:2: maxmem"}));
}

TEST(GuestConfig, vcpus_have_bounds) {
    EXPECT_EQ(parse("vcpus=128")->vcpus, 128u);
    for (const auto* value : {"0", "129", "'x'", "[1]", "4294967297", "''", "'-1'"})
        EXPECT_TRUE(fails_saying(parse(std::string("vcpus=") + value), {"web.cfg:2: vcpus", "1 to 128"}))
            << value;
    EXPECT_TRUE(parse("vcpus=3;maxvcpus=3"));
    EXPECT_TRUE(parse("maxvcpus=1"));
    EXPECT_TRUE(fails_saying(parse("maxvcpus=4"), {"maxvcpus = 4", "vcpus (1)"}));
    EXPECT_TRUE(fails_saying(parse("vcpus=2;maxvcpus=4"), {"vcpus (2)"}));
    EXPECT_TRUE(fails_saying(parse("maxvcpus=0"), {"1 to 128"}));
}

TEST(GuestConfig, a_cpu_text_holds_for_all_vcpus) {
    EXPECT_EQ(parse("vcpus=4;cpus='1-2'")->cpus, std::vector<CpuSet>{cpus({1, 2})});
    EXPECT_EQ(parse("cpus=3")->cpus, std::vector<CpuSet>{cpus({3})});
    EXPECT_TRUE(fails_saying(parse("cpus='4-x'"), {"web.cfg:2: cpus", "\"4-x\"", "0-3,5,^1"}));
}

TEST(GuestConfig, a_cpu_list_holds_for_one_vcpu_each) {
    const auto anywhere = CpuSet().set();
    EXPECT_EQ(parse("vcpus=3;cpus=['0-1', 5]")->cpus,
              (std::vector<CpuSet>{cpus({0, 1}), cpus({5}), anywhere}));
    EXPECT_EQ(parse("vcpus=2;cpus=[[0, '2-3', '^2'], '7']")->cpus,
              (std::vector<CpuSet>{cpus({0, 3}), cpus({7})}));
    EXPECT_TRUE(parse("cpus=[]")->cpus.empty());
    EXPECT_TRUE(fails_saying(parse("vcpus=1;cpus=['0','1']"), {"2 items for 1 vCPUs"}));
    EXPECT_TRUE(fails_saying(parse("vcpus=2;cpus=['0',\n'x']"), {"web.cfg:3: cpus: item \"x\""}));
    EXPECT_TRUE(fails_saying(parse("cpus=[[]]"), {"no CPU is left"}));
    EXPECT_TRUE(fails_saying(parse("cpus=[[[1]]]"), {"a CPU or a list of CPUs"}));
    EXPECT_TRUE(fails_saying(parse("cpus_soft=['^1']"), {"cpus_soft", "no CPU is left"}));
}

TEST(GuestConfig, command_line_is_cmdline_or_root_and_extra) {
    EXPECT_EQ(parse("cmdline='a b'")->command_line, "a b");
    EXPECT_EQ(parse("root='/dev/xvda'")->command_line, "root=/dev/xvda");
    EXPECT_EQ(parse("extra='quiet'")->command_line, "quiet");
    EXPECT_EQ(parse("extra='quiet';root='/dev/xvda'")->command_line, "root=/dev/xvda quiet");
    EXPECT_EQ(parse("extra='quiet'", {"extra+=' 1'"})->command_line, "quiet 1");
    EXPECT_TRUE(fails_saying(parse("cmdline='a'\nroot='b'"), {"web.cfg:3: root", "no effect", "web.cfg:2"}));
    EXPECT_TRUE(fails_saying(parse("extra='b'\ncmdline='a'"), {"web.cfg:2: extra", "no effect"}));
    EXPECT_TRUE(fails_saying(parse("cmdline=['a']"), {"cmdline", "text"}));
}

TEST(GuestConfig, command_line_must_fit) {
    EXPECT_TRUE(parse("cmdline='" + std::string(maximum_command_line, 'x') + "'"));
    EXPECT_TRUE(fails_saying(parse("cmdline='" + std::string(maximum_command_line + 1, 'x') + "'"),
                             {"web.cfg:2: cmdline", "2048", "2047"}));
    EXPECT_TRUE(fails_saying(parse("root='x'\nextra='" + std::string(maximum_command_line, 'x') + "'"),
                             {"web.cfg:3: extra"}));
}

TEST(GuestConfig, paths_are_taken_as_given) {
    EXPECT_EQ(parse("kernel='../k'")->kernel, "../k");
    EXPECT_EQ(parse("ramdisk='r'", {"ramdisk=''"})->ramdisk, "");
    EXPECT_TRUE(fails_saying(parse("kernel=''"), {"web.cfg:2: kernel", "path"}));
    EXPECT_TRUE(fails_saying(parse("kernel='" + std::string(5000, 'x') + "'"), {"path"}));
    EXPECT_TRUE(fails_saying(parse("ramdisk='" + std::string(5000, 'x') + "'"), {"path"}));
}

TEST(GuestConfig, uuid_must_be_one) {
    EXPECT_TRUE(fails_saying(parse("uuid='1234'"), {"web.cfg:2: uuid = \"1234\"", "looks like"}));
}

TEST(GuestConfig, limits_have_bounds) {
    EXPECT_TRUE(fails_saying(parse("max_event_channels=0"), {"1 to 131071"}));
    EXPECT_TRUE(fails_saying(parse("max_event_channels=131072"), {"1 to 131071"}));
    EXPECT_TRUE(fails_saying(parse("max_grant_frames=65"), {"1 to 64"}));
    EXPECT_TRUE(fails_saying(parse("max_grant_frames+=2"), {"1 to 64", "="}));
}

TEST(GuestConfig, names_a_cpu_pool) {
    EXPECT_EQ(parse("")->cpu_pool, 0u);
    EXPECT_EQ(parse("pool='Pool-3'")->cpu_pool, 3u);
    EXPECT_EQ(parse("pool=2")->cpu_pool, 2u);
    for (const std::string value : {"'fast'", "'Pool-'", "'Pool-256'", "-1", "[]"})
        EXPECT_FALSE(parse("pool=" + value)) << value;
}

TEST(GuestConfig, says_what_becomes_of_a_guest_that_has_stopped) {
    const auto usual = parse("");
    ASSERT_TRUE(usual);
    EXPECT_EQ(usual->end_actions.on_poweroff, EndAction::destroy);
    EXPECT_EQ(usual->end_actions.on_reboot, EndAction::restart);
    EXPECT_EQ(usual->end_actions.on_crash, EndAction::destroy);
    const auto other = parse("on_poweroff='preserve'; on_reboot='destroy'; on_crash='coredump-restart'\n"
                             "on_watchdog='rename-restart'; on_soft_reset='soft-reset'");
    ASSERT_TRUE(other);
    EXPECT_EQ(other->end_actions.on_poweroff, EndAction::preserve);
    EXPECT_EQ(other->end_actions.on_reboot, EndAction::destroy);
    EXPECT_EQ(other->end_actions.on_crash, EndAction::coredump_restart);
    EXPECT_EQ(other->end_actions.on_watchdog, EndAction::rename_restart);
    EXPECT_EQ(other->end_actions.on_soft_reset, EndAction::soft_reset);
    for (const std::string key : {"on_poweroff", "on_reboot", "on_crash", "on_watchdog"}) {
        EXPECT_TRUE(fails_saying(parse(key + "='soft-reset'"), {key, "on_soft_reset"}));
        EXPECT_TRUE(fails_saying(parse(key + "='explode'"), {"no such action", "preserve"}));
    }
}

TEST(GuestConfig, devices_are_refused_unless_there_are_none) {
    for (const std::string key : {"vtpm", "usbdev", "vfb", "pci"}) {
        EXPECT_TRUE(parse(key + "=[]"));
        EXPECT_TRUE(fails_saying(parse(key + "=['x']"), {"web.cfg:2: " + key, "not carried out yet"}));
    }
}

TEST(GuestConfig, vifs_and_disks_are_read_in_their_order) {
    const auto config = parse("vif=['bridge=a', '']\ndisk=['/a,raw,xvda,r', '/b,raw,xvdb,w']");
    ASSERT_TRUE(config) << config.error().story();
    ASSERT_EQ(config->vifs.size(), 2u);
    EXPECT_EQ(config->vifs[0].bridge, "a");
    EXPECT_EQ(config->vifs[1], VifConfig{});
    ASSERT_EQ(config->disks.size(), 2u);
    EXPECT_EQ(config->disks[1].path, "/b");
}

TEST(GuestConfig, what_is_wrong_with_a_device_is_told_with_its_place) {
    EXPECT_TRUE(fails_saying(parse("vif=[\n'mac=x']"), {"web.cfg:3: vif: item \"mac=x\"", "MAC address"}));
    EXPECT_TRUE(fails_saying(parse("vif='x'"), {"web.cfg:2: vif", "list"}));
    EXPECT_TRUE(fails_saying(parse("disk=[1]"), {"web.cfg:2: disk", "quotes"}));
    EXPECT_TRUE(
        fails_saying(parse("vif=['mac=00:16:3e:00:00:01', 'mac=00:16:3E:00:00:01']"), {"another", "MAC"}));
    EXPECT_TRUE(fails_saying(parse("disk=['/a,raw,xvda,r', '/b,raw,xvda:disk,w']"), {"another", "vdev"}));
}

TEST(GuestConfig, a_guest_has_no_more_devices_than_its_device_page_has_room_for) {
    const auto list = [](std::size_t count) {
        std::string text = "disk=['/a,raw,xvda,r']\nvif=[";
        for (std::size_t i = 0; i < count; ++i)
            text += "'',";
        return text + "]";
    };
    EXPECT_TRUE(parse(list(most_devices - 1)));
    EXPECT_TRUE(fails_saying(parse(list(most_devices)), {"124"}));
}

TEST(GuestConfig, store_says_which_store_there_is) {
    EXPECT_EQ(parse("")->store, StoreMode::automatic);
    EXPECT_EQ(parse("store='auto'")->store, StoreMode::automatic);
    EXPECT_EQ(parse("store='none'")->store, StoreMode::none);
    EXPECT_EQ(parse("store='private'")->store, StoreMode::private_store);
    EXPECT_EQ(parse("store='xenstore'")->store, StoreMode::xenstore);
    EXPECT_TRUE(fails_saying(parse("store='x'"), {"\"auto\""}));
}

TEST(GuestConfig, known_keys_of_xl_are_refused_by_name) {
    EXPECT_TRUE(fails_saying(parse("vnc=1"), {"web.cfg:2: vnc = 1", "device model"}));
    EXPECT_TRUE(fails_saying(parse("bootloader='pygrub'"), {"kernel"}));
    EXPECT_TRUE(fails_saying(parse("cpu_weight=512"), {"not carried out yet"}));
    EXPECT_TRUE(fails_saying(parse("claim_mode=1"), {"xl.conf"}));
    EXPECT_TRUE(fails_saying(parse("vuart='sbsa_uart'"), {"Arm"}));
}

TEST(GuestConfig, unknown_keys_are_refused_with_a_guess) {
    EXPECT_TRUE(
        fails_saying(parse("memroy=1"), {"web.cfg:2: memroy = 1", "no such key", "did you mean memory?"}));
    EXPECT_TRUE(fails_saying(parse("xyzzy=1"), {"no such key"}));
    EXPECT_EQ(parse("xyzzy=1").error().story().find("mean"), std::string::npos);
}

TEST(GuestConfig, every_error_is_an_invalid_config) {
    for (const auto* text : {"name=", "name='a b'", "vnc=1", "vcpus=0", "cpus='x'", "\x01", "memory='1G1'"})
        EXPECT_EQ(parse(text).error().kind(), ErrorKind::invalid_config) << text;
}

} // namespace
} // namespace chaos
