// SPDX-License-Identifier: BSD-3-Clause
// Devices that come and go while a guest runs.
#include "libchaos/domain/attach.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "libchaos/domain/lifecycle.hpp"
#include "libchaos/domain/memory_layout.hpp"
#include "tests/fakes/headers.hpp"
#include "tests/fakes/system_calls.hpp"
#include "tests/libchaos/domain/host_fixture.hpp"
#include "tests/libchaos/state/samples.hpp"

namespace chaos {
namespace {

using namespace std::chrono_literals;
using devices::AttachRequest;
using devices::DeviceType;
using devices::encode_error;
namespace system_calls = fakes::system_calls;

class AttachTest : public test::HostTest {
  protected:
    AttachTest() { guest.features |= NOXS_FEATURE_HOTPLUG; }

    void start(const GuestConfig& wanted) {
        start_xendevd();
        created = create_guest(wanted);
        EXPECT_TRUE(host.events());
    }
    void start() { start(config()); }
    void start_stock() {
        xen.on_start = nullptr;
        GuestConfig wanted = config();
        wanted.kernel = stock_kernel_path();
        start(wanted);
    }
    fakes::Domain& domain() { return *xen.find(raw(created.id)); }
    GuestRecord record() { return (*host.registry().record(created.id)).value(); }
    noxs_device_page page() { return fakes::device_page(xen, domain()); }
    DiskConfig disk(const std::string& name = "xvda", const char* access = "w") {
        return parse_disk(image_path(name) + ",raw," + name + "," + access).value();
    }

    CreatedGuest created;
};

TEST_F(AttachTest, a_vif_appears_in_the_device_page_of_a_running_guest) {
    start();
    std::vector<std::uint32_t> notified;
    xen.on_notify = [&](fakes::Domain&, std::uint32_t port) {
        EXPECT_EQ(page().header.entry_count, 3) << "it was told before there was anything to see";
        notified.push_back(port);
    };
    const auto attached = attach_vif(host, find_guest("web"), parse_vif("bridge=b,mtu=9000").value());
    ASSERT_TRUE(attached) << attached.error().story();
    EXPECT_EQ(attached->id, 0);
    ASSERT_TRUE(attached->config.mac);
    const noxs_device_page seen = page();
    EXPECT_EQ(seen.header.generation, 2u);
    const noxs_device_entry& added = seen.entries[2];
    EXPECT_EQ(added.type, std::uint32_t{NOXS_DEVICE_VIF});
    EXPECT_EQ(added.id, 0);
    EXPECT_EQ(added.instance, 0u);
    EXPECT_EQ(added.control_gfn, 1024u + 2) << "in the window above RAM";
    EXPECT_EQ(added.grant_reference, NOXS_FIRST_GRANT + 2);
    const auto* control = reinterpret_cast<const noxs_vif_page*>(xen.page(domain().id, added.control_gfn));
    EXPECT_EQ(control->config.mtu, 9000);
    EXPECT_EQ(0, std::memcmp(control->config.mac, attached->config.mac->data(), 6));
    EXPECT_EQ(control->frontend.state, 0u);
    EXPECT_EQ(notified, (std::vector<std::uint32_t>{seen.entries[0].event_channel}));
    EXPECT_TRUE(xendevd->serves(created.id, DeviceType::vif, 0));
    const GuestRecord now = record();
    ASSERT_EQ(now.vifs.size(), 1u);
    EXPECT_EQ(now.vifs[0].config.mac, attached->config.mac);
    EXPECT_EQ(raw(now.vifs[0].slot->location.port), added.event_channel);
    EXPECT_EQ(domain().maximum_pages, 1025u);
    EXPECT_EQ(xen.state().local_ports, 2u) << "xendevd's: console and vif";
    ASSERT_TRUE(destroy(host, find_guest("web")));
}

TEST_F(AttachTest, a_disk_comes_goes_and_its_place_is_used_again) {
    start();
    const auto fresh = attach_disk(host, find_guest("web"), disk());
    ASSERT_TRUE(fresh) << fresh.error().story();
    const noxs_device_entry first = page().entries[2];
    EXPECT_EQ(first.type, std::uint32_t{NOXS_DEVICE_VBD});
    EXPECT_EQ(xendevd->guests.at(created.id).images.size(), 1u);

    ASSERT_TRUE(detach(host, find_guest("web"), DeviceType::vbd, 0));
    EXPECT_EQ(page().entries[2].type, std::uint32_t{NOXS_DEVICE_NONE});
    EXPECT_FALSE(xendevd->serves(created.id, DeviceType::vbd, 0));
    EXPECT_TRUE(record().disks.empty());
    EXPECT_EQ(record().free_slots.size(), 1u);
    // What the guest left there is not the next device's.
    std::memset(xen.page(domain().id, first.control_gfn), 0xee, page_size);

    xen.clear_calls();
    ASSERT_TRUE(attach_vif(host, find_guest("web"), {}));
    for (const char* call : {"xc_domain_populate_physmap", "xc_evtchn_alloc_unbound", "xc_domain_setmaxmem"})
        EXPECT_EQ(std::count(xen.calls().begin(), xen.calls().end(), call), 0) << call;
    const noxs_device_entry second = page().entries[2];
    EXPECT_EQ(second.type, std::uint32_t{NOXS_DEVICE_VIF});
    EXPECT_EQ(second.instance, 1u);
    EXPECT_EQ(second.control_gfn, first.control_gfn);
    EXPECT_EQ(second.event_channel, first.event_channel);
    EXPECT_EQ(page().header.entry_count, 3);
    EXPECT_EQ(page().header.generation, 6u);
    EXPECT_EQ(xen.read(domain().id, second.control_gfn * page_size + 64, 64), std::string(64, '\0'));
    EXPECT_TRUE(record().free_slots.empty());
}

TEST_F(AttachTest, devices_made_with_the_guest_go_and_come_in_the_same_way) {
    start(config_with_devices());
    ASSERT_TRUE(detach(host, find_guest("web"), DeviceType::vif, 0));
    const auto attached = attach_disk(host, find_guest("web"), disk("xvdc"));
    ASSERT_TRUE(attached) << attached.error().story();
    EXPECT_EQ(attached->id, 2u);
    EXPECT_EQ(page().entries[2].type, std::uint32_t{NOXS_DEVICE_VBD});
    EXPECT_EQ(page().entries[2].control_gfn, 1015u) << "its place was made with the guest";
    const auto next = attach_vif(host, find_guest("web"), {});
    ASSERT_TRUE(next);
    EXPECT_EQ(next->id, 0) << "the lowest that is free";
    EXPECT_EQ(page().entries[6].type, std::uint32_t{NOXS_DEVICE_VIF});
    EXPECT_EQ(page().entries[6].control_gfn, 1024u + 6);
}

TEST_F(AttachTest, a_guest_made_again_has_the_devices_that_it_had_last) {
    start(config_with_devices());
    ASSERT_TRUE(detach(host, find_guest("web"), DeviceType::vbd, 1));
    const auto attached = attach_vif(host, find_guest("web"), {});
    ASSERT_TRUE(attached);
    ASSERT_TRUE(restart(host, find_guest("web"), {}));
    const auto& request = std::get<AttachRequest>(xendevd->requests.back());
    EXPECT_EQ(request.vifs.size(), 3u);
    EXPECT_EQ(request.vifs[2].config.mac, attached->config.mac);
    EXPECT_EQ(request.vbds.size(), 1u);
}

TEST_F(AttachTest, fills_the_device_page_and_no_more) {
    start();
    for (std::size_t index = 0; index < most_devices; ++index) {
        const auto attached = attach_vif(host, find_guest("web"), {});
        ASSERT_TRUE(attached) << index << ": " << attached.error().story();
        EXPECT_EQ(attached->id, index);
    }
    EXPECT_EQ(page().header.entry_count, NOXS_ENTRY_COUNT);
    const auto one_more = attach_vif(host, find_guest("web"), {});
    ASSERT_FALSE(one_more);
    EXPECT_EQ(one_more.error().kind(), ErrorKind::invalid_argument);
    EXPECT_NE(one_more.error().story().find("124"), std::string::npos);
    ASSERT_TRUE(detach(host, find_guest("web"), DeviceType::vif, 77));
    EXPECT_EQ(attach_vif(host, find_guest("web"), {})->id, 77);
}

TEST_F(AttachTest, what_cannot_be_is_refused_and_leaves_everything_as_it_was) {
    start(config_with_devices());
    const auto refused = [&](auto result, ErrorKind kind, const char* words) {
        ASSERT_FALSE(result);
        EXPECT_EQ(result.error().kind(), kind) << result.error().story();
        EXPECT_NE(result.error().story().find(words), std::string::npos) << result.error().story();
    };
    const auto before = traces();
    refused(attach_vif(host, find_guest("web"), parse_vif("mac=02:00:00:00:00:07").value()),
            ErrorKind::invalid_argument, "MAC");
    refused(attach_disk(host, find_guest("web"), disk("xvda")), ErrorKind::invalid_argument, "vdev");
    refused(attach_disk(host, find_guest("web"), parse_disk("/nonexistent,raw,xvdx,w").value()),
            ErrorKind::invalid_config, "/nonexistent");
    refused(detach(host, find_guest("web"), DeviceType::vif, 9), ErrorKind::not_found, "no such device");
    guest.system_page(domain())->guest.features = 0;
    refused(attach_vif(host, find_guest("web"), {}), ErrorKind::guest_failed, "does not notice");
    guest.system_page(domain())->guest.state = NOXS_STATE_BOOTING;
    refused(attach_vif(host, find_guest("web"), {}), ErrorKind::guest_failed,
            "has not said that it is ready");
    xen.shut_down(domain(), SHUTDOWN_poweroff);
    refused(attach_vif(host, find_guest("web"), {}), ErrorKind::guest_failed, "powered off");
    auto after = traces();
    EXPECT_EQ(after, before);
}

TEST_F(AttachTest, an_address_that_was_drawn_and_is_taken_is_drawn_again) {
    start();
    std::vector<MacAddress> asked;
    xendevd->refuse = [&](const devices::Request& request) {
        const auto* attach = std::get_if<AttachRequest>(&request);
        if (!attach)
            return std::string();
        asked.push_back(*attach->vifs.at(0).config.mac);
        return asked.size() % 3 == 0
                   ? std::string()
                   : encode_error(Error(ErrorKind::name_taken, "another has " + to_text(asked.back())));
    };
    const auto attached = attach_vif(host, find_guest("web"), parse_vif("bridge=b").value());
    ASSERT_TRUE(attached) << attached.error().story();
    ASSERT_EQ(asked.size(), 3u);
    EXPECT_NE(asked[0], asked[2]);
    EXPECT_EQ(attached->config.mac, asked[2]);
    // One that was given is nobody's to change.
    const auto given = attach_vif(host, find_guest("web"), parse_vif("mac=00:16:3e:01:02:03,bridge=b").value());
    ASSERT_FALSE(given);
    EXPECT_EQ(asked.size(), 4u);
}

TEST_F(AttachTest, what_xendevd_refuses_leaves_a_free_place_and_nothing_else) {
    start();
    xendevd->refuse = [](const devices::Request& request) {
        return std::holds_alternative<AttachRequest>(request)
                   ? encode_error(Error(ErrorKind::not_found, "there is no bridge b"))
                   : "";
    };
    for (int round = 0; round < 3; ++round) {
        const auto attached = attach_vif(host, find_guest("web"), parse_vif("bridge=b").value());
        ASSERT_FALSE(attached);
        EXPECT_EQ(attached.error().kind(), ErrorKind::not_found);
        EXPECT_TRUE(record().vifs.empty());
        EXPECT_EQ(record().free_slots.size(), 1u);
        EXPECT_EQ(page().entries[2].type, 0u);
        EXPECT_EQ(domain().ports.size(), 4u);
        EXPECT_EQ(domain().memory.size(), 1025u);
    }
}

TEST_F(AttachTest, a_guest_that_does_not_let_go_keeps_its_device) {
    start(config_with_devices());
    xendevd->refuse = [](const devices::Request& request) {
        const auto* wanted = std::get_if<devices::DetachRequest>(&request);
        return wanted && !wanted->force
                   ? encode_error(Error(ErrorKind::timed_out, "its guest does not let go"))
                   : "";
    };
    const auto before = traces();
    EXPECT_EQ(detach(host, find_guest("web"), DeviceType::vif, 0).error().kind(), ErrorKind::timed_out);
    EXPECT_EQ(traces(), before);
    ASSERT_TRUE(detach(host, find_guest("web"), DeviceType::vif, 0, {.force = true}));
    EXPECT_EQ(page().entries[2].type, 0u);
}

TEST_F(AttachTest, a_guest_that_stopped_is_not_asked_to_let_go) {
    start(config_with_devices());
    std::vector<bool> forced;
    xendevd->refuse = [&](const devices::Request& request) -> std::string {
        const auto* wanted = std::get_if<devices::DetachRequest>(&request);
        if (!wanted)
            return "";
        forced.push_back(wanted->force);
        if (wanted->force)
            return "";
        xen.shut_down(domain(), SHUTDOWN_crash);
        return encode_error(Error(ErrorKind::timed_out, "its guest does not let go"));
    };
    // It stops while it is waited for.
    const auto gone = detach(host, find_guest("web"), DeviceType::vif, 0);
    EXPECT_TRUE(gone) << gone.error().story();
    EXPECT_EQ(forced, (std::vector<bool>{false, true}));
    // It had stopped before.
    forced.clear();
    ASSERT_TRUE(detach(host, find_guest("web"), DeviceType::vif, 1));
    EXPECT_EQ(forced, std::vector<bool>{true});
    EXPECT_TRUE(record().vifs.empty());
}

TEST_F(AttachTest, a_device_that_xendevd_lost_can_be_taken_away) {
    start(config_with_devices());
    xendevd->guests.clear();
    ASSERT_TRUE(detach(host, find_guest("web"), DeviceType::vif, 0));
    EXPECT_EQ(record().vifs.size(), 1u);
    xendevd.reset();
    EXPECT_FALSE(detach(host, find_guest("web"), DeviceType::vif, 1));
    ASSERT_TRUE(detach(host, find_guest("web"), DeviceType::vif, 1, {.force = true}));
}

TEST_F(AttachTest, devices_of_a_stock_guest_come_and_go_through_xendevd_alone) {
    start_stock();
    xen.clear_calls();
    const auto vif = attach_vif(host, find_guest("web"), {});
    ASSERT_TRUE(vif) << vif.error().story();
    const auto fresh = attach_disk(host, find_guest("web"), disk("xvdb"));
    ASSERT_TRUE(fresh) << fresh.error().story();
    EXPECT_EQ(fresh->id, 51728u);
    EXPECT_EQ(std::count(xen.calls().begin(), xen.calls().end(), "xenforeignmemory_map"), 0);
    const auto& request = std::get<AttachRequest>(xendevd->requests.back());
    EXPECT_FALSE(request.noxs);
    EXPECT_FALSE(request.store) << "it has that already";
    EXPECT_EQ(find_disk(record(), "xvdb").value(), 51728u);
    ASSERT_TRUE(detach(host, find_guest("web"), DeviceType::vbd, 51728));
    ASSERT_TRUE(detach(host, find_guest("web"), DeviceType::vif, 0));
    EXPECT_TRUE(record().vifs.empty() && record().disks.empty() && record().free_slots.empty());
}

TEST_F(AttachTest, a_stock_guest_without_a_store_is_refused) {
    xen.on_start = nullptr;
    GuestConfig wanted = config();
    wanted.kernel = stock_kernel_path();
    create_guest(wanted); // no xendevd yet
    start_xendevd();
    const auto attached = attach_vif(host, find_guest("web"), {});
    ASSERT_FALSE(attached);
    EXPECT_NE(attached.error().story().find("in a store only"), std::string::npos);
}

TEST_F(AttachTest, devices_are_found_by_their_names) {
    start(config_with_devices());
    EXPECT_EQ(find_disk(record(), "xvdb").value(), 1u);
    EXPECT_EQ(find_disk(record(), "0").value(), 0u);
    EXPECT_EQ(find_disk(record(), "xvdz").error().kind(), ErrorKind::not_found);
    EXPECT_EQ(find_vif(record(), "02:00:00:00:00:07").value(), 1u);
    EXPECT_EQ(find_vif(record(), "0").value(), 0u);
    EXPECT_EQ(find_vif(record(), "x").error().kind(), ErrorKind::not_found);
}

TEST_F(AttachTest, what_xendevd_serves_by_that_id_without_a_record_makes_room) {
    start();
    xendevd->guests[created.id].devices[{DeviceType::vbd, 0}]; // it was attached, but nobody heard the answer
    const auto attached = attach_disk(host, find_guest("web"), disk());
    ASSERT_TRUE(attached) << attached.error().story();
    EXPECT_EQ(xendevd->guests.at(created.id).images.size(), 1u);
}

TEST_F(AttachTest, what_a_killed_chaos_left_unfinished_is_done_anew) {
    start();
    const VifConfig vif = parse_vif("mac=02:00:00:00:00:07").value();
    for (const char* left : {"recorded", "not shown"}) {
        SCOPED_TRACE(left);
        ASSERT_TRUE(attach_vif(host, find_guest("web"), vif));
        ASSERT_TRUE(attach_disk(host, find_guest("web"), disk()));
        if (left == std::string_view("recorded")) {
            auto* client = *host.needed_devices();
            ASSERT_TRUE(client->detach({created.id, DeviceType::vif, 0, true, 0ms}));
            ASSERT_TRUE(client->detach({created.id, DeviceType::vbd, 0, true, 0ms}));
        } else {
            const MemoryLayout layout(record().config.memory_kib);
            auto* shown =
                reinterpret_cast<noxs_device_page*>(xen.page(domain().id, layout.device_page().number));
            shown->entries[2].type = shown->entries[3].type = NOXS_DEVICE_NONE;
        }
        const auto vif_again = attach_vif(host, find_guest("web"), vif);
        ASSERT_TRUE(vif_again) << vif_again.error().story();
        const auto disk_again = attach_disk(host, find_guest("web"), disk());
        ASSERT_TRUE(disk_again) << disk_again.error().story();
        EXPECT_EQ(record().vifs.size(), 1u);
        EXPECT_EQ(record().disks.size(), 1u);
        EXPECT_EQ(page().header.entry_count, 4) << "in the places that they had";
        EXPECT_TRUE(xendevd->serves(created.id, DeviceType::vif, 0));
        EXPECT_EQ(xendevd->guests.at(created.id).images.size(), 1u);
        EXPECT_EQ(attach_vif(host, find_guest("web"), vif).error().kind(), ErrorKind::invalid_argument)
            << "now it is whole";
        ASSERT_TRUE(detach(host, find_guest("web"), DeviceType::vif, 0));
        ASSERT_TRUE(detach(host, find_guest("web"), DeviceType::vbd, 0));
    }
}

TEST_F(AttachTest, a_guest_that_was_not_told_of_its_device_is_told_when_it_is_asked_for_again) {
    start();
    const VifConfig vif = parse_vif("mac=02:00:00:00:00:07").value();
    ASSERT_TRUE(attach_vif(host, find_guest("web"), vif));
    std::vector<std::uint32_t> notified;
    xen.on_notify = [&](fakes::Domain&, std::uint32_t port) { notified.push_back(port); };
    EXPECT_FALSE(attach_vif(host, find_guest("web"), vif));
    EXPECT_EQ(notified, (std::vector<std::uint32_t>{page().entries[0].event_channel}));
}

// ---- faults -----------------------------------------------------------------------------------------------

TEST_F(AttachTest, whichever_call_to_xen_fails_nothing_is_half_attached) {
    start();
    const GuestInfo web = find_guest("web");
    std::size_t failures = 0;
    for (std::size_t number = 1; number < 200; ++number) {
        xen.clear_calls();
        xen.fail_at(number, ENOMEM);
        const auto attached = attach_disk(host, web, disk());
        xen.fail_at(0, 0);
        const auto calls = xen.calls();
        SCOPED_TRACE("call " + std::to_string(number) + " " +
                     (number <= calls.size() ? calls[number - 1] : ""));
        EXPECT_EQ(xendevd->serves(created.id, DeviceType::vbd, 0), bool(attached));
        EXPECT_EQ(record().disks.size(), attached ? 1u : 0u);
        EXPECT_EQ(page().entries[2].type, attached ? std::uint32_t{NOXS_DEVICE_VBD} : 0u);
        EXPECT_LE(domain().memory.size(), 1025u) << "a page was lost";
        if (attached) {
            ASSERT_TRUE(detach(host, web, DeviceType::vbd, 0));
            if (calls.size() < number)
                break;
        } else {
            ++failures;
            EXPECT_TRUE(
                attached.error().story().starts_with("attaching disk xvda to guest web")) // or finding it
                << attached.error().story();
        }
        if (HasFailure())
            return;
    }
    EXPECT_GE(failures, 5u);
    ASSERT_TRUE(destroy(host, web));
    EXPECT_EQ(xen.state().mapped_pages, 0u);
}

TEST_F(AttachTest, whichever_system_call_fails_nothing_is_half_attached) {
    start();
    const GuestInfo web = find_guest("web");
    std::size_t failures = 0;
    for (std::size_t number = 1; number < 200; ++number) {
        system_calls::fail_at(number, EIO);
        system_calls::start_counting();
        const auto attached = attach_disk(host, web, disk());
        const auto calls = system_calls::stop_counting();
        SCOPED_TRACE("call " + std::to_string(number) + " " +
                     (number <= calls.size() ? calls[number - 1] : ""));
        EXPECT_EQ(xendevd->serves(created.id, DeviceType::vbd, 0), bool(attached))
            << "also if it was not answered";
        EXPECT_EQ(page().entries[2].type, attached ? std::uint32_t{NOXS_DEVICE_VBD} : 0u);
        if (attached) {
            EXPECT_EQ(record().disks.size(), 1u);
            ASSERT_TRUE(detach(host, web, DeviceType::vbd, 0));
            if (calls.size() < number)
                break;
        } else {
            ++failures;
        }
        if (HasFailure())
            return;
    }
    EXPECT_GE(failures, 8u);
}

} // namespace
} // namespace chaos
