// SPDX-License-Identifier: BSD-3-Clause
// Guests created with vifs, disks and stores: what they find, what xendevd is asked to serve, what is recorded, and when
// they are refused.
#include <filesystem>
#include <set>

#include "libchaos/domain/lifecycle.hpp"
#include "tests/fakes/headers.hpp"
#include "tests/libchaos/domain/host_fixture.hpp"
#include "tests/libchaos/state/samples.hpp"

extern "C" {
#include <xen/hvm/params.h>
}

namespace chaos {
namespace {

using namespace std::chrono_literals;
using devices::AttachRequest;
using devices::DeviceType;

class DevicesTest : public test::HostTest {
  protected:
    fakes::Domain& domain_of(const CreatedGuest& created) { return *xen.find(raw(created.id)); }
    const AttachRequest& attach_request(std::size_t index = 0) {
        return std::get<AttachRequest>(xendevd->requests.at(index));
    }
    const grant_entry_v1_t& grant(const fakes::Domain& domain, std::uint32_t reference) {
        return reinterpret_cast<const grant_entry_v1_t*>(
            xen.memory.page(domain.grant_table.value()))[reference];
    }
    GuestConfig stock_config() const {
        GuestConfig wanted = config_with_devices();
        wanted.kernel = stock_kernel_path();
        return wanted;
    }
    /// What a deed says for a reason.
    void refused(const GuestConfig& wanted, ErrorKind kind, std::string_view words) {
        const auto before = traces();
        const auto created = try_create(wanted);
        ASSERT_FALSE(created);
        EXPECT_EQ(created.error().kind(), kind);
        EXPECT_NE((created.error().story() + created.error().advice()).find(words), std::string::npos)
            << created.error().story() << " / " << created.error().advice();
        EXPECT_EQ(traces(), before);
    }
};

TEST_F(DevicesTest, have_another_address_drawn_if_the_first_is_taken) {
    start_xendevd();
    std::size_t attached = 0;
    bool for_ever = false;
    xendevd->refuse = [&](const devices::Request& request) {
        const auto* attach = std::get_if<AttachRequest>(&request);
        if (!attach || (++attached > 1 && !for_ever))
            return std::string();
        return devices::encode_error(
            Error(ErrorKind::name_taken, "another has " + to_text(*attach->vifs.at(0).config.mac)));
    };
    GuestConfig wanted = config_with_devices();
    ASSERT_FALSE(wanted.vifs.at(0).mac);
    const CreatedGuest created = create_guest(wanted);
    EXPECT_EQ(attached, 2u);
    EXPECT_EQ(xendevd->guests.size(), 1u);
    EXPECT_TRUE(xendevd->serves(created.id, DeviceType::vif, 0));
    for_ever = true;
    wanted = config_with_devices("other");
    attached = 0;
    refused(wanted, ErrorKind::name_taken, "another has");
    EXPECT_EQ(attached, 4u);
}

TEST_F(DevicesTest, are_ready_in_the_device_page_when_the_guest_starts) {
    start_xendevd();
    fakes::Domain& domain = domain_of(create_guest(config_with_devices()));
    const noxs_device_page page = fakes::device_page(xen, domain);
    ASSERT_EQ(page.header.entry_count, 6);
    EXPECT_EQ(page.header.generation % 2, 0u);
    EXPECT_EQ(page.header.version_minor, 1);
    const std::pair<std::uint32_t, std::uint16_t> expected[] = {
        {NOXS_DEVICE_VIF, 0}, {NOXS_DEVICE_VIF, 1}, {NOXS_DEVICE_VBD, 0}, {NOXS_DEVICE_VBD, 1}};
    const auto memory = fakes::boot_view(xen, domain).memory;
    EXPECT_EQ(memory[1], (fakes::Range{1015 * page_size, 9 * page_size, 2}));
    std::set<std::uint64_t> frames;
    for (std::uint16_t place = 2; place < 6; ++place) {
        const noxs_device_entry& device = page.entries[place];
        EXPECT_EQ(device.type, expected[place - 2].first);
        EXPECT_EQ(device.id, expected[place - 2].second);
        EXPECT_EQ(device.instance, 0u);
        EXPECT_EQ(device.backend_domain, 0);
        EXPECT_EQ(device.grant_reference, NOXS_FIRST_GRANT + place);
        EXPECT_EQ(grant(domain, device.grant_reference).flags & GTF_type_mask, GTF_permit_access);
        EXPECT_EQ(grant(domain, device.grant_reference).frame, device.control_gfn);
        EXPECT_TRUE(domain.ports.at(device.event_channel).in_use);
        EXPECT_GE(device.control_gfn, 1015u);
        EXPECT_LT(device.control_gfn, 1019u);
        frames.insert(device.control_gfn);
    }
    EXPECT_EQ(frames.size(), 4u);
    const auto* vif =
        reinterpret_cast<const noxs_vif_page*>(xen.page(domain.id, page.entries[2].control_gfn));
    EXPECT_EQ(vif->config.mtu, 9000);
    EXPECT_EQ(vif->config.mac[2], 0x3e);
    EXPECT_EQ(vif->config.ipv4[3], 2);
    EXPECT_EQ(vif->config.ipv4_gateway[3], 1);
    EXPECT_EQ(vif->config.ipv4_prefix, 16);
    EXPECT_EQ(vif->backend.state, std::uint32_t{NOXS_BACKEND_ABSENT});
    EXPECT_EQ(vif->frontend.state, std::uint32_t{NOXS_FRONTEND_IDLE});
    EXPECT_EQ(vif->reserved[sizeof vif->reserved - 1], 0) << "a former owner shows through";
    const auto* other =
        reinterpret_cast<const noxs_vif_page*>(xen.page(domain.id, page.entries[3].control_gfn));
    EXPECT_EQ(other->config.mtu, 1500);
    EXPECT_EQ(other->config.mac[5], 7);
    const auto* disk =
        reinterpret_cast<const noxs_vbd_page*>(xen.page(domain.id, page.entries[4].control_gfn));
    EXPECT_EQ(disk->config.sectors, 2048u);
    EXPECT_EQ(disk->config.sector_size, 512u);
    EXPECT_EQ(disk->config.flags, 0u);
    EXPECT_STREQ(disk->config.name, "xvda");
    const auto* read =
        reinterpret_cast<const noxs_vbd_page*>(xen.page(domain.id, page.entries[5].control_gfn));
    EXPECT_EQ(read->config.flags, NOXS_VBD_READ_ONLY);
}

TEST_F(DevicesTest, are_served_by_one_request_before_the_guest_runs) {
    start_xendevd();
    xen.before_call = [&](std::string_view call) {
        EXPECT_TRUE(call != "xc_domain_unpause" || xendevd->requests.size() == 1);
    };
    const CreatedGuest created = create_guest(config_with_devices());
    xen.before_call = nullptr;
    ASSERT_EQ(xendevd->requests.size(), 1u);
    const AttachRequest& request = attach_request();
    EXPECT_EQ(request.domain, created.id);
    EXPECT_EQ(request.uuid, created.uuid);
    EXPECT_EQ(request.name, "web");
    EXPECT_TRUE(request.noxs);
    const noxs_device_page page = fakes::device_page(xen, domain_of(created));
    ASSERT_TRUE(request.console);
    EXPECT_EQ(raw(request.console->port), page.entries[1].event_channel);
    EXPECT_EQ(raw(request.console->grant), page.entries[1].grant_reference);
    EXPECT_FALSE(request.store);
    ASSERT_EQ(request.vifs.size(), 2u);
    EXPECT_EQ(request.vifs[0].config.bridge, "xenbr0");
    EXPECT_EQ(raw(request.vifs[1].end.port), page.entries[3].event_channel);
    ASSERT_EQ(request.vbds.size(), 2u);
    EXPECT_EQ(request.vbds[1].id, 1u);
    EXPECT_EQ(raw(request.vbds[1].end.grant), page.entries[5].grant_reference);
    EXPECT_EQ(request.vbds[0].sectors, 2048u);
    EXPECT_EQ(xendevd->guests.at(created.id).images.size(), 2u);
}

TEST_F(DevicesTest, are_recorded_and_end_with_the_guest) {
    start_xendevd();
    const CreatedGuest created = create_guest(config_with_devices());
    const auto record = *host.registry().record(created.id);
    ASSERT_TRUE(record);
    EXPECT_TRUE(record->config.vifs.empty());
    ASSERT_EQ(record->vifs.size(), 2u);
    EXPECT_EQ(record->vifs[0].config.mac, attach_request().vifs[0].config.mac);
    ASSERT_TRUE(record->vifs[1].slot);
    EXPECT_EQ(record->vifs[1].slot->entry, 3);
    ASSERT_EQ(record->disks.size(), 2u);
    EXPECT_EQ(record->disks[1].config.device_name, "xvdb");
    EXPECT_EQ(record->disks[1].slot->entry, 5);

    ASSERT_TRUE(destroy(host, find_guest("web"))); // the pretend Xen complains of domains that are mapped
    EXPECT_TRUE(xendevd->guests.empty());
    EXPECT_EQ(xen.state().mapped_pages, 0u);
}

TEST_F(DevicesTest, keep_their_addresses_when_the_guest_is_made_again) {
    start_xendevd();
    create_guest(config_with_devices());
    const auto mac = attach_request().vifs[0].config.mac;
    ASSERT_TRUE(mac);
    const auto again = restart(host, find_guest("web"), {});
    ASSERT_TRUE(again) << again.error().story();
    const AttachRequest& request = attach_request(2); // after the forget
    EXPECT_EQ(request.domain, again->id);
    EXPECT_EQ(request.vifs[0].config.mac, mac);
    EXPECT_EQ(request.vbds.size(), 2u);
}

TEST_F(DevicesTest, each_guest_draws_its_own_mac_address) {
    start_xendevd();
    std::set<MacAddress> drawn;
    for (const char* name : {"a", "b", "c"}) {
        GuestConfig wanted = config(name);
        wanted.vifs.resize(2);
        create_guest(wanted);
        for (const auto& vif : attach_request(xendevd->requests.size() - 1).vifs)
            drawn.insert(vif.config.mac.value());
    }
    EXPECT_EQ(drawn.size(), 6u);
}

TEST_F(DevicesTest, relative_paths_become_absolute) {
    start_xendevd();
    GuestConfig wanted = config();
    wanted.disks = {parse_disk(image_path() + ",raw,xvda,r").value()};
    wanted.disks[0].path = std::filesystem::relative(wanted.disks[0].path);
    const CreatedGuest created = create_guest(wanted);
    EXPECT_EQ(attach_request().vbds[0].config.path.front(), '/');
    EXPECT_TRUE(std::filesystem::equivalent((*host.registry().record(created.id))->disks[0].config.path,
                                            image_path()));
}

TEST_F(DevicesTest, of_a_stock_guest_come_through_a_store) {
    start_xendevd();
    xen.on_start = nullptr;
    const CreatedGuest created = create_guest(stock_config());
    fakes::Domain& domain = domain_of(created);
    const AttachRequest& request = attach_request();
    EXPECT_FALSE(request.noxs);
    ASSERT_TRUE(request.store);
    EXPECT_EQ(domain.hvm_parameters[HVM_PARAM_STORE_EVTCHN], raw(request.store->end.port));
    EXPECT_EQ(raw(request.store->end.grant), std::uint32_t{GNTTAB_RESERVED_XENSTORE});
    const std::uint64_t frame = domain.hvm_parameters[HVM_PARAM_STORE_PFN];
    EXPECT_EQ(grant(domain, GNTTAB_RESERVED_XENSTORE).frame, frame);
    EXPECT_EQ(xen.read(domain.id, frame * page_size, page_size), std::string(page_size, '\0'));
    EXPECT_EQ(request.store->memory_kib, 4096u);
    EXPECT_EQ(request.store->vcpus, 1u);
    EXPECT_EQ(raw(request.vifs.at(0).end.port), 0u);
    EXPECT_EQ(request.vbds.at(0).id, 51712u);
    EXPECT_EQ(domain.max_grant_frames, 64);
    const auto record = *host.registry().record(created.id);
    EXPECT_TRUE(record->store);
    EXPECT_FALSE(record->vifs.at(0).slot);
    EXPECT_EQ(record->disks.at(1).id, 51728u);
    ASSERT_TRUE(destroy(host, find_guest("web")));
}

TEST_F(DevicesTest, of_a_pv_guest_come_through_a_store) {
    start_xendevd();
    xen.on_start = nullptr;
    GuestConfig wanted = config_with_devices();
    wanted.type = GuestType::pv;
    wanted.kernel = pv_kernel_path();
    const CreatedGuest created = create_guest(wanted);
    const AttachRequest& request = attach_request();
    ASSERT_TRUE(request.store && request.console);
    EXPECT_NE(request.store->end.port, request.console->port);
    EXPECT_EQ(grant(domain_of(created), GNTTAB_RESERVED_XENSTORE).flags & GTF_type_mask, GTF_permit_access);
    ASSERT_TRUE(destroy(host, find_guest("web")));
}

TEST_F(DevicesTest, a_stock_guest_is_asked_to_stop_through_its_store) {
    start_xendevd();
    xen.on_start = nullptr;
    const CreatedGuest created = create_guest(stock_config());
    ASSERT_TRUE(request_power(host, find_guest("web"), PowerRequest::reboot, 1s));
    EXPECT_TRUE(xendevd->requests.back() ==
                devices::Request(devices::ShutdownRequest{created.id, devices::ShutdownAction::reboot}));
    EXPECT_EQ(request_power(host, find_guest("web"), PowerRequest::crash, 1s).error().kind(),
              ErrorKind::guest_failed);
}

TEST_F(DevicesTest, without_xendevd_a_guest_that_has_some_is_refused_before_anything_is_made) {
    refused(config_with_devices(), ErrorKind::system, "systemctl start xendevd");
    refused(stock_config(), ErrorKind::system, "xendevd does not run");
    GuestConfig wanted = config();
    wanted.kernel = stock_kernel_path();
    wanted.store = StoreMode::private_store;
    refused(wanted, ErrorKind::system, "xendevd does not run");
    EXPECT_TRUE(xen.calls().empty()) << xen.calls().front();
}

TEST_F(DevicesTest, without_xendevd_a_guest_that_has_none_is_made_as_ever) {
    create_guest("a");
    GuestConfig stock = config("b");
    stock.kernel = stock_kernel_path();
    xen.on_start = nullptr;
    EXPECT_FALSE(domain_of(create_guest(stock)).hvm_parameters.contains(HVM_PARAM_STORE_PFN));
    // A socket that nobody listens at is no xendevd either.
    start_xendevd();
    auto second = second_host();
    xendevd.reset();
    create_guest("c");
    std::filesystem::create_symlink("/nonexistent", state_directory() + "/xendevd.sock");
    create_guest("d");
}

TEST_F(DevicesTest, with_xendevd_every_console_is_served) {
    start_xendevd();
    const CreatedGuest created = create_guest();
    EXPECT_TRUE(attach_request().console);
    EXPECT_TRUE(attach_request().vifs.empty());
    EXPECT_TRUE(xendevd->guests.contains(created.id));
    xen.on_start = nullptr;
    GuestConfig stock = config("stock");
    stock.kernel = stock_kernel_path();
    create_guest(stock);
    EXPECT_TRUE(attach_request(1).store) << "so that it can be shut down";
    stock.name = "none";
    stock.store = StoreMode::none;
    create_guest(stock);
    EXPECT_FALSE(attach_request(2).store);
}

TEST_F(DevicesTest, that_xendevd_refuses_leave_nothing) {
    start_xendevd();
    xendevd->refuse = [](const devices::Request& request) {
        return std::holds_alternative<AttachRequest>(request)
                   ? devices::encode_error(
                         Error(ErrorKind::not_found, "there is no bridge xenbr0").advise("Make it."))
                   : "";
    };
    refused(config_with_devices(), ErrorKind::not_found, "there is no bridge xenbr0");
}

TEST_F(DevicesTest, of_a_xendevd_that_ends_meanwhile_are_an_error_that_leaves_nothing) {
    start_xendevd();
    xendevd->ends = true;
    const auto created = try_create(config_with_devices());
    ASSERT_FALSE(created);
    EXPECT_NE(created.error().story().find("xendevd"), std::string::npos) << created.error().story();
    EXPECT_EQ(xen.state().domains, (std::vector<std::string>{"0"}));
    xendevd->ends = false;
    create_guest(config_with_devices());
}

TEST_F(DevicesTest, survive_that_xendevd_was_restarted_between_two_creations) {
    start_xendevd();
    create_guest("a");
    xendevd->drop_connections();
    create_guest(config_with_devices("b"));
}

TEST_F(DevicesTest, images_that_cannot_be_served_are_refused_by_name) {
    start_xendevd();
    const auto with_disk = [&](const std::string& text) {
        GuestConfig wanted = config();
        wanted.disks = {parse_disk(text).value()};
        return wanted;
    };
    const std::string empty = directory / "empty";
    test::write_file(empty, "");
    refused(with_disk("/nonexistent/x.img,raw,xvda,w"), ErrorKind::invalid_config,
            "disk xvda, /nonexistent/x.img");
    refused(with_disk(state_directory() + ",raw,xvda,w"), ErrorKind::invalid_config, "directory");
    refused(with_disk(state_directory() + ",raw,xvda,r"), ErrorKind::invalid_config, "directory");
    refused(with_disk(empty + ",raw,xvda,r"), ErrorKind::invalid_config, "less than one sector");
    refused(with_disk("/dev/null,raw,xvda,r"), ErrorKind::invalid_config,
            "neither a regular file nor a block device");
}

TEST_F(DevicesTest, an_image_is_never_written_by_one_guest_and_used_by_another) {
    start_xendevd();
    const std::string image = image_path();
    const auto with_disk = [&](const std::string& name, const char* access) {
        GuestConfig wanted = config(name);
        wanted.disks = {parse_disk(image + ",raw,xvda," + access).value()};
        return wanted;
    };
    create_guest(with_disk("reader", "r"));
    create_guest(with_disk("second-reader", "r"));
    refused(with_disk("writer", "w"), ErrorKind::system, "another guest uses it");
    ASSERT_TRUE(destroy(host, find_guest("reader")));
    ASSERT_TRUE(destroy(host, find_guest("second-reader")));
    create_guest(with_disk("writer", "w"));
    refused(with_disk("reader", "r"), ErrorKind::system, "another guest writes to it");
    refused(with_disk("second-writer", "w"), ErrorKind::system, "another guest uses it");
}

TEST_F(DevicesTest, that_the_kernel_could_never_find_are_refused) {
    start_xendevd();
    GuestConfig wanted = stock_config();
    wanted.store = StoreMode::none;
    refused(wanted, ErrorKind::invalid_config, "in a store only");
    wanted = config();
    wanted.store = StoreMode::private_store;
    refused(wanted, ErrorKind::invalid_config, "speaks noxs");
}

TEST_F(DevicesTest, need_room_for_their_pages) {
    start_xendevd();
    GuestConfig wanted = config();
    wanted.memory_kib = minimum_memory_kib;
    wanted.vifs.resize(most_devices);
    refused(wanted, ErrorKind::invalid_config, "256 KiB");
    wanted.memory_kib = 4096;
    fakes::Domain& domain = domain_of(create_guest(wanted));
    EXPECT_EQ(fakes::device_page(xen, domain).header.entry_count, NOXS_ENTRY_COUNT);
}

TEST_F(DevicesTest, cost_little_more_than_their_event_channels) {
    start_xendevd();
    create_guest("plain");
    const auto plain = xen.calls().size();
    ASSERT_TRUE(destroy(host, find_guest("plain")));
    xen.clear_calls();
    create_guest(config_with_devices());
    EXPECT_EQ(xen.calls().size(), plain + 4 + 4 * 2 + 1)
        << "a channel each, what xendevd maps and binds, and its look at old events";
}

TEST(CheckRepeatable, refuses_what_only_one_guest_can_have) {
    GuestConfig config;
    EXPECT_TRUE(check_repeatable(config));
    config.vifs.resize(1);
    config.disks = {parse_disk("/a,raw,xvda,r").value()};
    EXPECT_TRUE(check_repeatable(config));
    config.disks[0].read_only = false;
    EXPECT_NE(check_repeatable(config).error().story().find("write to one disk, /a"), std::string::npos);
    config.disks.clear();
    config.vifs[0].mac = MacAddress{2, 0, 0, 0, 0, 1};
    EXPECT_NE(check_repeatable(config).error().story().find("02:00:00:00:00:01"), std::string::npos);
    config.vifs[0] = parse_vif("ip=10.0.0.2").value();
    EXPECT_NE(check_repeatable(config).error().story().find("10.0.0.2"), std::string::npos);
    config.vifs[0] = parse_vif("vifname=x").value();
    EXPECT_FALSE(check_repeatable(config));
}

} // namespace
} // namespace chaos
