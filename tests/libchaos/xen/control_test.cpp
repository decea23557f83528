// SPDX-License-Identifier: BSD-3-Clause
// One method per hypercall: what reaches Xen, and what a refusal becomes.
#include "libchaos/xen/control.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <functional>

#include "tests/fakes/noxs_guest.hpp"
#include "tests/fakes/xen.hpp"

namespace chaos::xen {
namespace {

class ControlTest : public testing::Test {
  protected:
    ControlTest() {
        DomainSpec spec;
        spec.id = id;
        spec.handle = {1, 2, 3};
        spec.vcpus = 2;
        spec.max_event_channels = 5;
        spec.max_grant_frames = 3;
        EXPECT_TRUE(control.create_domain(spec));
    }
    fakes::Domain& domain() { return *xen.find(raw(id)); }

    static constexpr DomainId id{77};
    fakes::Xen& xen = fakes::boot();
    Control control = *Control::open();
};

TEST_F(ControlTest, makes_a_pvh_domain_that_xen_accepts) {
    EXPECT_TRUE(domain().hvm);
    EXPECT_EQ(domain().handle[2], 3);
    EXPECT_EQ(domain().max_vcpus, 2u);
    EXPECT_EQ(domain().max_event_channel, 5u);
    EXPECT_EQ(domain().max_grant_frames, 3);
    EXPECT_EQ(domain().pauses, 1);
}

TEST_F(ControlTest, makes_a_pv_domain_that_xen_accepts) {
    DomainSpec spec;
    spec.id = DomainId{78};
    spec.pvh = false;
    ASSERT_TRUE(control.create_domain(spec));
    EXPECT_FALSE(xen.find(78)->hvm);
}

TEST_F(ControlTest, tells_an_id_in_use_from_other_failures) {
    DomainSpec spec;
    spec.id = id;
    EXPECT_EQ(control.create_domain(spec).error().system_errno(), EEXIST);
    spec.id = DomainId{0x7ff0};
    EXPECT_EQ(control.create_domain(spec).error().system_errno(), EINVAL);
}

TEST_F(ControlTest, reports_every_refusal_with_its_errno) {
    const std::array<std::uint64_t, 1> gfns{0};
    const std::bitset<256> cpus(1);
    const std::pair<const char*, std::function<Result<void>()>> calls[] = {
        {"xc_domain_max_vcpus", [&] { return control.set_max_vcpus(id, 2); }},
        {"xc_domain_setmaxmem", [&] { return control.set_max_memory(id, 4096); }},
        {"xc_set_paging_mempool_size", [&] { return control.set_paging_pool(id, 65536); }},
        {"xc_domain_claim_pages", [&] { return control.claim_pages(id, 10); }},
        {"xc_domain_populate_physmap",
         [&]() -> Result<void> {
             TRY(control.populate(id, gfns, 0));
             return {};
         }},
        {"xc_evtchn_alloc_unbound",
         [&]() -> Result<void> {
             TRY(control.allocate_unbound(id, this_domain));
             return {};
         }},
        {"xc_domain_hvm_setcontext", [&] { return control.set_pvh_entry(id, 0x1000, 0x2000); }},
        {"xc_hvm_param_set", [&] { return control.set_hvm_parameter(id, HvmParameter::console_pfn, 1); }},
        {"xc_cpuid_apply_policy", [&] { return control.apply_cpuid_policy(id); }},
        {"xc_vcpu_setaffinity", [&] { return control.set_affinity(id, VcpuId{0}, &cpus, nullptr); }},
        {"xc_domain_pause", [&] { return control.pause(id); }},
        {"xc_domain_unpause", [&] { return control.unpause(id); }},
        {"xc_domain_destroy", [&] { return control.destroy(id); }},
        {"xc_domain_getinfo",
         [&]() -> Result<void> {
             TRY(control.domain_info(id));
             return {};
         }},
        {"xc_domain_getinfolist",
         [&]() -> Result<void> {
             TRY(control.domains());
             return {};
         }},
        {"xc_physinfo",
         [&]() -> Result<void> {
             TRY(control.free_memory_kib());
             return {};
         }},
    };
    for (const auto& [name, call] : calls) {
        xen.clear_calls();
        xen.fail_at(1, EBUSY);
        const auto done = call();
        ASSERT_FALSE(done) << name;
        EXPECT_EQ(done.error().system_errno(), EBUSY) << name;
        EXPECT_EQ(xen.calls(), std::vector<std::string>{name});
    }
}

TEST_F(ControlTest, reports_each_failing_call_behind_the_host_info) {
    for (std::size_t number = 1; number <= 5; ++number) {
        xen.clear_calls();
        xen.fail_at(number, EBUSY);
        const auto info = control.host_info();
        ASSERT_FALSE(info) << number;
        EXPECT_EQ(info.error().system_errno(), EBUSY) << number;
    }
    xen.fail_at(0, 0);
    EXPECT_TRUE(control.host_info());
}

TEST_F(ControlTest, returns_how_much_memory_it_got) {
    ASSERT_TRUE(control.set_max_vcpus(id, 2));
    ASSERT_TRUE(control.set_max_memory(id, 5 * 4)); // room for five pages
    const std::array<std::uint64_t, 8> gfns{0, 1, 2, 3, 4, 5, 6, 7};
    EXPECT_EQ(*control.populate(id, gfns, 0), 5u);
    EXPECT_EQ(domain().memory.size(), 5u);
}

TEST_F(ControlTest, does_not_take_the_next_domain_for_one_that_is_gone) {
    xen.add_domain(80, {8});
    EXPECT_FALSE(control.domain_info(DomainId{79})->has_value());
    EXPECT_FALSE(control.domain_info(DomainId{81})->has_value());
    EXPECT_EQ((*control.domain_info(DomainId{80}))->handle[0], 8);
}

TEST_F(ControlTest, translates_what_xen_says_of_a_domain) {
    xen.add_domain(80, {8});
    fakes::Domain& other = *xen.find(80);
    other.maximum_pages = 300;
    other.cpu_time_ns = 12345;
    other.vcpus = 3;
    DomainInfo info = **control.domain_info(DomainId{80});
    EXPECT_TRUE(info.pvh && info.blocked);
    EXPECT_FALSE(info.paused || info.shutdown || info.dying || info.running);
    EXPECT_EQ(info.max_memory_kib, 1200u);
    EXPECT_EQ(info.cpu_time_ns, 12345u);
    EXPECT_EQ(info.vcpus, 3u);
    for (const auto reason : {ShutdownReason::poweroff, ShutdownReason::reboot, ShutdownReason::suspend,
                              ShutdownReason::crash, ShutdownReason::watchdog, ShutdownReason::soft_reset}) {
        xen.shut_down(other, static_cast<std::uint8_t>(reason));
        info = **control.domain_info(DomainId{80});
        EXPECT_TRUE(info.shutdown);
        EXPECT_EQ(info.shutdown_reason, reason);
    }
    other.pauses = 1;
    EXPECT_TRUE((*control.domain_info(DomainId{80}))->paused);
}

TEST_F(ControlTest, lists_domains_batch_by_batch) {
    for (std::uint16_t number = 100; number < 100 + 254; ++number) // with dom0 and ours exactly one batch
        xen.add_domain(number, {1});
    EXPECT_EQ(control.domains()->size(), 256u);
    xen.add_domain(5000, {1});
    xen.clear_calls();
    const auto domains = *control.domains();
    ASSERT_EQ(domains.size(), 257u);
    for (std::size_t index = 1; index < domains.size(); ++index)
        EXPECT_LT(raw(domains[index - 1].id), raw(domains[index].id));
    EXPECT_EQ(xen.calls().size(), 3u);
}

TEST_F(ControlTest, hands_over_affinity_bit_by_bit) {
    xen.cpus = 12;
    ASSERT_TRUE(control.set_max_vcpus(id, 2));
    const std::bitset<256> hard(0b1001'0000'0001);
    const std::bitset<256> soft(0b1000'0000'0000);
    ASSERT_TRUE(control.set_affinity(id, VcpuId{1}, &hard, &soft));
    EXPECT_EQ(domain().hard_affinity.at(1), hard);
    EXPECT_EQ(domain().soft_affinity.at(1), soft);
    ASSERT_TRUE(control.set_affinity(id, VcpuId{0}, nullptr, &soft));
    EXPECT_FALSE(domain().hard_affinity.contains(0));
    const std::bitset<256> absent = std::bitset<256>(1) << 200;
    EXPECT_EQ(control.set_affinity(id, VcpuId{0}, &absent, nullptr).error().system_errno(), EINVAL);
}

TEST_F(ControlTest, refuses_ports_beyond_the_domains_limit) {
    for (std::uint32_t port = 1; port <= 5; ++port)
        EXPECT_EQ(raw(*control.allocate_unbound(id, this_domain)), port);
    EXPECT_EQ(control.allocate_unbound(id, this_domain).error().system_errno(), ENOSPC);
}

TEST_F(ControlTest, closes_its_handle_once) {
    const std::size_t before = xen.state().handles;
    {
        auto first = Control::open();
        const Control second = std::move(*first);
    }
    EXPECT_EQ(xen.state().handles, before);
}

} // namespace
} // namespace chaos::xen
