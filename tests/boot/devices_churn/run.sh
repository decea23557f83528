#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A network and a disk come to running unikernels and go again, five hundred times each: nothing of them is left, in Xen, on
# the host, in xendevd or in the guests.
source "$(dirname "$0")/../common.sh"
source "$(dirname "$0")/../devices.sh"
rounds=500
make_bridge testbr0 10.3.0.1/24
start_xendevd --switch chaos0=10.4.0.1/24
truncate -s 1M disk.img
remember_host
remember_xendevd
empty_host=$state_before empty_xendevd=$devices_before empty_free=$free_before
resident_kib() { awk '/^VmRSS/ { print $2 }' "/proc/$xendevd_pid/status"; }

expect_ok chaos create --wait name=web kernel=$images/daytime memory=2 "vif=['bridge=testbr0,ip=10.3.0.2/24']"
expect_ok chaos create --wait name=check kernel=$images/blkcheck memory=4 'extra="mode=watch"'
networks=('bridge=testbr0 ip=10.3.0.3/24' 'bridge=chaos0 ip=10.4.0.3/24')
asked=(10.3.0.3 10.4.0.3)

# Most devices go as soon as they have come, at whatever point the guest is with them; some are used first.
churn() { # FIRST LAST
    local round which
    for ((round = $1; round <= $2; round++)); do
        which=$((round % 2))
        # shellcheck disable=SC2086  # two words
        expect_ok chaos network-attach web ${networks[which]}
        expect_ok chaos block-attach check "$work/disk.img,raw,xvda,rw"
        if [ $((round % 50)) -lt 2 ]; then
            expect_time 60 "${asked[which]}" 10.3.0.2
            wait_for 60 is_connected block check 0
        fi
        expect_ok chaos network-detach web 1
        expect_ok chaos block-detach check xvda
    done
}

step 'the first times'
churn 0 9
sleep 1
remember_host_as_it_is
remember_xendevd
resident_before=$(resident_kib)

step "$rounds times"
churn 10 $((rounds - 1))
expect_no_device_left "devices that came and went $rounds times"
grown=$(($(resident_kib) - resident_before))
echo "   xendevd has grown by $grown KiB"
[ "$grown" -le 128 ] || fail "xendevd has grown by $grown KiB"
journal=$(stat -c %s /run/chaos/devices/*.journal | sort -n | tail -n 1)
[ "$journal" -le 70000 ] || fail "a journal has grown to $journal bytes"
expect_time 60 10.3.0.2

step 'without the guests'
expect_ok chaos destroy web check
state_before=$empty_host devices_before=$empty_xendevd free_before=$empty_free
expect_no_device_left 'both guests'
finish
