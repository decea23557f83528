// SPDX-License-Identifier: BSD-3-Clause
// Creations that fail, at every call there is: each must tell its story and leave nothing, neither in the
// hypervisor nor in the state directory.
#include <sys/eventfd.h>

#include <cerrno>
#include <cstring>

#include "tests/fakes/headers.hpp"
#include "tests/fakes/system_calls.hpp"
#include "tests/libchaos/domain/host_fixture.hpp"
#include "tests/libchaos/state/samples.hpp"

namespace chaos {
namespace {

using namespace std::chrono_literals;
namespace system_calls = fakes::system_calls;

/// One kind of creation, so that between them every call is made.
struct Kind {
    const char* name;
    bool noxs = true;
    bool wait = false;
    bool paused = false;
    bool ramdisk = false;
    bool affinity = false;
    bool pv = false;
    bool devices = false;
    bool xendevd = false;
};

std::ostream& operator<<(std::ostream& out, const Kind& kind) {
    return out << kind.name;
}

class CreateFaultTest : public test::HostTest {
  protected:
    GuestConfig config_of(const Kind& kind) const {
        GuestConfig wanted = kind.devices ? config_with_devices() : config();
        if (kind.pv)
            wanted.type = GuestType::pv;
        if (kind.pv)
            wanted.kernel = pv_kernel_path();
        else if (!kind.noxs)
            wanted.kernel = stock_kernel_path();
        if (kind.ramdisk) {
            wanted.ramdisk = directory / "ramdisk";
            test::write_file(wanted.ramdisk, std::string(5000, 'r'));
        }
        if (kind.affinity) {
            wanted.vcpus = 2;
            wanted.cpus = {CpuSet(1), CpuSet(2)};
        }
        return wanted;
    }
    static CreateOptions options_of(const Kind& kind) {
        CreateOptions options;
        options.paused = kind.paused;
        if (kind.wait)
            options.wait_ready = 10s;
        return options;
    }
    /// Only a guest that speaks noxs can be played.
    void play(const Kind& kind) {
        if (kind.xendevd)
            start_xendevd();
        if (!kind.noxs)
            xen.on_start = nullptr;
    }
    /// The event channels stay open between creations, as they do in a process that makes many guests.
    void open_event_channels() { ASSERT_TRUE(host.events()); }

    void undo(const CreatedGuest& created) {
        if (xendevd) {
            auto* client = *host.needed_devices();
            ASSERT_TRUE(client->forget(created.id));
        }
        const auto destroyed = host.control().destroy(created.id);
        ASSERT_TRUE(destroyed && host.registry().remove(created.id, created.uuid));
    }

    UniqueFd stop{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
};

class EveryKind : public CreateFaultTest, public testing::WithParamInterface<Kind> {};

TEST_P(EveryKind, leaves_nothing_whichever_call_to_xen_fails) {
    const Kind& kind = GetParam();
    const GuestConfig wanted = config_of(kind);
    play(kind);
    open_event_channels();
    const auto before = traces();
    std::size_t failures = 0;
    for (const int errno_value : {EPERM, ENOMEM, EINVAL, ESRCH}) {
        for (std::size_t number = 1;; ++number) {
            xen.clear_calls();
            xen.fail_at(number, errno_value);
            const auto created = try_create(wanted, options_of(kind));
            xen.fail_at(0, 0);
            const auto calls = xen.calls();
            if (created) {
                undo(*created);
                if (calls.size() < number)
                    break;
                continue; // the call's failure does not matter, or it cannot fail
            }
            SCOPED_TRACE("call " + std::to_string(number) + ", " + calls[number - 1] + ", errno " +
                         std::to_string(errno_value));
            ++failures;
            const std::string story = created.error().story();
            EXPECT_TRUE(story.starts_with("creating guest web: ")) << story;
            EXPECT_GT(story.size(), 40u) << story;
            EXPECT_EQ(traces(), before);
            if (HasFailure())
                return;
        }
    }
    EXPECT_GE(failures, 4u * 10);
}

TEST_P(EveryKind, leaves_nothing_whichever_file_system_call_fails) {
    const Kind& kind = GetParam();
    const GuestConfig wanted = config_of(kind);
    play(kind);
    open_event_channels();
    const Kernel kernel = *Kernel::open(wanted.kernel, directory / "cache");
    const auto before = traces();
    std::size_t failures = 0;
    for (const int errno_value : {EIO, ENOSPC}) {
        for (std::size_t number = 1;; ++number) {
            system_calls::fail_at(number, errno_value);
            system_calls::start_counting();
            const auto created = create(host, wanted, kernel, options_of(kind));
            const auto calls = system_calls::stop_counting();
            if (created) {
                undo(*created);
                if (calls.size() < number)
                    break;
                continue;
            }
            SCOPED_TRACE("call " + std::to_string(number) + ", " + calls[number - 1]);
            ++failures;
            EXPECT_TRUE(created.error().story().starts_with("creating guest web: "))
                << created.error().story();
            EXPECT_EQ(traces(), before);
            if (HasFailure())
                return;
        }
    }
    EXPECT_GT(failures, 2u * 10);
}

TEST_P(EveryKind, can_be_interrupted_at_every_call_and_leaves_nothing) {
    const Kind& kind = GetParam();
    const GuestConfig wanted = config_of(kind);
    play(kind);
    open_event_channels();
    guest.says_ready = false; // so that waiting would last until interrupted
    CreateOptions options = options_of(kind);
    options.stop_fd = stop.get();
    const auto before = traces();
    std::size_t interrupted = 0;
    for (std::size_t number = 1;; ++number) {
        xen.clear_calls();
        xen.before_call = [&](std::string_view) {
            if (xen.calls().size() == number)
                ::eventfd_write(stop.get(), 1);
        };
        const auto created = try_create(wanted, options);
        xen.before_call = nullptr;
        eventfd_t value = 0;
        const bool asked = ::eventfd_read(stop.get(), &value) == 0;
        SCOPED_TRACE("asked to stop at call " + std::to_string(number));
        if (created) {
            EXPECT_FALSE(kind.wait) << "nobody said ready";
            undo(*created);
        } else {
            EXPECT_EQ(created.error().kind(), ErrorKind::interrupted) << created.error().story();
            ++interrupted;
        }
        EXPECT_EQ(traces(), before);
        if (!asked || HasFailure() || (kind.wait && number > 30))
            break;
    }
    EXPECT_GE(interrupted, 4u);
}

INSTANTIATE_TEST_SUITE_P(
    Create, EveryKind,
    testing::Values(
        Kind{.name = "noxs"}, Kind{.name = "noxs_waiting", .wait = true},
        Kind{.name = "noxs_paused", .paused = true}, Kind{.name = "noxs_with_ramdisk", .ramdisk = true},
        Kind{.name = "noxs_with_affinity", .affinity = true}, Kind{.name = "stock", .noxs = false},
        Kind{.name = "noxs_with_xendevd", .xendevd = true},
        Kind{.name = "noxs_with_devices", .wait = true, .devices = true, .xendevd = true},
        Kind{.name = "stock_with_devices", .noxs = false, .devices = true, .xendevd = true},
        Kind{.name = "pv_with_devices", .noxs = false, .pv = true, .devices = true, .xendevd = true},
        Kind{.name = "pv_with_ramdisk", .noxs = false, .ramdisk = true, .pv = true}),
    [](const auto& instance) { return std::string(instance.param.name); });

TEST_F(CreateFaultTest, does_nothing_if_asked_to_stop_before_it_begins) {
    ::eventfd_write(stop.get(), 1);
    CreateOptions options;
    options.stop_fd = stop.get();
    EXPECT_EQ(try_create(config(), options).error().kind(), ErrorKind::interrupted);
    EXPECT_TRUE(xen.calls().empty());
}

TEST_F(CreateFaultTest, refuses_a_name_that_a_living_guest_has) {
    create_guest();
    const auto before = traces();
    const auto created = try_create(config());
    EXPECT_EQ(created.error().kind(), ErrorKind::name_taken);
    EXPECT_NE(created.error().story().find("web"), std::string::npos);
    EXPECT_EQ(traces(), before);
}

TEST_F(CreateFaultTest, gives_up_when_id_after_id_belongs_to_another_toolstack) {
    for (std::uint16_t id = 32700; id > 32600; --id)
        xen.add_domain(id, {7});
    const auto before = traces();
    const auto created = try_create(config());
    ASSERT_FALSE(created);
    EXPECT_EQ(created.error().system_errno(), EEXIST);
    EXPECT_EQ(traces(), before);
}

TEST_F(CreateFaultTest, says_how_much_memory_there_is_when_it_is_not_enough) {
    xen.leave_free(1000);
    const auto before = traces();
    const auto created = try_create(config());
    ASSERT_FALSE(created);
    EXPECT_EQ(created.error().kind(), ErrorKind::out_of_memory);
    EXPECT_NE(created.error().advice().find("4096 KiB"), std::string::npos) << created.error().advice();
    EXPECT_NE(created.error().advice().find("4000 KiB"), std::string::npos) << created.error().advice();
    EXPECT_EQ(traces(), before);
}

TEST_F(CreateFaultTest, leaves_nothing_when_memory_runs_out_halfway) {
    const auto before = traces();
    xen.before_call = [&](std::string_view call) {
        if (call == "xc_domain_populate_physmap") // somebody took what was promised
            xen.leave_free(700);
    };
    const auto created = try_create(config());
    xen.before_call = nullptr;
    ASSERT_FALSE(created);
    EXPECT_EQ(created.error().kind(), ErrorKind::out_of_memory);
    auto after = traces();
    EXPECT_EQ(after.xen.free_frames, 700u);
    after.xen.free_frames = before.xen.free_frames;
    EXPECT_EQ(after, before);
}

TEST_F(CreateFaultTest, does_not_touch_memory_that_is_promised_to_another_domain) {
    auto& other = xen.add_domain(7, {7});
    other.maximum_pages = other.claimed_pages = 8000;
    EXPECT_EQ(try_create(config()).error().kind(), ErrorKind::out_of_memory);
    EXPECT_EQ(xen.state().claimed_pages, 8000u);
}

TEST_F(CreateFaultTest, refuses_an_image_that_does_not_fit) {
    GuestConfig wanted = config();
    wanted.memory_kib = minimum_memory_kib;
    wanted.ramdisk = directory / "ramdisk";
    test::write_file(wanted.ramdisk, std::string(100'000, 'r'));
    const auto before = traces();
    const auto created = try_create(wanted);
    ASSERT_FALSE(created);
    EXPECT_EQ(created.error().kind(), ErrorKind::invalid_config);
    EXPECT_NE(created.error().advice().find("memory="), std::string::npos);
    EXPECT_EQ(traces(), before);
}

TEST_F(CreateFaultTest, refuses_a_ramdisk_that_is_not_there) {
    GuestConfig wanted = config();
    wanted.ramdisk = directory / "nothing";
    const auto before = traces();
    const auto created = try_create(wanted);
    ASSERT_FALSE(created);
    EXPECT_NE(created.error().story().find(wanted.ramdisk), std::string::npos);
    EXPECT_EQ(traces(), before);
}

TEST_F(CreateFaultTest, refuses_to_wait_for_a_kernel_that_cannot_say_ready) {
    GuestConfig wanted = config();
    wanted.kernel = stock_kernel_path();
    CreateOptions options;
    options.wait_ready = 10s;
    const auto before = traces();
    EXPECT_EQ(try_create(wanted, options).error().kind(), ErrorKind::invalid_argument);
    EXPECT_EQ(traces(), before);
}

TEST_F(CreateFaultTest, survives_a_kernel_file_that_is_cut_after_it_was_opened) {
    const Kernel kernel = *Kernel::open(kernel_path(), directory / "cache");
    ASSERT_EQ(::truncate(kernel_path().c_str(), 5000), 0);
    const auto before = traces();
    const auto created = create(host, config(), kernel, {});
    ASSERT_FALSE(created);
    EXPECT_NE(created.error().story().find(kernel_path()), std::string::npos) << created.error().story();
    EXPECT_EQ(traces(), before);
}

// ---- waiting for a guest to say ready --------------------------------------------------------------------

class WaitTest : public CreateFaultTest {
  protected:
    Result<CreatedGuest> create_and_wait(std::chrono::milliseconds timeout = 10s) {
        CreateOptions options;
        options.wait_ready = timeout;
        return try_create(config(), options);
    }
};

TEST_F(WaitTest, ends_when_the_guest_dies_and_passes_on_its_last_words) {
    open_event_channels();
    guest.says_ready = false;
    guest.says = "no root device\n";
    for (const bool notifies : {true, false}) {
        guest.notifies = notifies;
        guest.stops_with = SHUTDOWN_crash;
        const auto before = traces();
        const auto created = create_and_wait();
        ASSERT_FALSE(created);
        EXPECT_EQ(created.error().kind(), ErrorKind::guest_failed);
        EXPECT_NE(created.error().story().find("crashed"), std::string::npos) << created.error().story();
        EXPECT_NE(created.error().advice().find("no root device"), std::string::npos);
        EXPECT_EQ(traces(), before);
    }
}

TEST_F(WaitTest, ends_when_somebody_else_destroys_the_guest) {
    open_event_channels();
    guest.says_ready = false;
    const auto before = traces();
    xen.before_call = [&](std::string_view call) {
        if (call == "xc_domain_getinfo")
            xen.destroy(*xen.find(32700));
    };
    const auto created = create_and_wait();
    xen.before_call = nullptr;
    ASSERT_FALSE(created);
    EXPECT_EQ(created.error().kind(), ErrorKind::guest_failed);
    EXPECT_EQ(traces(), before);
}

TEST_F(WaitTest, counts_a_guest_as_ready_that_said_so_and_stopped_at_once) {
    guest.notifies = false;
    guest.stops_with = SHUTDOWN_poweroff;
    EXPECT_TRUE(create_and_wait());
}

TEST_F(WaitTest, times_out_and_leaves_nothing) {
    open_event_channels();
    guest.says_ready = false;
    const auto before = traces();
    const auto created = create_and_wait(60ms);
    ASSERT_FALSE(created);
    EXPECT_EQ(created.error().kind(), ErrorKind::timed_out);
    EXPECT_EQ(traces(), before);
}

TEST_F(WaitTest, takes_a_state_that_the_contract_does_not_know_for_nothing_new) {
    guest.says_ready = false;
    for (const std::uint32_t state : {2u, 3u, 0x80000001u, 0xffffffffu}) {
        const auto play = xen.on_start;
        xen.on_start = [&](fakes::Domain& domain) {
            guest.system_page(domain)->guest.state = state;
            guest.system_page(domain)->guest.answer_sequence = state;
            play(domain);
        };
        EXPECT_EQ(create_and_wait(60ms).error().kind(), ErrorKind::timed_out) << state;
        xen.on_start = play;
    }
}

TEST_F(WaitTest, is_not_stopped_from_timing_out_by_a_guest_that_sends_events_without_end) {
    guest.says_ready = false;
    xen.before_call = [&](std::string_view call) {
        if (call == "xenevtchn_unmask")
            xen.notify_from(*xen.find(32700), 1);
    };
    EXPECT_EQ(create_and_wait(60ms).error().kind(), ErrorKind::timed_out);
    xen.before_call = nullptr;
}

TEST_F(WaitTest, survives_last_words_with_hostile_indices) {
    guest.says_ready = false;
    guest.stops_with = SHUTDOWN_crash;
    const auto play = xen.on_start;
    xen.on_start = [&](fakes::Domain& domain) {
        std::memset(guest.console_page(domain), 0xff, page_size);
        play(domain);
    };
    const auto created = create_and_wait();
    xen.on_start = play;
    ASSERT_FALSE(created);
    EXPECT_EQ(created.error().kind(), ErrorKind::guest_failed);
}

} // namespace
} // namespace chaos
