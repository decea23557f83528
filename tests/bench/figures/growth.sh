#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Creation time while more and more guests are running, and what it is made up of.
about='Makes daytime guests with a vif and keeps them all: how long each takes, and of one in every step what the time goes to.
Beside them, a process that does nothing (fork_exec) and a container that does nothing (crun) in every step.'
default_stacks=chaos_noxs
source "$(dirname "$(readlink -f "$0")")/common.sh"

guests=100 step=10 references=2
if [ "$full" ]; then guests=1000 step=20 references=3; fi
[ "${stacks[*]}" != xl ] || [ "$full" ] || guests=20 step=5
guests=${most:-$guests}

reference() { # SERIES RUNNING [OPTION...] COMMAND...
    local series=$1 running=$2
    shift 2
    "$figures/series_bench" --figure "$figure" --series "$series" --template /etc/hostname --running "$running" "$@"
}

measure_references() { # RUNNING
    for _ in $(seq $references); do
        reference fork_exec "$1" --fork "$bench/nothing"
        reference crun "$1" /usr/bin/crun run --bundle "$work/bundle" nothing
    done
}

grow() { # STACK
    local stack=$1 running asked
    describe "$stack" daytime
    start_stack "$stack"
    warm_up
    for ((running = 0; running < guests; running += step)); do
        say "$stack: $running guests"
        asked=0
        if [ "$request" ]; then # half of them by the request alone
            asked=$((step / 2))
            make_guests "${stack}_request" $running $asked --template "$request" --api $chaosd_socket
        fi
        make_guests "$stack" $((running + asked)) $((step - asked - 1)) "${command[@]}"
        if [ ${#by_category[@]} -gt 0 ]; then
            make_guests "$stack" $((running + step - 1)) 1 --by-category ${preload:+--preload "$preload"} "${by_category[@]}"
        fi
        expect_waiting_guests $((running + step))
        print_memory "$stack" $((running + step))
        [ "$stack" != chaos_noxs ] || measure_references $((running + step))
    done
}

make_bundle
[ ${#stacks[@]} = 1 ] || fail 'one stack a host: its guests stay'
why=$(why_not "${stacks[0]}")
if [ "$why" ]; then
    missing "${stacks[0]}" "$why"
    case ${stacks[0]} in lightvm) missing lightvm_request "$why" ;; esac
else
    grow "${stacks[0]}"
fi
