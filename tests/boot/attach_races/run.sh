#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Many at once attach to one guest and detach from it, and chaos is killed before each of its system calls at that: xendevd
# and the record agree, doing it again works, and nothing is left.
source "$(dirname "$0")/../common.sh"
source "$(dirname "$0")/../devices.sh"
source "$(dirname "$0")/../system_calls.sh"
remember_host
make_bridge testbr0 10.1.0.1/24
start_xendevd
remember_xendevd
write_config web daytime 4 "vif = ['bridge=testbr0,ip=10.1.0.2/24']"
head -c 1M /dev/zero >disk.img
mac=00:16:3e:00:00:07
at_once=6

# Runs one command per line of standard input at once; $codes are the exit codes, in their order.
all_at_once() {
    local number=0 process
    local -a words processes=()
    rm -f out.* err.*
    while read -ra words; do
        "${words[@]}" >"out.$number" 2>"err.$number" </dev/null &
        processes+=($!)
        number=$((number + 1))
    done
    codes=''
    for process in "${processes[@]}"; do
        wait "$process"
        codes+=" $?"
    done
}
times() { # COUNT WORD...: so many lines of them
    local count=$1
    shift
    for ((; count > 0; count--)); do echo "$*"; done
}
expect_codes() { # EXPECTED WHAT: a pattern
    # shellcheck disable=SC2053  # a pattern it is
    [[ $codes == $1 ]] && return
    cat err.*
    tell_xendevd_log
    fail "$2: exit codes $1 were expected, $codes were seen"
}
zeros=$(printf ' 0%.0s' $(seq $at_once))

# The guest has so many devices of a kind, all served: what is only recorded would be shown as absent.
expect_devices() { # network|block COUNT
    expect_ok chaos "$1-list" --json web
    expect_json '.guests[0].devices | length == $count and all(.state != "absent") and ([.[].id] | unique | length) == $count' \
        --argjson count "$2"
}

step "$at_once at once attach to one guest, and detach"
expect_ok chaos create --wait web.cfg
all_at_once < <(times $at_once chaos network-attach web bridge=testbr0)
expect_codes "$zeros" 'attaching at once'
expect_devices network $((at_once + 1))
for ((id = 1; id <= at_once; id++)); do wait_for 10 is_connected network web $id; done
all_at_once < <(for ((id = 1; id <= at_once; id++)); do echo "chaos network-detach web $id"; done)
expect_codes "$zeros" 'detaching at once'
expect_devices network 1
all_at_once < <(times $at_once chaos network-attach web bridge=testbr0 mac=$mac)
expect_equal 'how many attached one MAC address' 1 "$(grep -o ' 0' <<<"$codes" | wc -l)"
expect_devices network 2
all_at_once < <(times $at_once chaos network-detach web $mac)
expect_equal 'how many detached one vif' 1 "$(grep -o ' 0' <<<"$codes" | wc -l)"
expect_devices network 1
expect_time 10 10.1.0.2

step 'the guest is destroyed while devices come'
for round in 1 2 3; do
    all_at_once < <(times 2 chaos network-attach web bridge=testbr0
        echo "chaos block-attach web $work/disk.img,raw,xvda,r"
        echo 'chaos destroy web'
        times 2 chaos network-attach web bridge=testbr0)
    expect_codes ' * * * 0 * *' 'destroying while attaching'
    expect_no_device_left "destroying while attaching, round $round"
    expect_ok chaos create --wait web.cfg
done

# Runs the verb, killed before each EACHth of its system calls, then again: it succeeds then, or had been done, and the guest
# has so many devices of that kind.
sweep() { # EACH network|block COUNT PREPARATION VERB UNDOING: the last three are words of chaos, or nothing
    local each=$1 kind=$2 count=$3 index call killed
    local -a prepare verb undo
    read -ra prepare <<<"$4"
    read -ra verb <<<"$5"
    read -ra undo <<<"$6"
    step "after ${4:-nothing}: ${verb[0]}, killed before system calls in turn"
    [ ${#prepare[@]} = 0 ] || expect_ok chaos "${prepare[@]}"
    list_system_calls /run/chaos/guests chaos "${verb[@]}"
    [ ${#undo[@]} = 0 ] || expect_ok chaos "${undo[@]}"
    remember_host_as_it_is
    remember_xendevd
    for ((index = 0; index < ${#calls[@]}; index += each)); do
        call=${calls[index]}
        [ ${#prepare[@]} = 0 ] || expect_ok chaos "${prepare[@]}"
        # shellcheck disable=SC2086  # a name and a number
        kill_at $call chaos "${verb[@]}"
        killed=$ran
        run chaos "${verb[@]}"
        case $err in '' | *already* | *'has no vif'* | *'has no disk'*) ;; *) tell_run && fail "after $killed it was expected to work" ;; esac
        expect_devices "$kind" "$count"
        [ ${#undo[@]} = 0 ] || expect_ok chaos "${undo[@]}"
        expect_no_device_left "$killed"
    done
    tell_calls
}
attach="network-attach web bridge=testbr0 mac=$mac" detach="network-detach web $mac"
expect_ok chaos destroy web
sweep 4 network 2 'create --wait web.cfg' "$attach" 'destroy web' # the guest gets a place for it, too
expect_ok chaos create --wait web.cfg
for verb in attach detach; do expect_ok chaos ${!verb}; done # the place is there, and used again
sweep 3 network 2 '' "$attach" "$detach"
sweep 3 network 1 "$attach" "$detach" ''
attach="block-attach web $work/disk.img,raw,xvda,w" detach='block-detach web xvda'
sweep 5 block 1 '' "$attach" "$detach"
sweep 5 block 0 "$attach" "$detach" ''
expect_time 10 10.1.0.2
expect_ok chaos destroy web
finish
