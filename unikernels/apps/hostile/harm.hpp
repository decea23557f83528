// SPDX-License-Identifier: BSD-3-Clause
// The ways to do harm.
#pragma once

#include "victim.hpp"

struct Harm {
    const char* name;
    /// Whether it begins like a good guest, with an offer that can be served.
    bool after_good_offer;
    /// A little of it; called again and again.
    void (*once)(const Victim& victim, Dice& dice);
};

std::span<const Harm> all_harms();
