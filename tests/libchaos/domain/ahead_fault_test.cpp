// SPDX-License-Identifier: BSD-3-Clause
// Shells prepared ahead and guests made in them, with every call failing in turn: nothing is left.
#include "tests/libchaos/domain/ahead_fixture.hpp"

namespace chaos {
namespace {

class EveryKindAhead : public AheadTest, public testing::WithParamInterface<ShellKind> {
  protected:
    /// Both phases; nothing but a guest that runs is left.
    Result<CreatedGuest> make(const ShellPlan& plan, const GuestConfig& wanted) {
        CreateOptions options;
        if (GetParam().watch)
            options.wait_ready = 10s;
        auto ready = TRY(prepare_ahead(host, plan));
        if (GetParam().watch_ahead)
            TRY(watch_ahead(host, ready).while_doing("preparing a shell"));
        return try_create_in(std::move(ready), wanted, options);
    }
};

TEST_P(EveryKindAhead, leaves_nothing_whichever_call_to_xen_fails) {
    const ShellKind& kind = GetParam();
    const GuestConfig wanted = config_of(kind);
    play(kind);
    const ShellPlan plan = plan_for(wanted, kind.hot);
    const auto before = traces();
    std::size_t failures = 0;
    for (const int errno_value : {EPERM, ENOMEM, EINVAL, ESRCH}) {
        for (std::size_t number = 1;; ++number) {
            xen.clear_calls();
            xen.fail_at(number, errno_value);
            const auto created = make(plan, wanted);
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
            EXPECT_TRUE(story.starts_with("creating guest web: ") || story.starts_with("preparing a shell: "))
                << story;
            EXPECT_EQ(traces(), before);
            if (HasFailure())
                return;
        }
    }
    EXPECT_GE(failures, 4u * 10);
}

TEST_P(EveryKindAhead, leaves_nothing_whichever_file_system_call_fails) {
    const ShellKind& kind = GetParam();
    const GuestConfig wanted = config_of(kind);
    play(kind);
    const ShellPlan plan = plan_for(wanted, kind.hot);
    const auto before = traces();
    std::size_t failures = 0;
    for (const int errno_value : {EIO, ENOSPC}) {
        for (std::size_t number = 1;; ++number) {
            system_calls::fail_at(number, errno_value);
            system_calls::start_counting();
            const auto created = make(plan, wanted);
            const auto calls = system_calls::stop_counting();
            if (created) {
                undo(*created);
                if (calls.size() < number)
                    break;
                continue;
            }
            SCOPED_TRACE("call " + std::to_string(number) + ", " + calls[number - 1]);
            ++failures;
            EXPECT_EQ(traces(), before);
            if (HasFailure())
                return;
        }
    }
    EXPECT_GT(failures, 2u * 8);
}

INSTANTIATE_TEST_SUITE_P(
    Ahead, EveryKindAhead,
    testing::Values(
        ShellKind{.name = "hot", .hot = true, .watch = true},
        ShellKind{.name = "watched_ahead", .hot = true, .watch = true, .watch_ahead = true},
        ShellKind{.name = "cold"}, ShellKind{.name = "hot_with_ramdisk", .hot = true, .ramdisk = true},
        ShellKind{.name = "hot_with_xendevd", .hot = true, .xendevd = true},
        ShellKind{.name = "hot_with_devices", .hot = true, .devices = true, .xendevd = true, .watch = true},
        ShellKind{.name = "hot_with_uuid", .hot = true, .devices = true, .xendevd = true, .uuid = true},
        ShellKind{.name = "stock", .hot = true, .noxs = false, .ramdisk = true},
        ShellKind{.name = "stock_with_devices", .hot = true, .noxs = false, .devices = true, .xendevd = true},
        ShellKind{.name = "pv", .hot = true, .noxs = false, .pv = true}),
    [](const auto& instance) { return std::string(instance.param.name); });

} // namespace
} // namespace chaos
