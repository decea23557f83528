// SPDX-License-Identifier: BSD-3-Clause
// A process killed at any instant of a creation: the next one finds either the whole guest or nothing of it.
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>

#include "libchaos/domain/ahead.hpp"
#include "libchaos/domain/lifecycle.hpp"
#include "tests/fakes/system_calls.hpp"
#include "tests/libchaos/domain/host_fixture.hpp"
#include "tests/libchaos/state/samples.hpp"

namespace chaos {
namespace {

using namespace std::chrono_literals;

/// What the hypervisor still holds of a process that is gone: the pretend one dies with it, so it is noted
/// here.
struct Remains {
    bool domain;
    std::uint8_t handle[16];
};

class KilledTest : public test::HostTest {
  protected:
    ~KilledTest() override { ::munmap(remains, sizeof *remains); }

    /// Runs a creation in another process that `arrange` dooms; true if it was killed.
    bool create_in_a_process(const std::function<void()>& arrange) {
        *remains = {};
        const pid_t child = ::fork();
        if (child == 0) {
            note_remains_before_each_call();
            arrange();
            ::_exit((is_ahead ? create_in_a_shell() : create_at_once()) ? 0 : 1);
        }
        int status = 0;
        EXPECT_EQ(::waitpid(child, &status, 0), child);
        if (remains->domain) {
            std::array<std::uint8_t, 16> handle;
            std::memcpy(handle.data(), remains->handle, handle.size());
            xen.add_domain(32700, handle);
        }
        if (WIFSIGNALED(status))
            return true;
        EXPECT_EQ(WEXITSTATUS(status), 0);
        return false;
    }

    bool create_at_once() {
        CreateOptions options;
        options.wait_ready = 10s;
        return try_create(config(), options).has_value();
    }
    /// With a UUID of the guest's own, so that the domain's handle changes meanwhile.
    bool create_in_a_shell() {
        GuestConfig wanted = config();
        wanted.uuid = Uuid::parse("01234567-89ab-4cde-8f01-23456789abcd").value();
        const Kernel kernel = *Kernel::open(wanted.kernel, directory / "cache");
        ShellPlan plan;
        plan.shape = wanted;
        plan.kernel = &kernel;
        plan.hot = true;
        auto shell = prepare_ahead(host, plan);
        if (!shell)
            return false;
        auto guest_made = create_in(host, std::move(*shell), wanted, kernel, {});
        if (guest_made)
            guest_made->started.keep();
        return guest_made.has_value();
    }

    void expect_all_or_nothing() {
        const auto guests = list(host);
        ASSERT_TRUE(guests) << guests.error().story();
        if (guests->size() == 1) {
            EXPECT_EQ(xen.find(32700), nullptr);
            EXPECT_TRUE(test::contents_of(state_directory()).empty());
            std::filesystem::remove(state_directory() + "/next-domain");
            create_guest();
        } else {
            EXPECT_EQ(guests->back().name(), "web") << "a domain was left without its record";
            EXPECT_EQ(try_create(config()).error().kind(), ErrorKind::name_taken);
            ++whole_guests;
        }
        ASSERT_TRUE(destroy(host, find_guest("web")));
        EXPECT_TRUE(test::contents_of(state_directory()).empty());
        std::filesystem::remove(state_directory() + "/next-domain");
    }

    void note_remains_before_each_call() {
        xen.before_call = [this](std::string_view) {
            const fakes::Domain* domain = xen.find(32700);
            remains->domain = domain != nullptr;
            if (domain)
                std::memcpy(remains->handle, domain->handle.data(), sizeof remains->handle);
            if (xen.calls().size() == fatal_call)
                ::kill(::getpid(), SIGKILL);
        };
    }

    Remains* remains = static_cast<Remains*>(
        ::mmap(nullptr, sizeof(Remains), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
    std::size_t fatal_call = 0;
    bool is_ahead = false; ///< the guest is made in a shell
    int whole_guests = 0;
};

class KilledAtEveryCall : public KilledTest, public testing::WithParamInterface<bool> {};

TEST_P(KilledAtEveryCall, leaves_a_whole_guest_or_nothing_whichever_call_to_xen_is_its_last) {
    is_ahead = GetParam();
    std::size_t number = 1;
    for (;; ++number) {
        SCOPED_TRACE("killed at call " + std::to_string(number));
        const bool killed = create_in_a_process([&] {
            xen.clear_calls();
            fatal_call = number;
        });
        expect_all_or_nothing();
        if (!killed || HasFailure())
            break;
    }
    EXPECT_GT(number, 15u);
    EXPECT_GE(whole_guests, 2) << "recorded before its maker was killed, and not killed at all";
}

TEST_P(KilledAtEveryCall, leaves_a_whole_guest_or_nothing_whichever_file_system_call_is_its_last) {
    is_ahead = GetParam();
    std::size_t number = 1;
    for (;; ++number) {
        SCOPED_TRACE("killed at call " + std::to_string(number));
        const bool killed = create_in_a_process([&] {
            fakes::system_calls::die_at(number);
            fakes::system_calls::start_counting();
        });
        expect_all_or_nothing();
        if (!killed || HasFailure())
            break;
    }
    EXPECT_GT(number, 12u);
}

INSTANTIATE_TEST_SUITE_P(Create, KilledAtEveryCall, testing::Bool(), [](const auto& instance) {
    return std::string(instance.param ? "in_a_shell" : "at_once");
});

} // namespace
} // namespace chaos
