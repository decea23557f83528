#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Fifteen hundred unikernels of 1 MiB on xendevd's own switch, more than a Linux bridge has ports: all tell the time, and
# the last hardly takes longer than the first.
source "$(dirname "$0")/../common.sh"
source "$(dirname "$0")/../devices.sh"
guests=1500
start_xendevd --switch chaos0=10.3.0.1/16
remember_neighbours chaos0
remember_host
remember_xendevd
# As in daytime_200.
memory_tolerance_kib=$((3 * guests))
resident_kib() { awk '/^VmRSS/ { print $2 }' "/proc/$xendevd_pid/status"; }
resident_before=$(resident_kib)

step "$guests guests"
make_daytime_guests $guests chaos0
median() { printf '%s\n' "$@" | sort -n | sed -n "$(($# / 2 + 1))p"; }
first=$(median "${took[@]:1:100}") last=$(median "${took[@]: -100}")
echo "   ms for one of the first 100: $first, of the last: $last"
[ "$last" -le $((first * 3 / 2)) ] || fail 'the last take longer than the first'
each=$((($(resident_kib) - resident_before) * 1024 / guests))
echo "   xendevd has $each bytes more in memory for each"
# The pages of guests that it has mapped are none of that; the promise is 16 KiB for a vif and a console.
[ "$each" -le 16384 ] || fail "at most 16 KiB for each were promised"

step 'all tell the time'
expect_time 900 "${addresses[@]}"

step 'one does while the others go'
chaos destroy "${names[@]:1}" &
expect_time 100 "${addresses[0]}"
wait $! || fail 'the others could not be destroyed'
expect_ok chaos destroy "${names[0]}"
expect_no_device_left "$guests guests on a switch"
finish
