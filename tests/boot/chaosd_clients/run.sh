#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# 64 clients at once: each gets a guest of its own, and a name that all want goes to one.
source "$(dirname "$0")/../common.sh"
source "$(dirname "$0")/../daemon.sh"
remember_host
printf '[flavours.web]\nmemory = 1\nkernel = "%s"\n[pools.web]\nmax = 32\n' "$images/noop" >chaos.toml
start_chaosd --config "$PWD/chaos.toml"
wait_for_pool 60 web '.depth == 32'

# All requests are sent at once, by one curl.
send_64() { # NAME-OF NUMBER...
    local number config=()
    for number in {1..64}; do
        [ ${#config[@]} -eq 0 ] || config+=(--next)
        config+=(--silent --unix-socket "$chaosd_socket" --request POST --output "answer-$number" --write-out '%{http_code}\n'
            --data "$(body_of "$("$1" "$number")" noop 1024 '' ',"wait_ms":60000')" http://chaosd/v1/guests)
    done
    rm -f answer-*
    curl --parallel --parallel-immediate --parallel-max 64 "${config[@]}" >codes 2>errors
}

step '64 guests'
own_name() { echo "g-$1"; }
send_64 own_name
expect_equal 'answers' '     64 201' "$(sort codes | uniq -c)"
expect_equal 'different domains' 64 "$(cat answer-* | jq -s '[.[].id] | unique | length')"
expect_equal 'different UUIDs' 64 "$(cat answer-* | jq -s '[.[].uuid] | unique | length')"
echo "   hits: $(cat answer-* | jq -s '[.[] | select(.hit)] | length')"
expect_equal 'guests' 64 "$(chaos list | grep -c '^g-')"
expect_ok chaos shutdown -awF
wait_for_pool 60 web '.depth == 32'

step 'one name for all'
same_name() { echo web; }
send_64 same_name
expect_equal 'made' 1 "$(grep -c 201 codes)"
expect_equal 'refused' 63 "$(grep -c 409 codes)"
expect_ok chaos destroy web
wait_for_pool 60 web '.depth == 32'
kill_chaosd TERM
expect_nothing_left '128 requests'
finish
