#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Somebody sets the clock, forwards and backwards: pools fill themselves, guests are waited for, ends are noticed.
source "$(dirname "$0")/../common.sh"
source "$(dirname "$0")/../daemon.sh"
remember_host
printf '[flavours.web]\nmemory = 1\nkernel = "%s"\n[pools.web]\nmax = 4\nper_second = 20\n' "$images/noop" >chaos.toml
start_chaosd --config "$PWD/chaos.toml"
wait_for_pool 20 web '.depth == 4'
for jump in '+1 year' '-2 years' '+3 days' '1971-01-01' '2037-12-31'; do
    step "the clock is set: $jump"
    expect_ok date --set "$jump"
    expect_code 201 POST /v1/guests "$(body_of web noop 1024 '' ',"wait_ms":30000')"
    expect_json '.hit'
    expect_ok chaos shutdown web
    expect_ok date --set '+1 hour'
    deadline=0
    while chaos domid web >/dev/null 2>&1; do
        ((++deadline < 100)) || fail 'chaosd did not notice that the guest powered off'
        sleep 0.1
    done
    pool_tries=0
    until pool_is web '.depth == 4'; do
        ((++pool_tries < 100)) || fail 'the pool did not fill itself again'
        sleep 0.1
    done
done
kill_chaosd TERM
expect_nothing_left 'clocks set'
finish
