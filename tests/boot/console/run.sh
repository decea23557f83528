#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The console: from a terminal, from a pipe, and of a guest that is dead already.
source "$(dirname "$0")/../common.sh"
remember_host

step 'from a terminal'
write_config hello hello 4 'cmdline = "a b  c"'
write_config crash crash 4
expect_ok chaos create --wait hello.cfg
PYTHONDONTWRITEBYTECODE=1 python3 "$case_directory/session.py" || fail 'the session at the terminal, see above'
has_state hello s || fail "guest hello was expected to have stopped, its state is $(state_of hello)"
has_state crashed c || fail "guest crashed was expected to have crashed, its state is $(state_of crashed)"
expect_ok chaos destroy hello crashed
expect_nothing_left 'the session'

step 'from a pipe, up to the end of the guest'
expect_ok chaos create --wait hello.cfg
printf 'first\nsecond\nquit\n' | chaos console hello >piped
expect_equal 'exit status' 0 $?
for text in 'Hello from a unikernel with' 'Command line: a b  c' first second Goodbye.; do
    expect_text "$(<piped)" "$text"
done
expect_ok chaos destroy hello

step '--dump prints what there is, and leaves'
expect_ok chaos create --wait hello.cfg
expect_ok chaos console --dump hello
expect_text "$out" 'Hello from a unikernel with'
expect_ok chaos console --dump hello
expect_equal 'a second dump' '' "$out"
expect_ok chaos destroy hello

step 'the last words of guests that crashed'
while read -r how words; do
    expect_ok chaos create crash.cfg "cmdline=$how"
    wait_for 5 has_state crash c
    run chaos list --json crash
    expect_json '.guests[0] | .state == "crashed" and .shutdown_reason == "crash"'
    expect_ok chaos console --dump crash
    expect_text "$out" "$words"
    expect_ok chaos destroy crash
done <<'WAYS'
divide trap 0: divide error
invalid-opcode trap 6: invalid opcode
general-protection trap 13: general protection fault
write-to-code trap 14: page fault
stack trap 14: page fault
panic asked for on the command line
null trap 14: page fault
WAYS
expect_ok chaos create crash.cfg
wait_for 5 has_state crash c
expect_status $guest_failed chaos console crash # to the end, which was a crash
expect_text "$out" 'trap 14: page fault'
expect_text "$err" 'guest crash crashed'
expect_ok chaos destroy crash

step 'what does not go together'
expect_refusal $usage '-c|-n' chaos create -c -n 2 hello.cfg
expect_refusal $usage '-c|--wait' chaos create -c --wait hello.cfg
expect_status $usage chaos create -c --json hello.cfg
expect_json '.error.message == "-c and --json exclude each other"'
expect_nothing_left 'all consoles'
finish
