#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A unikernel verifies its disk: in order, at random, read-only, and while xendevd is killed. dom0 computes the same sum.
source "$(dirname "$0")/../common.sh"
source "$(dirname "$0")/../devices.sh"
start_xendevd
truncate -s 32M disk.img
remember_host
remember_xendevd

start_check() { # ACCESS WORDS
    rm -f /var/log/chaos/check.log
    expect_ok chaos create --wait=60 name=check kernel=$images/blkcheck memory=8 "disk=['$work/disk.img,raw,xvda,$1']" "extra='$2'"
}
said() { grep -a "$1" /var/log/chaos/check.log; }
expect_end() { # STATE WHAT-IT-SAYS
    wait_for 150 has_state check "$1"
    wait_for 5 said "$2"
    expect_ok chaos destroy check
}
expect_same_sum() {
    expect_text "$(said SUCCESS)" "crc32 $(python3 -c 'import sys, zlib; print(hex(zlib.crc32(open(sys.argv[1], "rb").read())))' disk.img)"
}

step 'writes, flushes, reads back'
start_check rw 'mode=write seed=5'
expect_end s SUCCESS
expect_same_sum

step 'another guest finds it again, read-only'
start_check ro 'mode=verify seed=5'
expect_end s SUCCESS

step 'and not what is not there'
start_check ro 'mode=verify seed=6'
expect_end c FAILED

step 'at random'
start_check rw 'mode=random seed=7 seconds=3'
expect_end s SUCCESS
expect_same_sum

step 'while xendevd is killed'
start_check rw 'mode=random seed=8 seconds=10'
kill_and_restart 5
expect_end s SUCCESS
expect_same_sum

step 'discards'
start_check rw 'mode=discard'
expect_end s SUCCESS
expect_equal 'blocks that the image still has' 0 "$(stat -c %b disk.img)"
expect_no_device_left 'disks that were checked'
finish
