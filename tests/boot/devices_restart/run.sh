#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# xendevd is killed and started again and again while unikernels talk over TCP and work on disks: every byte comes, every
# block is right, on bridges and on its own switch, and a kill while devices come and go leaves none of them behind.
source "$(dirname "$0")/../common.sh"
source "$(dirname "$0")/../devices.sh"
talk=$(dirname "$0")/../echo/talk.py
options=(--switch chaos0=10.4.0.1/24)
make_bridge testbr0 10.3.0.1/24
truncate -s 16M first.img second.img
start_xendevd "${options[@]}"
remember_host
remember_xendevd

step 'guests under load'
expect_ok chaos create --wait name=bridged kernel=$images/echo memory=8 "vif=['bridge=testbr0,ip=10.3.0.2/24']"
expect_ok chaos create --wait name=switched kernel=$images/echo memory=8 "vif=['bridge=chaos0,ip=10.4.0.2/24']"
for disk in first second; do
    expect_ok chaos create --wait=60 name=$disk kernel=$images/blkcheck memory=8 \
        "disk=['$work/$disk.img,raw,xvda,rw']" 'extra="mode=random seed=9 seconds=20"'
done
talking=()
for address in 10.3.0.2 10.4.0.2; do
    timeout 400 "$talk" $address 8 >".talk.$address" 2>&1 &
    talking+=($!)
done

step 'killed twelve times'
kill_and_restart 12 "${options[@]}"
for index in 0 1; do
    wait "${talking[index]}" || { cat .talk.*; tell_xendevd_log; fail 'not every byte came'; }
done

step 'the disks'
for disk in first second; do
    wait_for 300 has_state $disk s
    said=$(grep -a SUCCESS "/var/log/chaos/$disk.log") || { tell_xendevd_log; fail "the disk of $disk is not as it should be"; }
    expect_text "$said" "crc32 $(python3 -c 'import sys, zlib; print(hex(zlib.crc32(open(sys.argv[1], "rb").read())))' $disk.img)"
    expect_ok chaos destroy $disk
done

step 'killed while devices come and go'
for ((round = 1; round <= 10; round++)); do
    { run chaos network-attach bridged bridge=testbr0; } &
    attaching=$!
    kill_and_restart 1 "${options[@]}"
    wait $attaching
    # Whether it came or not, it can be taken away, and made again.
    run chaos network-detach --force bridged 1
    expect_ok chaos network-attach bridged bridge=testbr0
    expect_ok chaos network-detach --force bridged 1
done
expect_ok timeout 200 "$talk" 10.3.0.2 1
expect_ok chaos destroy bridged switched
expect_no_device_left 'a xendevd that was killed'
finish
