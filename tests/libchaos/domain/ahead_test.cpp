// SPDX-License-Identifier: BSD-3-Clause
// Shells prepared ahead, and the guests made in them: what they find and what is recorded is what a creation in one go
// gives.
#include "tests/libchaos/domain/ahead_fixture.hpp"

namespace chaos {
namespace {

TEST_F(AheadTest, a_hot_shell_is_a_paused_domain_that_lacks_its_command_line_only) {
    const GuestConfig wanted = config_of({.name = "", .ramdisk = true});
    ReadyShell ready = prepare_shell(plan_for(wanted, true));
    EXPECT_EQ(ready.id(), DomainId{32700});
    EXPECT_TRUE(verify(host, ready));
    EXPECT_EQ(test::contents_of(state_directory()).size(), 1u) << "an intent, and no name";
    EXPECT_EQ(xen.read(32700, code_address, code.size()), code);
    const auto before = fakes::boot_view(xen, *xen.find(32700));
    EXPECT_EQ(before.rip, entry);
    EXPECT_EQ(before.command_line, "");
    EXPECT_LE(xen.find(32700)->paging_pool_bytes, 128u * 1024) << "Xen's default is 1 MiB";

    xen.clear_calls();
    const auto created = try_create_in(std::move(ready), wanted);
    ASSERT_TRUE(created) << created.error().story();
    EXPECT_EQ(xen.calls(), (std::vector<std::string>{"xc_domain_unpause", "xenforeignmemory_unmap"}));
    fakes::Domain& domain = *xen.find(raw(created->id));
    EXPECT_EQ(domain.pauses, 0);
    const auto view = fakes::boot_view(xen, domain);
    EXPECT_EQ(view.command_line, "one two");
    EXPECT_EQ(view.memory, before.memory);
    EXPECT_EQ(view.modules, before.modules);
    ASSERT_EQ(view.modules.size(), 2u);
    EXPECT_EQ(xen.read(domain.id, view.modules[0].address, 5000), std::string(5000, 'r'));
    const auto record = *host.registry().record(created->id);
    ASSERT_TRUE(record);
    EXPECT_EQ(record->config.name, "web");
    EXPECT_EQ(record->config.command_line, "one two");
    EXPECT_EQ(Uuid{domain.handle}, record->uuid);
    EXPECT_EQ(find_guest("web").domain.id, created->id);
    EXPECT_EQ(xen.state().mapped_pages, 0u);
}

TEST_F(AheadTest, what_will_say_ready_is_bound_before_there_is_a_guest) {
    const GuestConfig wanted = config_of({.name = ""});
    ReadyShell ready = prepare_shell(plan_for(wanted, true));
    ASSERT_TRUE(watch_ahead(host, ready));
    EXPECT_EQ(xen.state().local_ports, 1u);
    {
        ReadyShell other = prepare_shell(plan_for(wanted, true));
        ASSERT_TRUE(watch_ahead(host, other));
        EXPECT_EQ(xen.state().local_ports, 2u);
    }
    EXPECT_EQ(xen.state().local_ports, 1u) << "it goes with its shell";

    xen.clear_calls();
    CreateOptions options;
    options.wait_ready = 10s;
    auto running = create_in(host, std::move(ready), wanted, *kernel, options);
    ASSERT_TRUE(running) << running.error().story();
    EXPECT_EQ(std::ranges::count(xen.calls(), "xenevtchn_bind_interdomain"), 0);
    EXPECT_TRUE(running->started.wait_ready(10s, -1));
    running->started.keep();
    { const StartedGuest gone = std::move(running->started); }
    EXPECT_EQ(xen.state().local_ports, 0u);
}

TEST_F(AheadTest, a_guest_that_never_says_ready_is_not_watched) {
    ReadyShell ready = prepare_shell(plan_for(config_of({.name = "", .noxs = false}), true));
    ASSERT_TRUE(watch_ahead(host, ready));
    EXPECT_EQ(xen.state().local_ports, 0u);
}

TEST_F(AheadTest, a_guest_of_a_shell_is_recorded_as_one_made_in_one_go) {
    start_xendevd();
    GuestConfig wanted = config_with_devices();
    wanted.vifs[0].mac = parse_mac("00:16:3e:0a:0b:0c").value();
    for (DiskConfig& disk : wanted.disks)
        disk.read_only = true;
    const CreatedGuest plain = create_guest(wanted);
    auto expected = *host.registry().record(plain.id);
    undo(plain);
    const auto created = try_create_in(prepare_shell(plan_for(wanted, true)), wanted);
    ASSERT_TRUE(created) << created.error().story();
    auto record = *host.registry().record(created->id);
    expected->id = record->id;
    expected->uuid = record->uuid;
    expected->created_unix_ms = record->created_unix_ms;
    EXPECT_EQ(to_json(*record), to_json(*expected));
}

TEST_F(AheadTest, xendevd_hears_of_a_shell_before_and_of_its_guest_by_one_request) {
    start_xendevd();
    const GuestConfig wanted = config_with_devices();
    ReadyShell ready = prepare_shell(plan_for(wanted, true));
    ASSERT_EQ(xendevd->requests.size(), 1u);
    const auto attach = std::get<AttachRequest>(xendevd->requests[0]); // a copy: more requests come
    EXPECT_TRUE(attach.shell);
    EXPECT_EQ(attach.name, "");
    ASSERT_EQ(attach.vifs.size(), 2u);
    EXPECT_EQ(attach.vifs[0].config.mac, ready.vifs[0].mac);
    EXPECT_EQ(attach.vifs[0].config.mtu, 9000);
    EXPECT_FALSE(attach.vifs[0].config.ipv4) << "that of one guest";
    EXPECT_TRUE(attach.vbds.empty());
    const auto drawn = ready.vifs[0].mac;

    const auto created = try_create_in(std::move(ready), wanted);
    ASSERT_TRUE(created) << created.error().story();
    ASSERT_EQ(xendevd->requests.size(), 2u);
    const auto& settle = std::get<SettleRequest>(xendevd->requests[1]);
    EXPECT_EQ(settle.domain, created->id);
    EXPECT_EQ(settle.uuid, attach.uuid);
    EXPECT_FALSE(settle.next_uuid);
    EXPECT_EQ(settle.name, "web");
    ASSERT_EQ(settle.vifs.size(), 1u) << "only the one with an address of its own";
    EXPECT_EQ(settle.vifs[0].id, 1);
    EXPECT_EQ(to_text(*settle.vifs[0].config.mac), "02:00:00:00:00:07");
    EXPECT_EQ(settle.vbds.size(), 2u);
    EXPECT_TRUE(xendevd->serves(created->id, DeviceType::vbd, 1));

    fakes::Domain& domain = *xen.find(raw(created->id));
    const noxs_device_page page = fakes::device_page(xen, domain);
    const auto* vif =
        reinterpret_cast<const noxs_vif_page*>(xen.page(domain.id, page.entries[2].control_gfn));
    EXPECT_TRUE(std::equal(drawn->begin(), drawn->end(), vif->config.mac));
    EXPECT_EQ(vif->config.ipv4[3], 2);
    const auto* other =
        reinterpret_cast<const noxs_vif_page*>(xen.page(domain.id, page.entries[3].control_gfn));
    EXPECT_EQ(other->config.mac[5], 7);
    const auto* disk =
        reinterpret_cast<const noxs_vbd_page*>(xen.page(domain.id, page.entries[4].control_gfn));
    EXPECT_EQ(disk->config.sectors, 2048u);
    const auto record = *host.registry().record(created->id);
    EXPECT_EQ(record->vifs[0].config.mac, drawn);
}

TEST_F(AheadTest, draws_an_address_again_that_is_taken) {
    start_xendevd();
    int refusals = 0;
    xendevd->refuse = [&](const devices::Request& request) {
        const auto* attach = std::get_if<AttachRequest>(&request);
        if (!attach || ++refusals > 1)
            return std::string();
        return devices::encode_error(
            Error(ErrorKind::name_taken, "another has " + to_text(*attach->vifs.at(0).config.mac)));
    };
    const ReadyShell ready = prepare_shell(plan_for(config_with_devices(), true));
    EXPECT_EQ(refusals, 2);
    EXPECT_TRUE(xendevd->serves(ready.id(), DeviceType::vif, 1));
}

TEST_F(AheadTest, a_guest_can_have_a_uuid_of_its_own) {
    start_xendevd();
    const GuestConfig wanted = config_of({.name = "", .devices = true, .uuid = true});
    const auto created = try_create_in(prepare_shell(plan_for(wanted, true)), wanted);
    ASSERT_TRUE(created) << created.error().story();
    EXPECT_EQ(created->uuid, *wanted.uuid);
    EXPECT_EQ(xen.find(raw(created->id))->handle, wanted.uuid->bytes);
    EXPECT_EQ(find_guest("web").record->uuid, *wanted.uuid);
    EXPECT_EQ(std::get<SettleRequest>(xendevd->requests[1]).next_uuid, *wanted.uuid);
    EXPECT_EQ(test::contents_of(state_directory()).size(), 2u);
}

TEST_F(AheadTest, an_event_loop_can_wait_for_ready) {
    const GuestConfig wanted = config();
    CreateOptions options;
    options.wait_ready = 10s;
    auto guest_made = create_in(host, prepare_shell(plan_for(wanted, true)), wanted, *kernel, options);
    ASSERT_TRUE(guest_made) << guest_made.error().story();
    StartedGuest& started = guest_made->started;
    ASSERT_TRUE(started.local_port());
    EXPECT_EQ(*(*host.events())->take_pending(), *started.local_port());
    EXPECT_TRUE(started.is_ready());
    EXPECT_TRUE(started.check_alive());
    EXPECT_TRUE(started.wait_ready(10s, -1));
    started.keep();
}

TEST_F(AheadTest, a_guest_that_nobody_keeps_goes_with_all_that_is_known_of_it) {
    start_xendevd();
    guest.says_ready = false;
    guest.says = "no disk\n";
    guest.stops_with = SHUTDOWN_crash;
    const GuestConfig wanted = config_with_devices();
    open_kernel(kernel_path());
    ASSERT_TRUE(host.events());
    const auto before = traces();
    {
        CreateOptions options;
        options.wait_ready = 10s;
        auto made = create_in(host, prepare_shell(plan_for(wanted, true)), wanted, *kernel, options);
        ASSERT_TRUE(made) << made.error().story();
        EXPECT_FALSE(made->started.is_ready());
        const auto alive = made->started.check_alive();
        ASSERT_FALSE(alive);
        EXPECT_EQ(alive.error().kind(), ErrorKind::guest_failed);
        EXPECT_NE(alive.error().advice().find("no disk"), std::string::npos);
    }
    EXPECT_EQ(traces(), before);
    EXPECT_TRUE(xendevd->guests.empty());
}

TEST_F(AheadTest, a_shell_that_nobody_wants_leaves_nothing) {
    start_xendevd();
    open_kernel(kernel_path());
    ASSERT_TRUE(host.events());
    const auto before = traces();
    { const ReadyShell ready = prepare_shell(plan_for(config_with_devices(), true)); }
    EXPECT_EQ(traces(), before);
    EXPECT_TRUE(xendevd->guests.empty());
}

TEST_F(AheadTest, verify_sees_what_became_of_a_shell) {
    const ShellPlan plan = plan_for(config(), true);
    const ReadyShell ready = prepare_shell(plan);
    fakes::Domain& domain = *xen.find(raw(ready.id()));
    xen.clear_calls();
    EXPECT_TRUE(verify(host, ready));
    EXPECT_EQ(xen.calls().size(), 1u);
    domain.pauses = 0;
    EXPECT_EQ(verify(host, ready).error().kind(), ErrorKind::guest_failed);
    domain.pauses = 1;
    domain.cpu_time_ns = 1;
    EXPECT_EQ(verify(host, ready).error().kind(), ErrorKind::guest_failed) << "it ran once";
    domain.cpu_time_ns = 0;
    xen.shut_down(domain, SHUTDOWN_poweroff);
    EXPECT_FALSE(verify(host, ready));
    domain.shutdown = false;
    const auto handle = domain.handle;
    domain.handle = {9};
    EXPECT_EQ(verify(host, ready).error().kind(), ErrorKind::not_found)
        << "it was destroyed, its id used again";
    domain.handle = handle;
    EXPECT_TRUE(verify(host, ready));
}

TEST_F(AheadTest, moves_to_another_thread_with_its_host) {
    start_xendevd();
    const GuestConfig wanted = config_with_devices();
    const ShellPlan plan = plan_for(wanted, true);
    std::optional<ReadyShell> ready, dropped;
    {
        Host maker = second_host();
        auto made = prepare_ahead(maker, plan);
        ASSERT_TRUE(made) << made.error().story();
        ready.emplace(std::move(*made));
        ready->move_to(host);
        auto other = prepare_ahead(maker, plan);
        ASSERT_TRUE(other);
        dropped.emplace(std::move(*other));
        dropped->move_to(host);
    }
    dropped.reset();
    EXPECT_TRUE(verify(host, *ready));
    const auto created = try_create_in(std::move(*ready), wanted);
    ASSERT_TRUE(created) << created.error().story();
    EXPECT_TRUE(xendevd->guests.at(created->id).settled);
    EXPECT_EQ(xendevd->guests.size(), 1u);
}

TEST_F(AheadTest, suits_guests_that_differ_in_what_is_free) {
    const GuestConfig wanted = config_with_devices();
    const ShellPlan plan = plan_for(wanted, true);
    const auto suit = [&](const auto& change) {
        GuestConfig other = wanted;
        change(other);
        return suits(plan, other, *plan.kernel, true);
    };
    EXPECT_TRUE(suit([](GuestConfig&) {}));
    EXPECT_TRUE(suit([](GuestConfig& other) { other.name = "other"; }));
    EXPECT_TRUE(suit([](GuestConfig& other) { other.command_line = "other"; }));
    EXPECT_TRUE(suit([](GuestConfig& other) { other.uuid = Uuid::random(); }));
    EXPECT_TRUE(suit([](GuestConfig& other) { other.vifs[0].mac = random_mac(); }));
    EXPECT_TRUE(suit([](GuestConfig& other) { other.vifs[0].ipv4 = Ipv4Address{10, 0, 0, 9}; }));
    EXPECT_TRUE(suit([](GuestConfig& other) { other.disks[0].path = "/other"; }));
    EXPECT_FALSE(suit([](GuestConfig& other) { other.memory_kib += 4; }));
    EXPECT_FALSE(suit([](GuestConfig& other) { other.vcpus = 2; }));
    EXPECT_FALSE(suit([](GuestConfig& other) { other.vifs[0].bridge = "other"; }));
    EXPECT_FALSE(suit([](GuestConfig& other) { other.vifs[0].mtu = 1400; }));
    EXPECT_FALSE(suit([](GuestConfig& other) { other.vifs[0].device_name = "tap7"; }));
    EXPECT_FALSE(suit([](GuestConfig& other) { other.vifs.pop_back(); }));
    EXPECT_FALSE(suit([](GuestConfig& other) { other.disks.pop_back(); }));
    EXPECT_FALSE(suit([](GuestConfig& other) { other.ramdisk = "/other"; }));
    const Kernel other = *Kernel::open(stock_kernel_path(), directory / "cache");
    EXPECT_FALSE(suits(plan, wanted, other, true));
}

TEST_F(AheadTest, notices_that_a_loaded_file_was_changed) {
    const GuestConfig wanted = config_of({.name = "", .ramdisk = true});
    const ShellPlan plan = plan_for(wanted, true);
    const ReadyShell ready = prepare_shell(plan);
    EXPECT_TRUE(*is_up_to_date(ready, plan));
    EXPECT_TRUE(suits(plan, wanted, *Kernel::open(wanted.kernel, directory / "cache"), false));
    test::write_file(wanted.ramdisk, std::string(5001, 'r'));
    EXPECT_FALSE(*is_up_to_date(ready, plan));
    std::filesystem::remove(wanted.ramdisk);
    EXPECT_FALSE(is_up_to_date(ready, plan));
    std::filesystem::copy_file(wanted.kernel, directory / "copy");
    std::filesystem::rename(directory / "copy", wanted.kernel);
    EXPECT_FALSE(*is_up_to_date(ready, plan));
    EXPECT_FALSE(suits(plan, wanted, *Kernel::open(wanted.kernel, directory / "cache"), false));
}

TEST_F(AheadTest, refuses_a_name_that_is_taken_and_frees_that_of_a_guest_that_is_gone) {
    const GuestConfig wanted = config();
    const CreatedGuest other = create_guest(wanted);
    open_kernel(kernel_path());
    ASSERT_TRUE(host.events());
    const auto before = traces();
    EXPECT_EQ(try_create_in(prepare_shell(plan_for(wanted, true)), wanted).error().kind(),
              ErrorKind::name_taken);
    EXPECT_EQ(traces(), before);
    xen.destroy(*xen.find(raw(other.id)));
    EXPECT_TRUE(try_create_in(prepare_shell(plan_for(wanted, true)), wanted));
}

TEST_F(AheadTest, goes_back_to_nothing_if_xendevd_refuses_the_guest) {
    start_xendevd();
    const GuestConfig wanted = config_with_devices();
    open_kernel(kernel_path());
    ASSERT_TRUE(host.events());
    const auto before = traces();
    xendevd->refuse = [&](const devices::Request& request) {
        return std::holds_alternative<SettleRequest>(request)
                   ? devices::encode_error(Error(ErrorKind::name_taken, "another has 02:00:00:00:00:07"))
                   : std::string();
    };
    const auto created = try_create_in(prepare_shell(plan_for(wanted, true)), wanted);
    ASSERT_FALSE(created);
    EXPECT_EQ(created.error().kind(), ErrorKind::name_taken);
    EXPECT_TRUE(created.error().story().starts_with("creating guest web: settling its devices: "))
        << created.error().story();
    EXPECT_EQ(traces(), before);
    EXPECT_TRUE(xendevd->guests.empty());
}

} // namespace
} // namespace chaos
