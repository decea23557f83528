#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Two hundred unikernels of 1 MiB on one Linux bridge: all tell the time, also while the others' TAP devices are removed.
source "$(dirname "$0")/../common.sh"
source "$(dirname "$0")/../devices.sh"
make_bridge testbr0 10.3.0.1/16
remember_neighbours testbr0
start_xendevd
remember_host
# What Xen has for dom0's mappings and ports stays as large as it once was; less than a page for each guest.
memory_tolerance_kib=600
remember_xendevd

step '200 guests'
make_daytime_guests 200 testbr0
expect_equal 'ports of the bridge' 200 "$(find /sys/class/net/testbr0/brif -mindepth 1 | wc -l)"

step 'all tell the time'
expect_time 400 "${addresses[@]}"

step 'one does while the others go'
chaos destroy "${names[@]:1}" &
expect_time 100 "${addresses[0]}"
wait $! || fail 'the others could not be destroyed'
expect_time 60 "${addresses[0]}"
expect_ok chaos destroy "${names[0]}"
expect_no_device_left '200 guests on a bridge'
finish
