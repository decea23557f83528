// SPDX-License-Identifier: BSD-3-Clause
// Reads the hypervisor's clock from the shared page and the time stamp counter; no hypercall but to set the
// timer.
#include "clock.hpp"

#include "cpu.hpp"
#include "events.hpp"
#include "hypercall.hpp"
#include "power.hpp"

#include <atomic>

namespace unikernel {

namespace {

template<typename Field>
Field load(Field& field) {
    return std::atomic_ref(field).load(std::memory_order_relaxed);
}

/// Runs `read` until the hypervisor has not changed its data meanwhile: `version` is odd while it does.
template<typename Read>
std::uint64_t read_consistently(std::uint32_t& version, Read read) {
    for (;;) {
        const std::uint32_t before = std::atomic_ref(version).load(std::memory_order_acquire);
        const std::uint64_t value = read();
        std::atomic_thread_fence(std::memory_order_acquire);
        if (before % 2 == 0 && load(version) == before) {
            return value;
        }
    }
}

constinit bool timer_is_bound = false;
/// 0: for no moment. Xen runs timers that are nearly due along with others, so one may come before its moment: it must be
/// set anew then, not be believed to be still running.
constinit volatile std::uint64_t timer_is_set_for = 0;
constinit EventHandler timer_handler{[] { timer_is_set_for = 0; }};

void bind_timer() {
    evtchn_bind_virq request{.virq = VIRQ_TIMER, .vcpu = 0, .port = 0};
    if (event_channel_op(EVTCHNOP_bind_virq, &request) != 0) {
        panic("the hypervisor gave no timer");
    }
    timer_handler.bind(request.port);
    timer_is_bound = true;
}

} // namespace

std::uint64_t monotonic_ns() {
    auto& time = shared_page().vcpu_info[0].time;
    return read_consistently(time.version, [&time] {
        const std::uint64_t since = read_time_stamp_counter() - load(time.tsc_timestamp);
        const std::int8_t shift = load(time.tsc_shift);
        const std::uint64_t shifted = shift < 0 ? since >> -shift : since << shift;
        // 32.32 fixed point; the product of a long uptime exceeds 64 bits.
        __extension__ using Product = unsigned __int128;
        return load(time.system_time) +
               static_cast<std::uint64_t>(Product{shifted} * load(time.tsc_to_system_mul) >> 32);
    });
}

std::uint64_t wall_clock_ns() {
    auto& page = shared_page();
    const std::uint64_t at_start = read_consistently(page.wc_version, [&page] {
        const std::uint64_t seconds = std::uint64_t{load(page.wc_sec_hi)} << 32 | load(page.wc_sec);
        return seconds * 1'000'000'000 + load(page.wc_nsec);
    });
    return at_start + monotonic_ns();
}

void wake_by_ns(std::uint64_t deadline_ns) {
    if (!timer_is_bound) {
        bind_timer();
    }
    // A timer that is set for an earlier moment does, and setting it costs a hypercall.
    if (timer_is_set_for <= deadline_ns && timer_is_set_for > monotonic_ns()) {
        return;
    }
    // Before the call: the timer may be over when it returns.
    timer_is_set_for = deadline_ns;
    vcpu_set_singleshot_timer timer{.timeout_abs_ns = deadline_ns, .flags = 0};
    if (vcpu_op(VCPUOP_set_singleshot_timer, &timer) != 0) {
        panic("the hypervisor refused to set the timer");
    }
}

void sleep_until_ns(std::uint64_t deadline_ns) {
    wake_by_ns(deadline_ns);
    wait_until([deadline_ns] {
        const bool over = monotonic_ns() >= deadline_ns;
        if (!over) {
            wake_by_ns(deadline_ns); // the timer may have been set for an earlier moment, which came
        }
        return over;
    });
}

} // namespace unikernel
