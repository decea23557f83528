#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Each system call and hypercall of the other verbs fails in turn: a failure is told, and the guest is not lost by it.
source "$(dirname "$0")/../common.sh"
source "$(dirname "$0")/../system_calls.sh"
remember_host
write_config noop noop 4

fail_everywhere() { # WORD...: a chaos command on guest noop
    local call ended after
    step "$*"
    expect_ok chaos create --wait noop.cfg
    list_system_calls /run/chaos/guests chaos "$@"
    run chaos destroy noop other # one of them is there, or none
    expect_ok chaos create --wait noop.cfg
    for call in "${calls[@]}"; do
        # shellcheck disable=SC2086  # a name and a number
        fail_at $call chaos "$@" || continue
        ended=$status after=$ran
        expect_tidy "$after"
        if [ "$guests" = 0 ]; then
            case $1 in destroy) ;; *) fail "the guest was expected to be there after $after" ;; esac
            expect_nothing_left "$after"
            expect_ok chaos create --wait noop.cfg
        elif [[ $ended == 0 && $1 == destroy ]]; then
            fail "the guest was expected to be gone after $after"
        fi
        # Whatever happened, the guest can be used.
        run chaos rename other noop
        [[ $1 != pause ]] || expect_ok chaos unpause noop
        [[ $(state_of noop) == -b---- ]] || wait_for 3 has_state noop b
    done
    tell_calls
    expect_ok chaos destroy noop
    expect_nothing_left "$*"
}
fail_everywhere destroy noop
fail_everywhere rename noop other
fail_everywhere pause noop
fail_everywhere list --json
finish
