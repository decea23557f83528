#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Every byte through the echo unikernel's services comes as it should, with large frames and, in little memory, with small
# ones; and while xendevd is killed.
source "$(dirname "$0")/../common.sh"
source "$(dirname "$0")/../devices.sh"
talk=$case_directory/talk.py
make_bridge testbr0 10.3.0.1/24
start_xendevd
remember_host
remember_xendevd

step 'large frames'
expect_ok chaos create --wait name=large kernel=$images/echo memory=8 "vif=['bridge=testbr0,ip=10.3.0.2/24']"
expect_ok timeout 200 "$talk" 10.3.0.2 32
echo "$out"

step 'while xendevd is killed'
timeout 200 "$talk" 10.3.0.2 8 >.talk 2>&1 &
talk_pid=$!
kill_and_restart 4
wait "$talk_pid" || { cat .talk; tell_xendevd_log; fail 'not every byte came'; }
expect_ok chaos destroy large

step 'between two guests'
expect_ok chaos create --wait name=sink kernel=$images/pktgen memory=4 "vif=['bridge=testbr0,ip=10.3.0.3/24']"
expect_ok chaos create --wait name=source kernel=$images/pktgen memory=4 "vif=['bridge=testbr0,ip=10.3.0.4/24']" \
    'extra="to=10.3.0.3 count=2000 rate=1000"'
wait_for 60 has_state source s
received() { sed -n 's/.*received \([0-9]*\) frames.*/\1/p' /var/log/chaos/sink.log | awk '{ sum += $1 } END { print sum + 0 }'; }
enough() { [ "$(received)" -ge 1000 ]; }
wait_for 20 enough
expect_ok chaos destroy source sink
expect_no_device_left 'guests that echoed'
finish
