#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# kill -9 of chaos before each of its system calls in turn: the next chaos finds every trace, and the name is free again.
# strace delivers the signal, so that no moment between two system calls is left to chance; those within one are,
# and a second sweep leaves them to chance.
source "$(dirname "$0")/../common.sh"
source "$(dirname "$0")/../system_calls.sh"
remember_host
write_config noop noop 4

step 'create, killed before every system call'
list_system_calls noop.cfg chaos create --wait noop.cfg
expect_ok chaos destroy noop
[ ${#calls[@]} -ge 40 ] || fail "more than ${#calls[@]} system calls were expected"
left=0 round=0
for call in "${calls[@]}"; do
    # shellcheck disable=SC2086  # a name and a number
    kill_at $call chaos create --wait noop.cfg
    if ((++round % 3 == 0)); then # the name can be had again at once, list or no list
        run chaos create --wait noop.cfg
        # The guest may also be there already: chaos had done everything and died at the very end.
        case $status in 0 | "$name_taken") ;; *) tell_run && fail "a creation after $ran was expected to work" ;; esac
        [ "$status" = 0 ] || left=$((left + 1))
        expect_tidy "$ran"
        expect_equal 'guests' 1 "$guests"
    elif ((round % 3 == 1)); then # it can be destroyed by its name, however far it had come
        run chaos destroy noop
        case $status in
            0) left=$((left + 1)) ;;
            *) expect_text "$err" 'there is no guest noop' ;;
        esac
        expect_tidy "destroy after a kill"
        expect_equal 'guests' 0 "$guests"
    else
        expect_tidy "$ran"
        left=$((left + guests))
    fi
    [ "$guests" = 0 ] || expect_ok chaos destroy noop
    expect_nothing_left "$ran"
done
echo "   after $left of these deaths the guest was there whole"
tell_calls

step 'create, killed at moments spread over its time, within system calls too'
mkfifo never
exec {never}<>never
started=${EPOCHREALTIME/./}
expect_ok chaos create --wait -n 10 noop.cfg memory=20
whole=$(((${EPOCHREALTIME/./} - started)))
expect_ok chaos shutdown -aw
for ((round = 0; round < 30; round++)); do
    delay=$((whole * round / 30))
    chaos create --wait -n 10 noop.cfg memory=20 >.out 2>.err </dev/null &
    process=$!
    printf -v seconds '%d.%06d' $((delay / 1000000)) $((delay % 1000000))
    [ "$delay" = 0 ] || read -r -t "$seconds" -u "$never"
    kill -s KILL "$process" 2>/dev/null
    { wait "$process"; } 2>/dev/null
    expect_tidy "kill -9 after $delay us"
    [ "$guests" = 0 ] || expect_ok chaos shutdown -awF
    expect_nothing_left "kill -9 after $delay us"
done
finish
