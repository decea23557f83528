// SPDX-License-Identifier: BSD-3-Clause
// Guests with store="xenstore": what xenstored is told of them, and that nothing of them is left there, whatever fails.
#include <filesystem>

#include "libchaos/domain/ahead.hpp"
#include "libchaos/domain/attach.hpp"
#include "libchaos/domain/lifecycle.hpp"
#include "libchaos/domain/reconcile.hpp"
#include "libchaos/domain/registered_devices.hpp"
#include "libchaos/domain/xenstore_mode.hpp"
#include "tests/fakes/xenstored.hpp"
#include "tests/libchaos/domain/host_fixture.hpp"

namespace chaos {
namespace {

using devices::DeviceType;

class XenstoreModeTest : public test::HostTest {
  protected:
    XenstoreModeTest() {
        xen.on_start = nullptr; // most of these guests do not speak noxs
        start_xendevd();
        EXPECT_TRUE(host.xenstored().read("/vm")); // a connection, whose two ends are part of every `before`
    }

    GuestConfig registered(bool stock = true, const std::string& name = "web") const {
        GuestConfig wanted = config(name);
        if (stock)
            wanted.kernel = stock_kernel_path();
        wanted.store = StoreMode::xenstore;
        wanted.vifs = {parse_vif("mac=00:16:3e:00:00:01,bridge=xenbr1,rate=10Mb/s,mtu=1400").value(),
                       parse_vif("vifname=front").value()};
        return wanted;
    }
    std::string of(const CreatedGuest& created, const std::string& key) const {
        return xenstored.value("/local/domain/" + std::to_string(raw(created.id)) + key);
    }
    std::string of_back_end(const CreatedGuest& created, const std::string& key) const {
        return xenstored.value("/local/domain/0/backend/vif/" + std::to_string(raw(created.id)) + key);
    }
    [[nodiscard]] std::size_t kernel_devices() const {
        std::size_t count = 0;
        for ([[maybe_unused]] const auto& device :
             std::filesystem::directory_iterator(directory / "back-ends" + "/devices"))
            ++count;
        return count;
    }
    void expect_nothing(const test::Traces& before, const std::map<std::string, std::string>& store,
                        const std::string& after) {
        EXPECT_EQ(traces(), before) << after;
        EXPECT_EQ(xenstored.contents(), store) << after;
        EXPECT_EQ(kernel_devices(), 0u) << after;
    }

    fakes::Xenstored xenstored{directory / "xenstored.sock", directory / "back-ends"};
};

TEST_F(XenstoreModeTest, registers_what_xl_would) {
    const CreatedGuest created = create_guest(registered());
    const std::string id = std::to_string(raw(created.id));
    const std::string vm = "/vm/" + created.uuid.to_string();
    EXPECT_EQ(of(created, "/name"), "web");
    EXPECT_EQ(of(created, "/vm"), vm);
    EXPECT_EQ(of(created, "/domid"), id);
    EXPECT_EQ(of(created, "/memory/target"), "4096");
    EXPECT_EQ(of(created, "/console/type"), "xenconsoled");
    const GuestRecord record = *find_guest("web").record;
    EXPECT_EQ(of(created, "/store/port"), std::to_string(raw(record.store->port)));
    EXPECT_EQ(of(created, "/store/ring-ref"), std::to_string(record.store->frame.number));
    EXPECT_EQ(of(created, "/console/ring-ref"), std::to_string(record.console->frame.number));
    EXPECT_EQ(xenstored.value(vm + "/name"), "web");
    EXPECT_EQ(xenstored.value("/libxl/" + id + "/type"), "pvh");
    EXPECT_EQ(of_back_end(created, "/0/bridge"), "xenbr1");
    EXPECT_EQ(of_back_end(created, "/0/rate"), "62500,50000");
    EXPECT_EQ(of_back_end(created, "/0/mtu"), "1400");
    EXPECT_EQ(of_back_end(created, "/1/bridge"), "xenbr0");
    EXPECT_EQ(of_back_end(created, "/1/vifname"), "front");
    EXPECT_EQ(of_back_end(created, "/1/hotplug-by"), "xendevd");
    const auto contents = xenstored.contents();
    EXPECT_TRUE(contents.contains("introduced " + id));
    const auto permissions = [&](const std::string& path) {
        const std::string& text = contents.at(path);
        return text.substr(text.rfind('('));
    };
    EXPECT_EQ(permissions("/local/domain/" + id), "(n0,r" + id + ")");
    EXPECT_EQ(permissions("/local/domain/" + id + "/name"), "(n0,r" + id + ")");
    EXPECT_EQ(permissions("/local/domain/" + id + "/device/vif/0/state"), "(n" + id + ",r0)");
    EXPECT_EQ(permissions("/local/domain/" + id + "/control/shutdown"), "(n" + id + ")");
    EXPECT_EQ(permissions("/local/domain/0/backend/vif/" + id + "/0/bridge"), "(n0,r" + id + ")");
    EXPECT_EQ(permissions("/libxl/" + id + "/device/vif/0/bridge"), "(n0)");
    EXPECT_TRUE(xendevd->requests.empty()) << "it is no guest of xendevd's";
}

TEST_F(XenstoreModeTest, hears_of_a_vif_that_is_connected_while_it_begins_to_listen) {
    xenstored.set_late_status_of_vifs("connected");
    create_guest(registered()); // which fails if it waits for another event than the first
}

TEST_F(XenstoreModeTest, shows_a_back_end_its_state_last) {
    create_guest(registered());
    std::string last;
    for (const std::string& request : xenstored.requests())
        if (request.find("/backend/vif/") != std::string::npos && request.starts_with("write") &&
            request.find("/0/") != std::string::npos && request.find("/1/") == std::string::npos)
            last = request;
    EXPECT_TRUE(last.ends_with("/state")) << last;
}

TEST_F(XenstoreModeTest, gives_a_unikernel_a_store_page_of_its_own) {
    const CreatedGuest created = create_guest(registered(false));
    const GuestRecord record = *find_guest("web").record;
    ASSERT_TRUE(record.store && record.system);
    EXPECT_NE(record.store->frame.number, record.system->frame.number);
    EXPECT_TRUE(record.vifs.at(0).config.mac);
    EXPECT_FALSE(record.vifs.at(0).slot) << "its device page knows nothing of them";
    EXPECT_EQ(of(created, "/device/vif/1/state"), "1");
}

TEST_F(XenstoreModeTest, leaves_nothing_when_it_is_destroyed) {
    for (const bool stock : {true, false}) {
        const auto store = xenstored.contents();
        const auto before = traces();
        create_guest(registered(stock));
        ASSERT_TRUE(destroy(host, find_guest("web")));
        expect_nothing(before, store, "a guest");
    }
}

TEST_F(XenstoreModeTest, leaves_nothing_whichever_request_fails) {
    create_guest(registered(true, "first")); // what is kept from then on
    ASSERT_TRUE(destroy(host, find_guest("first")));
    const auto store = xenstored.contents();
    const auto before = traces();
    xenstored.fail_at(0);
    create_guest(registered());
    const std::size_t requests = xenstored.requests().size();
    ASSERT_TRUE(destroy(host, find_guest("web")));
    ASSERT_GT(requests, 90u);
    for (std::size_t number = 1; number <= requests; ++number) {
        xenstored.fail_at(number);
        const auto created = try_create(registered());
        const std::string which = xenstored.requests().at(number - 1);
        ASSERT_FALSE(created) << which;
        EXPECT_NE(created.error().story().find("xenstored refused to"), std::string::npos)
            << created.error().story();
        expect_nothing(before, store, which + " failed");
        if (HasFailure())
            return;
    }
}

TEST_F(XenstoreModeTest, connects_again_to_undo_when_the_connection_is_lost) {
    const auto store = xenstored.contents();
    const auto before = traces();
    for (const std::size_t number : {1u, 40u, 90u}) {
        xenstored.hang_up_at(number);
        const auto created = try_create(registered());
        ASSERT_FALSE(created);
        expect_nothing(before, store, std::to_string(number));
    }
}

TEST_F(XenstoreModeTest, is_undone_when_xendevd_cannot_connect_a_vif) {
    const auto store = xenstored.contents();
    const auto before = traces();
    xenstored.set_status_of_vifs("error");
    const auto created = try_create(registered());
    ASSERT_FALSE(created);
    EXPECT_NE(created.error().story().find("xendevd could not connect vif-"), std::string::npos);
    expect_nothing(before, store, "an error");
}

TEST_F(XenstoreModeTest, says_what_is_missing) {
    GuestConfig wanted = registered();
    const Kernel kernel = Kernel::open(wanted.kernel, directory / "cache").value();
    xendevd.reset();
    Host other = second_host();
    auto created = create(other, wanted, kernel, {});
    ASSERT_FALSE(created);
    EXPECT_NE(created.error().story().find("xendevd does not run"), std::string::npos);
    start_xendevd();
    std::filesystem::remove(directory / "back-ends" + "/drivers/vif");
    created = try_create(wanted);
    ASSERT_FALSE(created);
    EXPECT_NE(created.error().advice().find("modprobe xen-netback"), std::string::npos);
    std::filesystem::rename(directory / "xenstored.sock", directory / "elsewhere");
    created = create(other, wanted, kernel, {});
    ASSERT_FALSE(created);
    EXPECT_NE(created.error().advice().find("systemctl start xenstored"), std::string::npos);
    std::filesystem::rename(directory / "elsewhere", directory / "xenstored.sock");
    wanted.vifs.front().rate.operations_per_second = 5;
    created = try_create(wanted);
    ASSERT_FALSE(created);
    EXPECT_EQ(created.error().kind(), ErrorKind::invalid_config);
}

TEST_F(XenstoreModeTest, is_asked_to_stop_and_renamed_through_the_store) {
    const CreatedGuest created = create_guest(registered());
    ASSERT_TRUE(request_power(host, find_guest("web"), PowerRequest::reboot, std::chrono::seconds(1)));
    EXPECT_EQ(of(created, "/control/shutdown"), "reboot");
    ASSERT_TRUE(rename(host, find_guest("web"), "site"));
    EXPECT_EQ(of(created, "/name"), "site");
}

TEST_F(XenstoreModeTest, is_forgotten_when_another_toolstack_destroyed_it) {
    const auto store = xenstored.contents();
    const auto before = traces();
    const CreatedGuest created = create_guest(registered());
    ASSERT_TRUE(host.control().destroy(created.id));
    ASSERT_TRUE(list(host));
    expect_nothing(before, store, "a list");
}

TEST_F(XenstoreModeTest, does_not_touch_another_guest_that_has_its_id) {
    const CreatedGuest created = create_guest(registered());
    const auto store = xenstored.contents();
    EXPECT_TRUE(end_registered(host, created.id, Uuid::random(), Ending::without_domain));
    EXPECT_EQ(xenstored.contents(), store);
}

TEST_F(XenstoreModeTest, is_made_in_a_shell_that_is_registered_already) {
    const GuestConfig shape = [&] {
        GuestConfig one = registered();
        one.vifs.back().device_name.clear();
        return one;
    }();
    const Kernel kernel = Kernel::open(shape.kernel, directory / "cache").value();
    const auto store = xenstored.contents();
    const auto before = traces();
    ShellPlan plan;
    plan.shape = shape;
    plan.kernel = &kernel;
    plan.hot = true;
    {
        const auto unused = prepare_ahead(host, plan);
        ASSERT_TRUE(unused) << unused.error().story();
        EXPECT_EQ(kernel_devices(), 2u);
    }
    expect_nothing(before, store, "a shell that nobody wanted");
    auto shell = prepare_ahead(host, plan);
    ASSERT_TRUE(shell) << shell.error().story();
    const std::string id = std::to_string(raw(shell->id()));
    EXPECT_EQ(xenstored.value("/local/domain/" + id + "/name"), "(none)");
    EXPECT_EQ(xenstored.value("/local/domain/0/backend/vif/" + id + "/1/hotplug-status"), "connected");
    GuestConfig wanted = shape;
    wanted.uuid = Uuid::random();
    ASSERT_TRUE(suits(plan, wanted, kernel, true));
    xenstored.fail_at(0);
    auto running = create_in(host, std::move(*shell), wanted, kernel, {});
    ASSERT_TRUE(running) << running.error().story();
    EXPECT_LT(xenstored.requests().size(), 20u);
    const CreatedGuest created = running->created;
    {
        auto started = std::move(running->started); // its mappings end before the guest does
        started.keep();
    }
    EXPECT_EQ(of(created, "/name"), "web");
    EXPECT_EQ(of(created, "/vm"), "/vm/" + wanted.uuid->to_string());
    EXPECT_EQ(of_back_end(created, "/0/mac"), "00:16:3e:00:00:01");
    EXPECT_EQ(of_back_end(created, "/1/mac"), to_text(*find_guest("web").record->vifs.at(1).config.mac));
    ASSERT_TRUE(destroy(host, find_guest("web")));
    expect_nothing(before, store, "a guest in a shell");
}

TEST_F(XenstoreModeTest, has_vifs_that_come_and_go) {
    const CreatedGuest created = create_guest(registered());
    const auto store = xenstored.contents();
    const auto attached = attach_vif(host, find_guest("web"), parse_vif("bridge=xenbr2").value());
    ASSERT_TRUE(attached) << attached.error().story();
    EXPECT_EQ(attached->id, 2);
    EXPECT_EQ(of_back_end(created, "/2/bridge"), "xenbr2");
    const auto states = registered_devices(host, *find_guest("web").record, DeviceType::vif);
    ASSERT_TRUE(states);
    ASSERT_EQ(states->size(), 3u);
    EXPECT_EQ(states->back().state, "waiting");
    const auto twice = attach_vif(host, find_guest("web"), parse_vif("mac=00:16:3e:00:00:01").value());
    ASSERT_FALSE(twice);
    EXPECT_NE(twice.error().story().find("MAC address"), std::string::npos);
    for (const bool force : {false, true}) {
        DetachOptions options;
        options.force = force;
        const auto detached = detach(host, find_guest("web"), DeviceType::vif, 2, options);
        ASSERT_TRUE(detached) << detached.error().story();
        EXPECT_EQ(find_guest("web").record->vifs.size(), 2u);
        auto now = xenstored.contents();
        EXPECT_EQ(now, store);
        ASSERT_TRUE(attach_vif(host, find_guest("web"), parse_vif("bridge=xenbr2").value()));
    }
}

TEST_F(XenstoreModeTest, keeps_no_vif_whose_attaching_failed) {
    create_guest(registered());
    const auto store = xenstored.contents();
    xenstored.fail_at(0);
    ASSERT_TRUE(attach_vif(host, find_guest("web"), parse_vif("bridge=xenbr2").value()));
    const std::size_t requests = xenstored.requests().size();
    ASSERT_TRUE(detach(host, find_guest("web"), DeviceType::vif, 2));
    for (std::size_t number = 1; number < requests; ++number) { // but for the last, that ends the watch
        xenstored.fail_at(number);
        const auto attached = attach_vif(host, find_guest("web"), parse_vif("bridge=xenbr2").value());
        ASSERT_FALSE(attached) << number;
        EXPECT_EQ(find_guest("web").record->vifs.size(), 2u);
        EXPECT_EQ(xenstored.contents(), store) << number;
        EXPECT_EQ(kernel_devices(), 2u);
    }
}

} // namespace
} // namespace chaos
