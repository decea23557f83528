#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# SIGINT, SIGTERM and SIGHUP at moments spread over the whole of a creation: either all is there, or nothing.
source "$(dirname "$0")/../common.sh"
remember_host
write_config noop noop 4

# Sleeps without starting a process, which would take longer than a creation.
mkfifo never
exec {never}<>never
doze() { # MILLISECONDS
    local seconds
    printf -v seconds '%d.%03d' $(($1 / 1000)) $(($1 % 1000))
    [ "$1" = 0 ] || read -r -t "$seconds" -u "$never"
}

# Starts a command, sends it a signal after some milliseconds, and checks how it ended.
interrupt() { # SIGNAL MILLISECONDS COMMAND...
    local signal=$1 delay=$2
    shift 2
    "$@" >.out 2>.err </dev/null &
    local process=$!
    doze "$delay"
    kill -s "$signal" "$process" 2>/dev/null
    { wait "$process"; } 2>/dev/null # bash reports some of these deaths by itself
    status=$?
    read_file out .out
    read_file err .err
    ran="$* (with $signal after $delay ms)"
    case $status in
        0) finished=$((finished + 1)) ;;
        "$interrupted")
            # Before signals are caught the process just dies of them, without a word.
            [ -z "$err" ] || expect_text "$err" interrupted
            undone=$((undone + 1)) ;;
        $((128 + $(kill -l TERM))) | $((128 + $(kill -l HUP)))) undone=$((undone + 1)) ;;
        *) tell_run && fail 'success or being interrupted was expected' ;;
    esac
}
signals=(INT TERM HUP)
# Sets $whole to how long a command takes here, in ms; delays are spread over that time.
measure() {
    local started=${EPOCHREALTIME/./}
    expect_ok "$@"
    whole=$(((${EPOCHREALTIME/./} - started) / 1000))
    echo "   it takes $whole ms"
}
tell_counts() { echo "   $finished finished, $undone were undone" && finished=0 undone=0; }
finished=0 undone=0

step 'create --wait of one guest'
measure chaos create --wait noop.cfg
expect_ok chaos destroy noop
for ((round = 0; round < 45; round++)); do
    interrupt "${signals[round % 3]}" $((whole * round / 40)) chaos create --wait noop.cfg
    if [ "$status" = 0 ]; then expect_ok chaos destroy noop; else expect_nothing_left "$ran"; fi
done
expect_nothing_left 'interrupted creations'
[ $undone -ge 5 ] || fail "at least 5 of 45 creations were expected to be interrupted, $undone were"
tell_counts

step 'create -n 30: those that were made go again'
measure chaos create --wait -n 30 noop.cfg memory=256K
expect_ok chaos shutdown -aw
for ((round = 0; round < 10; round++)); do
    interrupt "${signals[round % 3]}" $((whole * round / 9)) chaos create --wait -n 30 noop.cfg memory=256K
    if [ "$status" = 0 ]; then expect_ok chaos shutdown -aw; fi
    expect_nothing_left "$ran"
done
[ $undone -ge 5 ] || fail "at least 5 of 10 creations of 30 guests were expected to be interrupted, $undone were"
tell_counts

step 'create of a large guest'
measure chaos create --wait noop.cfg memory=1000
expect_ok chaos destroy noop
for ((round = 0; round < 4; round++)); do
    interrupt INT $((whole * round / 4)) chaos create --wait noop.cfg memory=1000
    if [ "$status" = 0 ]; then expect_ok chaos destroy noop; fi
    expect_nothing_left "$ran"
done
tell_counts

step 'waiting for a guest that never gets ready ends at once'
expect_ok chaos create -p noop.cfg
for signal in "${signals[@]}"; do
    interrupt "$signal" 300 chaos shutdown -w noop
    [ "$undone" = 1 ] || { tell_run && fail 'shutdown -w of a paused guest was expected to be interrupted'; }
    interrupt "$signal" 300 chaos reboot noop
    [ "$undone" = 2 ] || { tell_run && fail 'reboot of a paused guest was expected to be interrupted'; }
    undone=0
done
expect_ok chaos destroy noop
expect_nothing_left 'waiting interrupted'
finish
