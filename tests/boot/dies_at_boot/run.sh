#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Guests that end, or do nothing, before they say that they are up: told with their last words, and removed.
source "$(dirname "$0")/../common.sh"
remember_host
write_config crash crash 4
write_config hello hello 4

step 'a guest that crashes before it is ready'
expect_refusal $guest_failed 'creating guest crash|the guest crashed|trap 0: divide error|rip 00' \
    chaos create --wait crash.cfg 'cmdline="early divide"'
expect_refusal $no_such_guest 'crash' chaos list crash
expect_nothing_left 'a crash at boot'
expect_status $guest_failed chaos create --wait --json crash.cfg 'cmdline="early panic"'
expect_json '.error | .kind == "guest_failed" and (.advice | contains("asked for on the command line"))'
expect_nothing_left 'another crash at boot'

step 'one that crashes right after it was ready is there, and crashed'
expect_ok chaos create --wait crash.cfg
wait_for 5 has_state crash c
expect_ok chaos destroy crash

step 'one of many: none is left'
expect_refusal $guest_failed 'crash-1|the guest crashed' chaos create --wait -n 3 crash.cfg cmdline=early
expect_nothing_left 'the failure of the first of three'

step 'a guest that triple faults before it can say a word'
cp "$images/noop" nonsense
python3 "$case_directory/replace_entry.py" nonsense 0f0b # UD2
expect_refusal $guest_failed 'creating guest crash|It wrote nothing on its console' \
    chaos create --wait crash.cfg "kernel=$work/nonsense"
expect_nothing_left 'a triple fault'

step 'a guest that never says that it is up'
python3 "$case_directory/replace_entry.py" nonsense ebfe # a jump to itself
started=$SECONDS
expect_refusal $timed_out 'creating guest crash|no answer within 500 ms' \
    chaos create --wait=0.5 crash.cfg "kernel=$work/nonsense"
[ $((SECONDS - started)) -le 5 ] || fail 'half a second of waiting was expected'
expect_nothing_left 'a guest that hangs'

step 'such a guest, made without waiting, cannot be asked anything, but destroyed'
expect_ok chaos create crash.cfg "kernel=$work/nonsense"
expect_refusal $timed_out 'crash|no answer' chaos shutdown --timeout 0.5 crash
expect_refusal $timed_out 'crash|no answer' chaos reboot --timeout 0.5 crash
expect_ok chaos shutdown -F --timeout 0.5 crash
expect_ok chaos create -p crash.cfg
expect_refusal $timed_out 'crash|no answer' chaos shutdown --timeout 0.5 crash
expect_ok chaos reboot -F --timeout 0.5 crash
wait_for 5 has_state crash c
expect_ok chaos shutdown crash # it is down: there is nothing to ask for
expect_refusal $guest_failed 'crash|crashed instead of powering off|destroyed now' chaos shutdown -w crash
expect_nothing_left 'guests that do not answer'
finish
