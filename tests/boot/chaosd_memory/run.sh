#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The host's memory runs out while pools fill themselves: guests get it, shells give it back.
source "$(dirname "$0")/../common.sh"
source "$(dirname "$0")/../daemon.sh"
remember_host
free_mib=$((free_kib / 1024))
printf '[pools]\nmemory = %d\nreserve = 64\n[flavours.web]\nmemory = 64\nkernel = "%s"\n[pools.web]\nmin = 2\nmax = 10000\n' \
    "$free_mib" "$images/noop" >chaos.toml
start_chaosd --config "$PWD/chaos.toml"

step "a pool as large as the memory, $free_mib MiB"
wait_for_pool 240 web '(.trouble // "") | contains("stay free")'
depth=$(jq .depth <<<"$out")
echo "   $depth shells"
[ "$depth" -gt 5 ] || fail 'more shells were expected'
[ "$(chaos info --json | jq .free_memory_kib)" -ge 65536 ] || fail '64 MiB were to stay free'

step 'a guest that needs most of it gets it'
large=$((free_mib * 3 / 4))
expect_code 201 POST /v1/guests "$(body_of large noop $((large * 1024)))"
expect_json '.hit == false'
wait_for_pool 60 web '.depth < '"$depth"
expect_ok chaos destroy large
wait_for_pool 240 web '.depth >= '"$((depth - 2))"

step 'so does one that another program makes, once the pool has noticed'
chaos create --wait name=beside kernel=$images/noop memory=$((64 + 64)) >/dev/null 2>&1
wait_for_pool 60 web '.depth < '"$depth"
chaos destroy beside 2>/dev/null

step 'guests until there is no memory: not one is refused while there are shells'
made=0
while api POST /v1/guests "$(body_of "g-$made" noop 65536)" && [ "$code" = 201 ]; do ((++made)); done
echo "   $made guests"
expect_text "$out" 'memory'
pool_has web 0 || fail "a guest was refused while there were shells: $out"
[ "$made" -ge "$((depth - 1))" ] || fail "at least as many guests as there were shells were expected, $depth"

step 'and all comes back'
expect_ok chaos shutdown -awF
wait_for_pool 240 web '.depth >= '"$((depth - 2))"
kill_chaosd TERM
expect_nothing_left 'guests and shells'
finish
