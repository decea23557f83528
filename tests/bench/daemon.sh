#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# What chaosd and its pools make of a creation. Prints JSON lines, for report.py; what is going on goes to standard error.
about='Guests made through chaosd: one request for a noop guest until it is ready, one for a daytime guest until it has answered,
and whole processes. With churn instead of a stack: how many guests are made and ended in a second,
beside containers; that means something by the wall clock only.'
default_stacks=lightvm
churn='' quick=''
case ${1-} in churn) churn=yes; shift ;; esac
case ${1-} in --quick) quick=yes; shift ;; esac
source "$(dirname "$(readlink -f "$0")")/figures/common.sh"

samples=20 seconds=10 rounds=3
[ ! "$quick" ] || samples=3 seconds=1 rounds=1

# The request, and the same that is answered when the guest is ready.
wait_for_ready() { jq -c '. + {wait_ms: 10000}' "$request" >"$work/request-ready"; }

measure_requests() {
    say 'requests for noop guests'
    describe lightvm noop
    start_stack lightvm 20
    wait_for_ready
    for _ in $(seq $((samples + 1))); do
        "$figures/series_bench" --figure daemon --series ready --template "$work/request-ready" --api $chaosd_socket
        sleep 0.2
        chaos destroy guest-0
        wait_for_pool 20
    done | tail -n +2 # the first fills caches
    say 'whole processes'
    "$bench/spawn_bench" --no-xl --name spawn_chaosd --samples $samples "$bench/nothing" $unikernels/noop
    stop_stack
}

measure_answers() {
    say 'requests for daytime guests'
    describe lightvm daytime
    start_stack lightvm 20
    wait_for_ready
    "$figures/burst_bench" --series pool_20 --api $chaosd_socket --template "$request" --network $switch_network \
        --requests $samples --interval-us 300000
    stop_stack
}

measure_churn() {
    describe lightvm noop
    start_stack lightvm 50
    wait_for_ready
    make_bundle
    for _ in $(seq $rounds); do
        say 'guests'
        "$bench/churn_bench" --name churn_chaosd --seconds $seconds --api $chaosd_socket --template "$work/request-ready"
        say 'containers'
        "$bench/churn_bench" --name churn_crun --seconds $seconds /usr/bin/crun run --bundle "$work/bundle" nothing-@N@
    done
    stop_stack
}

why=$(why_not lightvm)
[ -z "$why" ] || fail "$why"
if [ "$churn" ]; then
    measure_churn
else
    measure_answers
    measure_requests
fi
