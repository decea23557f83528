# SPDX-License-Identifier: BSD-3-Clause
"""What the LightVM paper (SOSP 2017) reports, on its authors' hardware: a 4-core Xeon E5-1630 v3, where not said otherwise.

Read from its text and figures, so only as exact as that: of curves, the two ends.
"""
LABEL = "LightVM paper, on their hardware"

# Creation time of the daytime unikernel while others run, ms: (guests, ms) at both ends (figure 9).
CREATION = {
    "xl": [(1, 100), (1000, 950)],
    "chaos_xs": [(1, 15), (1000, 80)],
    "chaos_xs_split": [(1, 15), (1000, 25)],
    "chaos_noxs": [(1, 8), (1000, 15)],
    "lightvm": [(1, 4.0), (1000, 4.1)],
    "fork_exec": [(1, 3.5), (1000, 3.5)],
    "crun": [(1, 200), (1000, 200)],  # Docker
}

# Of `xl create`, ms at the 1,000th guest (figure 5): the two that are said to dominate.
BREAKDOWN_XL_1000 = {"store": 610, "devices": 100}

# Create and boot, ms (figure 4); Debian is a whole jessie, xl.
BOOT = {("xl", "daytime"): (80, 3), ("xl", "linux"): (500, 1500), ("lightvm", "noop"): (2.3, None)}

# Density on a 64-core Opteron: (guests, ms) of noop guests, and of Docker containers until memory ends (figure 10).
DENSITY = {"LightVM": [(1, 5.5), (8000, 5.5)], "Docker": [(1, 150), (3000, 1000)]}

# MiB of host memory for 1,000 guests with Micropython (figure 14).
MEMORY_1000_MIB = {"unikernel": 5 * 1024, "Tinyx": 27 * 1024}

# Per cent of the machine's CPU, 1,000 idle unikernels (figure 15).
IDLE_CPU_PERCENT = 0.3

# Guests made for the first ping of a client, one client every 25 ms: median and 90th percentile, ms (section 7.2).
JUST_IN_TIME_MS = {0.5: 13, 0.9: 20}
