#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Devices come to running unikernels and go again.
source "$(dirname "$0")/../common.sh"
source "$(dirname "$0")/../devices.sh"
make_bridge testbr0 10.3.0.1/24
make_bridge testbr1 10.4.0.1/24
start_xendevd
truncate -s 8M disk.img
remember_host
remember_xendevd

step 'a network comes, tells the time, and goes; twenty times'
expect_ok chaos create --wait name=web kernel=$images/daytime memory=2 "vif=['bridge=testbr0,ip=10.3.0.2/24']"
expect_time 20 10.3.0.2
for ((round = 1; round <= 20; round++)); do
    expect_ok chaos network-attach web bridge=testbr1 "ip=10.4.0.$((round + 1))/24"
    expect_time 20 "10.4.0.$((round + 1))" 10.3.0.2
    expect_ok chaos network-detach web 1
done
expect_time 20 10.3.0.2

step 'the first one goes and comes'
expect_ok chaos network-detach web 0
expect_ok chaos network-attach web bridge=testbr0 ip=10.3.0.9/24
expect_time 20 10.3.0.9
expect_ok chaos destroy web

step 'a disk comes to a guest that waits for it'
expect_ok chaos create --wait name=check kernel=$images/blkcheck memory=4 'extra="mode=write seed=3 serve"'
expect_ok chaos block-attach check "$work/disk.img,raw,xvda,rw"
succeeded() { grep -aq SUCCESS /var/log/chaos/check.log; }
wait_for 60 succeeded
expect_ok chaos block-detach check xvda
gone() { grep -aq 'taken away' /var/log/chaos/check.log; }
wait_for 20 gone
expect_ok chaos destroy check
expect_no_device_left 'devices that came and went'
finish
