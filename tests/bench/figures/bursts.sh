#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Guests made for the request that they answer, when requests come in bursts, with pools of several sizes.
about='Sends requests that do not wait for each other. For each, chaosd makes a daytime guest, which is asked the time and
destroyed: from the arrival to the whole answer. With pools of 0, 10 and 100 shells.'
default_stacks=lightvm
source "$(dirname "$(readlink -f "$0")")/common.sh"

served=0 # no two guests have one address: dom0 would go on sending to the former one's MAC address for a while
requests=60
[ ! "$full" ] || requests=500

run_bursts() { # SHELLS
    local pace
    describe lightvm daytime
    start_stack lightvm "$1"
    # Steady ones, as the paper's, and twenty at once.
    for pace in '1 25000' '1 10000' '20 500000'; do
        # shellcheck disable=SC2086  # two words
        set -- "$1" $pace
        say "$1 shells, $2 requests every $3 us"
        wait_for_pool "$1"
        "$figures/burst_bench" --series "pool_$1" --api $chaosd_socket --template "$request" --network $switch_network \
            --first $served --requests $requests --burst "$2" --interval-us "$3"
        served=$((served + requests))
    done
    stop_stack
}

why=$(why_not lightvm)
if [ "$why" ]; then
    for shells in 0 10 100; do missing pool_$shells "$why"; done
else
    for shells in 0 10 100; do run_bursts $shells; done
fi
