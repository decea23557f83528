// SPDX-License-Identifier: BSD-3-Clause
// A daemon on a Xen that exists only in the test's memory, with one guest that has pages, grants and ports.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstring>
#include <memory>
#include <span>

#include "libchaos/xen/foreign_memory.hpp"
#include "libchaos/xen/grant_table.hpp"
#include "tests/fakes/xen.hpp"
#include "xendevd/daemon.hpp"
#include "xendevd/event_loop.hpp"
#include "xendevd/log.hpp"

namespace xendevd {

class DaemonFixture : public testing::Test {
  protected:
    static constexpr chaos::DomainId guest_id{77};
    static constexpr std::uint64_t guest_pages = 1024;
    static constexpr std::uint64_t control_gfn = 3;
    static constexpr chaos::GrantReference control_reference{10};

    DaemonFixture() {
        domain.hvm = true;
        domain.max_grant_frames = 1;
        for (std::uint64_t gfn = 0; gfn < guest_pages; ++gfn) {
            domain.memory.add(gfn, *xen.memory.allocate());
            std::memset(xen.page(raw(guest_id), gfn), 0, chaos::page_size);
        }
        for (int port = 1; port <= 8; ++port) // each free for dom0 to bind
            domain.ports.push_back({true, 0, 0});
        grant(control_reference, control_gfn);
        xen.on_notify = [this](chaos::fakes::Domain&, std::uint32_t) { ++notified; };
    }
    ~DaemonFixture() override { EXPECT_TRUE(xen.complaints().empty()) << xen.complaints().front(); }

    /// The guest grants a page of its own to dom0, read-write.
    void grant(chaos::GrantReference reference, std::uint64_t gfn) {
        const chaos::xen::GrantSeed seeds[] = {{reference, chaos::this_domain, chaos::Gfn{gfn}}};
        EXPECT_TRUE(memory.seed_grants(guest_id, seeds));
    }
    std::byte* page(std::uint64_t gfn) { return xen.page(raw(guest_id), gfn); }
    /// The guest sends an event; the daemon sees to it.
    void notify(std::uint32_t port = 1) {
        xen.notify_from(domain, port);
        turn();
    }
    /// The loop takes one turn, without waiting.
    void turn() { EXPECT_TRUE(loop->turn(std::chrono::milliseconds(0))); }
    void turn_for(std::chrono::milliseconds duration) {
        const auto end = Clock::now() + duration;
        while (Clock::now() < end)
            EXPECT_TRUE(loop->turn(std::chrono::milliseconds(1)));
    }

    chaos::fakes::Xen& xen = chaos::fakes::boot();
    chaos::fakes::Domain& domain = xen.add_domain(raw(guest_id), {7});
    chaos::xen::ForeignMemory memory = *chaos::xen::ForeignMemory::open();
    chaos::xen::GrantTable grants = *chaos::xen::GrantTable::open();
    std::unique_ptr<EventLoop> loop = *EventLoop::open();
    Log log{false};
    std::size_t notified = 0; ///< events sent to the guest
    // No part that these tests make asks for networks.
    Daemon daemon{*loop, grants, log, nullptr, "/tmp"};
};

} // namespace xendevd
