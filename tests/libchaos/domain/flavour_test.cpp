// SPDX-License-Identifier: BSD-3-Clause
// What of a configuration and a kernel decides the flavour.
#include "libchaos/domain/flavour.hpp"

#include <gtest/gtest.h>

namespace chaos {
namespace {

TEST(Flavour, only_a_pvh_guest_whose_kernel_speaks_noxs_gets_the_noxs_platform) {
    GuestConfig config;
    KernelHeaders headers;
    EXPECT_EQ(flavour_of(config, headers).platform, Platform::stock);
    headers.noxs_version = 0x10000;
    EXPECT_EQ(flavour_of(config, headers).platform, Platform::noxs);
    config.type = GuestType::pv;
    EXPECT_EQ(flavour_of(config, headers).platform, Platform::stock);
}

TEST(Flavour, a_stock_guest_of_many_vcpus_may_have_the_event_channels_it_needs_for_them) {
    GuestConfig config;
    config.vcpus = maximum_vcpus;
    const KernelHeaders stock;
    for (const GuestType type : {GuestType::pvh, GuestType::pv}) {
        config.type = type;
        EXPECT_GE(flavour_of(config, stock).max_event_channels, 6 * maximum_vcpus);
    }
    config.max_event_channels = 4000;
    EXPECT_EQ(flavour_of(config, stock).max_event_channels, 4000u);
}

TEST(Flavour, a_limit_of_event_channels_that_suffices_is_kept) {
    GuestConfig config;
    config.max_event_channels = 50;
    EXPECT_EQ(flavour_of(config, KernelHeaders{}).max_event_channels, 50u);
    KernelHeaders noxs;
    noxs.noxs_version = 0x10000;
    config.vcpus = maximum_vcpus;
    EXPECT_EQ(flavour_of(config, noxs).max_event_channels, 50u);
}

} // namespace
} // namespace chaos
