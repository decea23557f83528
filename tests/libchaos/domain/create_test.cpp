// SPDX-License-Identifier: BSD-3-Clause
// What create() makes: the domain, everything the guest finds in its memory and registers, the record; and
// what it costs.
#include "libchaos/domain/lifecycle.hpp"
#include "libchaos/domain/memory_layout.hpp"
#include "libchaos/image/kernel.hpp"
#include "tests/fakes/headers.hpp"
#include "tests/fakes/system_calls.hpp"
#include "tests/libchaos/domain/host_fixture.hpp"
#include "tests/libchaos/state/samples.hpp"

extern "C" {
#include <xen/arch-x86/hvm/start_info.h>
#include <xen/hvm/params.h>
}

namespace chaos {
namespace {

using fakes::Domain;
using fakes::Range;
using namespace std::chrono_literals;

constexpr std::uint32_t ram = 1;
constexpr std::uint32_t reserved = 2;

class CreateTest : public test::HostTest {
  protected:
    using HostTest::HostTest;
    Domain& domain_of(const CreatedGuest& created) { return *xen.find(raw(created.id)); }
};

TEST_F(CreateTest, makes_a_running_domain_with_what_was_asked_for) {
    GuestConfig wanted = config();
    wanted.vcpus = 3;
    wanted.max_event_channels = 99;
    wanted.max_grant_frames = 7;
    wanted.uuid = Uuid::parse("01234567-89ab-4cde-8f01-23456789abcd").value();
    const CreatedGuest created = create_guest(wanted);

    EXPECT_EQ(created.id, DomainId{32700});
    EXPECT_EQ(created.name, "web");
    EXPECT_EQ(created.uuid, wanted.uuid);
    const Domain& domain = domain_of(created);
    EXPECT_EQ(domain.handle, wanted.uuid->bytes);
    EXPECT_TRUE(domain.hvm);
    EXPECT_EQ(domain.vcpus, 3u);
    EXPECT_EQ(domain.max_event_channel, 99u);
    EXPECT_EQ(domain.max_grant_frames, 7);
    EXPECT_EQ(domain.maximum_pages, 1024u);
    EXPECT_EQ(domain.memory.size(), 1024u);
    EXPECT_EQ(domain.claimed_pages, 0u) << "a claim outlived its use";
    EXPECT_LE(domain.paging_pool_bytes, 128u * 1024) << "Xen's default is 1 MiB";
    EXPECT_GE(domain.paging_pool_bytes, 64u * 1024);
    EXPECT_EQ(domain.pauses, 0);
    EXPECT_EQ(domain.mapped, 0u);
}

TEST_F(CreateTest, draws_a_uuid_if_none_is_asked_for) {
    const CreatedGuest first = create_guest("a");
    const CreatedGuest second = create_guest("b");
    EXPECT_NE(first.uuid, second.uuid);
    EXPECT_EQ(domain_of(first).handle, first.uuid.bytes);
}

TEST_F(CreateTest, uses_superpages_and_fills_up_with_small_pages) {
    GuestConfig wanted = config();
    wanted.memory_kib = 2 * 2048 + 12;
    EXPECT_EQ(domain_of(create_guest(wanted)).extents, (std::map<unsigned, std::size_t>{{9, 2}, {0, 3}}));
}

TEST_F(CreateTest, makes_the_smallest_guest_of_small_pages_alone) {
    GuestConfig wanted = config();
    wanted.memory_kib = minimum_memory_kib;
    const CreatedGuest created = create_guest(wanted);
    EXPECT_EQ(domain_of(created).extents, (std::map<unsigned, std::size_t>{{0, 64}}));
    EXPECT_EQ(xen.read(raw(created.id), code_address, code.size()), code);
}

TEST_F(CreateTest, makes_do_with_small_pages_where_host_memory_is_fragmented) {
    xen.free_superpages = 1;
    EXPECT_EQ(domain_of(create_guest()).extents, (std::map<unsigned, std::size_t>{{9, 1}, {0, 512}}));
}

TEST_F(CreateTest, loads_the_kernel_and_zeroes_the_rest_of_its_segments) {
    const std::uint16_t id = raw(create_guest().id);
    EXPECT_EQ(xen.read(id, code_address, code.size()), code);
    EXPECT_EQ(xen.read(id, data_address, data.size()), data);
    EXPECT_EQ(xen.read(id, data_address + data.size(), data_memory_size - data.size()),
              std::string(data_memory_size - data.size(), '\0'));
}

TEST_F(CreateTest, enters_the_kernel_in_flat_protected_mode_with_the_start_info_in_ebx) {
    const auto view = fakes::boot_view(xen, domain_of(create_guest()));
    EXPECT_EQ(view.rip, entry);
    EXPECT_EQ(view.rbx, 1023u * page_size) << "the start info is the last page of RAM";
    EXPECT_EQ(view.cr0 & 0x80000001, 1u) << "protected mode on, paging off";
    EXPECT_EQ(view.rflags, 2u) << "interrupts off";
    EXPECT_EQ(view.cs_limit, 0xffffffffu);
    EXPECT_EQ(view.cs_attributes, 0xc9bu);
    EXPECT_EQ(view.ds_attributes, 0xc93u);
}

TEST_F(CreateTest, tells_the_kernel_its_command_line_and_memory) {
    GuestConfig wanted = config();
    wanted.command_line = "hello \"world\"";
    const auto view = fakes::boot_view(xen, domain_of(create_guest(wanted)));
    EXPECT_EQ(view.magic, std::uint32_t{XEN_HVM_START_MAGIC_VALUE});
    EXPECT_EQ(view.version, 1u);
    EXPECT_EQ(view.command_line, "hello \"world\"");
    EXPECT_EQ(view.acpi_root_pointer, 0u) << "a kernel that speaks noxs needs no ACPI";
    EXPECT_EQ(view.memory, (std::vector<Range>{{0, 1019 * page_size, ram},
                                               {1019 * page_size, 5 * page_size, reserved},
                                               {1024 * page_size, 126 * page_size, reserved}}))
        << "the last is where control pages of devices that come later will be";
}

TEST_F(CreateTest, takes_the_longest_command_line_and_refuses_a_longer_one) {
    GuestConfig wanted = config();
    wanted.command_line = std::string(maximum_command_line, 'x');
    EXPECT_EQ(fakes::boot_view(xen, domain_of(create_guest(wanted))).command_line, wanted.command_line);
    const auto before = traces();
    wanted.name = "mail";
    wanted.command_line += 'x';
    EXPECT_EQ(try_create(wanted).error().kind(), ErrorKind::invalid_argument);
    EXPECT_EQ(traces(), before);
}

TEST_F(CreateTest, hands_over_a_device_page_whose_entries_are_ready_for_use) {
    Domain& domain = domain_of(create_guest());
    const auto view = fakes::boot_view(xen, domain);
    ASSERT_EQ(view.modules.size(), 1u);
    EXPECT_EQ(view.modules[0].size, page_size);
    const noxs_device_page page = fakes::device_page(xen, domain);
    EXPECT_EQ(page.header.magic, NOXS_MAGIC);
    EXPECT_EQ(page.header.version_major, NOXS_VERSION_MAJOR);
    EXPECT_EQ(page.header.generation % 2, 0u);
    EXPECT_EQ(page.header.domain, domain.id);
    ASSERT_EQ(page.header.entry_count, 2);
    EXPECT_EQ(page.entries[0].type, std::uint32_t{NOXS_DEVICE_SYSTEM});
    EXPECT_EQ(page.entries[1].type, std::uint32_t{NOXS_DEVICE_CONSOLE});
    for (std::uint16_t index = 0; index < 2; ++index) {
        const noxs_device_entry& device = page.entries[index];
        EXPECT_EQ(device.id, 0);
        EXPECT_EQ(device.backend_domain, 0);
        EXPECT_EQ(device.reserved, 0u);
        ASSERT_LT(device.event_channel, domain.ports.size());
        EXPECT_TRUE(domain.ports[device.event_channel].in_use);
        EXPECT_EQ(domain.ports[device.event_channel].remote_domain, 0);
        EXPECT_GE(device.control_gfn, 1019u) << "control pages lie in reserved memory";
        ASSERT_GE(device.grant_reference, 8u) << "0 to 7 are Xen's";
        const auto* grants =
            reinterpret_cast<const grant_entry_v1_t*>(xen.memory.page(domain.grant_table.value()));
        EXPECT_EQ(grants[device.grant_reference].flags, GTF_permit_access);
        EXPECT_EQ(grants[device.grant_reference].domid, 0);
        EXPECT_EQ(grants[device.grant_reference].frame, device.control_gfn);
    }
    EXPECT_NE(page.entries[0].event_channel, page.entries[1].event_channel);
    EXPECT_NE(page.entries[0].control_gfn, page.entries[1].control_gfn);
    for (std::uint16_t index = 2; index < NOXS_ENTRY_COUNT; ++index)
        EXPECT_EQ(page.entries[index].type, std::uint32_t{NOXS_DEVICE_NONE});
}

TEST_F(CreateTest, clears_the_control_pages_of_what_a_former_owner_left) {
    guest.says_ready = false;
    Domain& domain = domain_of(create_guest());
    const noxs_device_page page = fakes::device_page(xen, domain);
    for (const int index : {0, 1})
        EXPECT_EQ(xen.read(domain.id, page.entries[index].control_gfn * page_size, page_size),
                  std::string(page_size, '\0'));
}

TEST_F(CreateTest, puts_the_ramdisk_below_the_special_pages_and_names_it_first) {
    GuestConfig wanted = config();
    wanted.ramdisk = directory / "ramdisk";
    const std::string content(5000, 'r');
    test::write_file(wanted.ramdisk, content);
    Domain& domain = domain_of(create_guest(wanted));
    const auto view = fakes::boot_view(xen, domain);
    ASSERT_EQ(view.modules.size(), 2u);
    EXPECT_EQ(view.modules[0], (Range{1017 * page_size, 5000, 0}));
    EXPECT_EQ(xen.read(domain.id, view.modules[0].address, 5000), content);
    EXPECT_EQ(xen.read(domain.id, view.modules[0].address + 5000, 2 * page_size - 5000),
              std::string(2 * page_size - 5000, '\0'));
    EXPECT_EQ(fakes::device_page(xen, domain).header.magic, NOXS_MAGIC)
        << "the device page is the last module";
}

TEST_F(CreateTest, furnishes_a_stock_kernel_instead_of_a_device_page) {
    GuestConfig wanted = config();
    wanted.kernel = stock_kernel_path();
    xen.on_start = nullptr;
    Domain& domain = domain_of(create_guest(wanted));
    const auto view = fakes::boot_view(xen, domain);
    EXPECT_TRUE(view.modules.empty()) << "it would take a module for its ramdisk";
    EXPECT_TRUE(domain.has_cpuid_policy);
    EXPECT_EQ(xen.read(domain.id, view.acpi_root_pointer, 8), "RSD PTR ");
    const std::uint64_t console = domain.hvm_parameters[HVM_PARAM_CONSOLE_PFN];
    const std::uint64_t port = domain.hvm_parameters[HVM_PARAM_CONSOLE_EVTCHN];
    EXPECT_TRUE(domain.ports.at(port).in_use);
    EXPECT_EQ(xen.read(domain.id, console * page_size, page_size), std::string(page_size, '\0'));
    const auto* grants =
        reinterpret_cast<const grant_entry_v1_t*>(xen.memory.page(domain.grant_table.value()));
    EXPECT_EQ(grants[GNTTAB_RESERVED_CONSOLE].frame, console);
    EXPECT_EQ(grants[GNTTAB_RESERVED_CONSOLE].flags, GTF_permit_access);
    const auto record = *host.registry().record(DomainId{32700});
    EXPECT_FALSE(record->system);
    ASSERT_TRUE(record->console);
    EXPECT_EQ(record->console->frame.number, console);
}

TEST_F(CreateTest, sets_one_affinity_for_all_vcpus_or_one_for_each) {
    GuestConfig wanted = config("a");
    wanted.vcpus = 2;
    wanted.cpus = {CpuSet(0b0110)};
    const Domain& same = domain_of(create_guest(wanted));
    EXPECT_EQ(same.hard_affinity,
              (std::map<std::uint32_t, CpuSet>{{0, CpuSet(0b0110)}, {1, CpuSet(0b0110)}}));
    EXPECT_TRUE(same.soft_affinity.empty());
    wanted.name = "b";
    wanted.cpus = {CpuSet(0b0001), CpuSet(0b1000)};
    wanted.cpus_soft = {CpuSet(0b0011), CpuSet(0b1100)};
    const Domain& different = domain_of(create_guest(wanted));
    EXPECT_EQ(different.hard_affinity,
              (std::map<std::uint32_t, CpuSet>{{0, CpuSet(0b0001)}, {1, CpuSet(0b1000)}}));
    EXPECT_EQ(different.soft_affinity,
              (std::map<std::uint32_t, CpuSet>{{0, CpuSet(0b0011)}, {1, CpuSet(0b1100)}}));
}

TEST_F(CreateTest, records_what_is_needed_to_find_the_guest_and_make_it_again) {
    GuestConfig wanted = config();
    wanted.command_line = "one two";
    const CreatedGuest created = create_guest(wanted);
    const auto record = *host.registry().record(created.id);
    ASSERT_TRUE(record);
    EXPECT_EQ(record->uuid, created.uuid);
    EXPECT_EQ(record->config.name, "web");
    EXPECT_EQ(record->config.kernel, kernel_path());
    EXPECT_EQ(record->config.command_line, "one two");
    EXPECT_GT(record->created_unix_ms, 1'700'000'000'000u);
    const noxs_device_page page = fakes::device_page(xen, domain_of(created));
    ASSERT_TRUE(record->system && record->console);
    EXPECT_EQ(record->system->frame.number, page.entries[0].control_gfn);
    EXPECT_EQ(raw(record->system->port), page.entries[0].event_channel);
    EXPECT_EQ(raw(record->console->port), page.entries[1].event_channel);
    EXPECT_EQ(*host.registry().id_of("web"), created.id);
}

TEST_F(CreateTest, leaves_a_guest_paused_if_asked_to) {
    CreateOptions options;
    options.paused = true;
    options.wait_ready = 10s; // ignored: a paused guest says nothing
    EXPECT_EQ(domain_of(create_guest(config(), options)).pauses, 1);
}

TEST_F(CreateTest, waits_until_the_guest_is_ready) {
    CreateOptions options;
    options.wait_ready = 10s;
    const CreatedGuest created = create_guest(config(), options);
    EXPECT_EQ(guest.system_page(domain_of(created))->guest.state, std::uint32_t{NOXS_STATE_READY});
    EXPECT_EQ(xen.state().local_ports, 0u);
}

TEST_F(CreateTest, finds_a_guest_ready_that_sent_no_event) {
    guest.notifies = false;
    CreateOptions options;
    options.wait_ready = 10s;
    create_guest(config(), options);
}

TEST_F(CreateTest, takes_the_next_id_where_another_toolstack_has_a_domain) {
    xen.add_domain(32700, {1});
    xen.add_domain(32699, {2});
    EXPECT_EQ(create_guest().id, DomainId{32698});
    EXPECT_EQ(test::contents_of(state_directory()).size(), 2u)
        << "the ids that were tried were not given back";
}

TEST_F(CreateTest, takes_a_name_from_a_guest_that_is_gone) {
    const CreatedGuest first = create_guest();
    xen.destroy(domain_of(first));
    const CreatedGuest second = create_guest();
    EXPECT_EQ(*host.registry().id_of("web"), second.id);
    EXPECT_EQ(test::contents_of(state_directory()).size(), 2u) << "the first one's record is left";
}

TEST_F(CreateTest, can_wait_for_any_number_of_guests_that_are_ready_before_it_looks) {
    CreateOptions options;
    options.wait_ready = 10s;
    for (int number = 0; number < 200; ++number) {
        guest.notifies = number % 2 == 0;
        const auto created = try_create(config(), options);
        ASSERT_TRUE(created) << created.error().story() << ", guest " << number;
        ASSERT_TRUE(destroy(host, find_guest("web")));
    }
    guest.says_ready = false;
    guest.stops_with = SHUTDOWN_crash;
    EXPECT_EQ(try_create(config(), options).error().kind(), ErrorKind::guest_failed)
        << "events are still read";
}

class LargeCreateTest : public CreateTest {
  protected:
    LargeCreateTest() : CreateTest(1'400'000) {}
};

TEST_F(LargeCreateTest, puts_what_is_beyond_3_gib_above_the_hole) {
    GuestConfig wanted = config();
    wanted.memory_kib = 5ull << 20;
    const Domain& domain = domain_of(create_guest(wanted));
    EXPECT_EQ(domain.extents, (std::map<unsigned, std::size_t>{{9, 2560}}));
    EXPECT_EQ(fakes::boot_view(xen, domain).memory,
              (std::vector<Range>{{0, (1ull << 30) - 5 * page_size, ram},
                                  {(1ull << 30) - 5 * page_size, 5 * page_size, reserved},
                                  {1ull << 30, 2ull << 30, ram},
                                  {3ull << 30, 126 * page_size, reserved},
                                  {4ull << 30, 2ull << 30, ram}}));
    EXPECT_GE(domain.paging_pool_bytes / page_size, 2560u) << "every superpage may come to be split";
}

// ---- what a creation costs: a call more must be noticed, and defended ------------------------------------

TEST_F(CreateTest, costs_these_calls) {
    create_guest();
    EXPECT_EQ(
        xen.calls(),
        (std::vector<std::string>{
            "xc_domain_create", "xc_domain_max_vcpus", "xc_domain_setmaxmem", "xc_domain_claim_pages",
            "xc_domain_populate_physmap", "xc_hvm_param_set", // timer mode
            "xc_evtchn_alloc_unbound", "xc_evtchn_alloc_unbound",
            "xenforeignmemory_map_resource", // grants
            "xenforeignmemory_map", "xc_domain_hvm_setcontext", "xc_domain_unpause",
            // What nobody waits for comes last.
            "xc_set_paging_mempool_size", "xenforeignmemory_unmap_resource", "xenforeignmemory_unmap"}));
}

TEST_F(CreateTest, costs_a_binding_more_to_wait_until_the_guest_is_ready) {
    CreateOptions options;
    options.wait_ready = 10s;
    ASSERT_TRUE(host.events()); // opened once
    create_guest(config(), options);
    EXPECT_EQ(xen.calls().size(), 1u + 15 + 2) << "a guest that is quick is ready before we look";
    for (const char* call : {"xenevtchn_bind_interdomain", "xenevtchn_unbind"})
        EXPECT_EQ(std::count(xen.calls().begin(), xen.calls().end(), call), 1) << call;
}

TEST_F(CreateTest, costs_these_file_system_calls) {
    const Kernel kernel = *Kernel::open(kernel_path(), directory / "cache");
    fakes::system_calls::start_counting();
    const auto created = create(host, config(), kernel, {});
    const auto calls = fakes::system_calls::stop_counting();
    ASSERT_TRUE(created) << created.error().story();
    EXPECT_EQ(calls, (std::vector<std::string>{"access", // is there a xendevd?
                                               "openat", "flock", "write", "openat", "flock", "pread",
                                               "linkat", "pwrite",
                                               "symlinkat",                      // the reservation
                                               "pread", "pread",                 // the kernel's two segments
                                               "openat", "write", "renameat"})); // the record
}

} // namespace
} // namespace chaos
