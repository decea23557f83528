#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Guests that break every promise lose their devices, and nobody else notices: a neighbour's traffic and disk go on.
source "$(dirname "$0")/../common.sh"
source "$(dirname "$0")/../devices.sh"
harms=11 rounds=2
make_bridge testbr0 10.3.0.1/24
start_xendevd
truncate -s 8M bad.img
truncate -s 16M good.img
remember_host
remember_xendevd
expect_ok chaos create --wait name=good kernel=$images/echo memory=8 "vif=['bridge=testbr0,ip=10.3.0.2/24']"
expect_ok chaos create --wait name=check kernel=$images/blkcheck memory=8 "disk=['$work/good.img,raw,xvda,rw']" \
    'extra="mode=random seconds=50"'
"$case_directory/steady.py" 10.3.0.2 60 20 >.steady 2>&1 &
steady_pid=$!

ended() { [[ $(state_of bad) == *[sc]* ]]; }
for ((seed = harms; seed < harms * (rounds + 1); seed++)); do
    expect_ok chaos create --wait=60 name=bad kernel=$images/hostile memory=4 "vif=['bridge=testbr0']" \
        "disk=['$work/bad.img,raw,xvda,rw']" "extra='seed=$seed seconds=1'"
    wait_for 60 ended
    step "$(grep -ao 'hostile: seed.*' /var/log/chaos/bad.log | tail -n 1)"
    expect_ok chaos destroy bad
    kill -0 "$xendevd_pid" || { tell_xendevd_log; fail 'xendevd did not survive'; }
done

step 'the neighbours'
wait "$steady_pid" || { cat .steady; tell_xendevd_log; fail "a neighbour's traffic was disturbed"; }
cat .steady
wait_for 120 has_state check s
wait_for 10 grep -aq SUCCESS /var/log/chaos/check.log # its last words may be on their way
expect_ok chaos destroy check good
expect_no_device_left 'hostile guests'
finish
