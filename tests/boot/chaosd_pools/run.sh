#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Pools: filled, handed out, filled again, resized, drained, configured by file and over the API, and gone without a trace.
source "$(dirname "$0")/../common.sh"
source "$(dirname "$0")/../daemon.sh"
remember_host

step 'a file that is wrong, and one that is right'
printf '[flavours.web]\nmemory = 4\nkernel = "%s"\n[pools.web]\nmx = 4\n' "$images/noop" >chaos.toml
expect_status 1 chaosd --config chaos.toml
expect_text "$err" 'chaos.toml:5'
expect_text "$err" 'did you mean max'
expect_status 1 chaosd --config chaos.toml --check
sed -i 's/^mx/max/' chaos.toml
expect_ok chaosd --config chaos.toml --check
expect_text "$out" 'flavour web'
expect_status 2 chaosd --nonsense
expect_ok chaosd --help
expect_ok chaosd --version

step 'the pool fills itself'
start_chaosd --config "$PWD/chaos.toml"
wait_for_pool 20 web '.depth == 4 and .preparing == 0'
expect_status 1 chaosd --config chaos.toml
expect_text "$err" 'another chaosd'
expect_ok chaos list
expect_equal 'guests while there are shells only' 2 "$(wc -l <<<"$out")"

step 'a guest comes out of it'
expect_code 201 POST /v1/guests "$(body_of one noop 4096 '' ',"wait_ms":20000')"
expect_json '.hit and .pool == "web" and .name == "one"'
echo "   $(jq -c . <<<"$out")"
expect_ok chaos list one
expect_ok chaos destroy one
wait_for_pool 20 web '.depth == 4'

step 'more than it has, one after the other and many at once'
for number in {1..12}; do expect_code 201 POST /v1/guests "$(body_of "g-$number" noop 4096)"; done
wait_for_pool 20 web '.depth == 4 and .hits >= 5'
expect_equal 'guests' 12 "$(chaos list | grep -c '^g-')"
expect_code 409 POST /v1/guests "$(body_of g-1 noop 4096)"
expect_ok chaos shutdown -awF

step 'resized, drained, deleted'
expect_code 200 GET /v1/flavours/web
api PUT /v1/pools/web '{"min":0,"max":2,"per_second":0}'
wait_for_pool 20 web '.depth == 2'
api POST /v1/pools/web/drain
wait_for_pool 20 web '.depth == 0 and .draining'
expect_code 201 POST /v1/guests "$(body_of cold noop 4096)"
expect_json '.hit == false'
expect_ok chaos destroy cold
api PUT /v1/pools/web '{"min":0,"max":3,"per_second":0}'
wait_for_pool 20 web '.depth == 3'

step 'what the API said goes before the file, also after a restart'
kill_chaosd TERM
expect_equal 'exit status' 0 "$status"
start_chaosd --config "$PWD/chaos.toml"
wait_for_pool 20 web '.depth == 3 and .max == 3'
api DELETE /v1/pools/web
api GET /v1/pools/web
expect_equal 'a deleted pool' 404 "$code"
kill_chaosd TERM
rm -f /var/lib/chaos/pools.json

step 'SIGHUP takes a changed file over, and refuses a wrong one'
start_chaosd --config "$PWD/chaos.toml"
wait_for_pool 20 web '.depth == 4'
printf '[flavours.web]\nmemory = 4\nkernel = "%s"\n[pools.web]\nmax = 1\n' "$images/noop" >chaos.toml
kill -s HUP "$chaosd_pid"
wait_for_pool 20 web '.depth == 1'
echo nonsense >>chaos.toml
kill -s HUP "$chaosd_pid"
sleep 0.5
pool_has web 1 || fail 'a wrong file was expected to change nothing'
expect_text "$(cat "$chaosd_log")" 'chaos.toml:6'

step 'it ends, and nothing is left'
kill_chaosd TERM
expect_equal 'exit status' 0 "$status"
expect_nothing_left 'chaosd'
finish
