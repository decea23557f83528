#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Trouble with what devices lead to: a file system is full, an image or a bridge goes. The guest concerned is told, xendevd
# and the other guests go on. (What is missing or taken from the start, devices_cli has.)
source "$(dirname "$0")/../common.sh"
source "$(dirname "$0")/../devices.sh"
remember_host
make_bridge testbr0 10.1.0.1/24
start_xendevd
remember_xendevd
write_config web daytime 4 "vif = ['bridge=testbr0,ip=10.1.0.2/24']"
mkdir small
mount -t tmpfs -o size=4M none small || fail 'no file system to fill'
expect_ok chaos create --wait web.cfg

# Writes all of a disk of 16 MiB; ends in that state, having said that.
check_disk() { # STATE TEXT
    rm -f /var/log/chaos/check.log
    expect_ok chaos create --wait=60 name=check kernel=$images/blkcheck memory=8 \
        "disk=['$work/small/disk.img,raw,xvda,rw']" "extra='mode=write'"
    wait_for 60 has_state check "$1"
    wait_for 5 grep -aq "$2" /var/log/chaos/check.log
}

step 'the file system of an image is full'
truncate -s 16M small/disk.img
check_disk c 'FAILED.*writing'
expect_ok chaos block-list --json check
expect_json '.guests[0].devices[0] | .state == "connected" and .counters.errors > 0'
expect_time 10 10.1.0.2
expect_ok chaos destroy check

step 'there is room again'
mount -o remount,size=32M small || fail 'the file system does not grow'
check_disk s SUCCESS
expect_ok chaos block-list --json check
expect_json '.guests[0].devices[0].counters.errors == 0'
expect_ok chaos destroy check

step 'an image is gone when xendevd comes again'
truncate -s 1M small/second.img
second="$work/small/second.img,raw,xvda,r"
expect_ok chaos block-attach web "$second"
mv small/second.img small/away.img
kill_xendevd
start_xendevd
grep -q 'second.img' "$xendevd_log" || fail 'xendevd was expected to tell what it could not open'
expect_time 10 10.1.0.2
expect_ok chaos block-list --json web
expect_json '.guests[0].devices | length == 1 and .[0].state == "absent"'
expect_failure 'second.img' chaos block-attach web "$second"
mv small/away.img small/second.img
expect_ok chaos block-attach web "$second"
expect_ok chaos block-list --json web
expect_json '.guests[0].devices | length == 1 and .[0].state == "waiting"'
expect_ok chaos block-detach web xvda
kill_xendevd
start_xendevd
expect_ok chaos block-list --json web
expect_json '.guests[0].devices == []'

step 'a bridge goes under a guest'
make_bridge testbr1 10.2.0.1/24
expect_ok chaos network-attach web mac=00:16:3e:00:00:07 bridge=testbr1
wait_for 10 is_connected network web 1
ip link del testbr1
expect_failure 'there is no bridge testbr1' chaos network-attach web bridge=testbr1
expect_time 10 10.1.0.2
kill_xendevd
start_xendevd
expect_time 10 10.1.0.2
expect_equal 'state of a vif whose bridge is gone' absent "$(device_fact network web 1 state)"
make_bridge testbr1 10.2.0.1/24
expect_ok chaos network-attach web mac=00:16:3e:00:00:07 bridge=testbr1
wait_for 10 is_connected network web 1
expect_ok chaos network-detach web 1
ip link del testbr1
expect_ok chaos destroy web
umount small || fail 'the file system is still in use'
expect_no_device_left 'trouble'
finish
