#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The verbs that change a guest, killed before each of their system calls in turn: what is left is a guest, or none.
source "$(dirname "$0")/../common.sh"
source "$(dirname "$0")/../system_calls.sh"
remember_host
write_config noop noop 4

for verb in 'destroy noop' 'rename noop other' 'reboot noop'; do
    step "$verb, killed before system calls in turn"
    IFS=' ' read -ra words <<<"$verb"
    expect_ok chaos create --wait noop.cfg
    list_system_calls /run/chaos/guests chaos "${words[@]}"
    chaos destroy noop 2>/dev/null || chaos destroy other 2>/dev/null
    # A reboot holds a creation, which has a case of its own.
    if [ "${words[0]}" = reboot ]; then each=3; else each=1; fi
    for ((index = 0; index < ${#calls[@]}; index += each)); do
        call=${calls[index]}
        expect_ok chaos create --wait noop.cfg
        # shellcheck disable=SC2086  # a name and a number
        kill_at $call chaos "${words[@]}"
        expect_tidy "$ran"
        [ "$guests" -le 1 ] || fail "after $ran one guest at most was expected"
        if [ "$guests" = 1 ]; then
            run chaos destroy noop
            [ "$status" = 0 ] || expect_ok chaos destroy other
        fi
        expect_nothing_left "$ran"
    done
    tell_calls
done
finish
