#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# kill -9 of chaosd at random moments under load (ROUNDS of them): the next one removes what was half-made, every guest that a client was
# told of goes on, and in the end nothing is left.
source "$(dirname "$0")/../common.sh"
source "$(dirname "$0")/../daemon.sh"
rounds=${ROUNDS:-60}
remember_host
RANDOM=${SEED:-1}
printf '[flavours.web]\nmemory = 1\nkernel = "%s"\n[pools.web]\nmax = 4\n' "$images/noop" >chaos.toml
mkfifo never
exec {never}<>never

start_again() {
    chaosd --config "$PWD/chaos.toml" 2>>"$chaosd_log" </dev/null &
    chaosd_pid=$!
}
start_again
wait_for 20 chaosd_answers
touch told-1 told-2
for number in 1 2; do "$case_directory/client.py" "$chaosd_socket" "$images/noop" "$number" & done

step "$rounds deaths"
told() { # -> $count; forks nothing
    mapfile -t lines <told-1
    count=${#lines[@]}
    mapfile -t lines <told-2
    count=$((count + ${#lines[@]}))
}
for ((round = 1; round <= rounds; round++)); do
    # Every second one lives until it has made a guest, or for eight seconds.
    if ((round % 2)); then
        told
        before=$count
        for ((look = 0; look < 80; look++)); do
            read -r -t 0.1 -u "$never"
            told
            [ "$count" = "$before" ] || break
        done
    fi
    printf -v seconds '0.%06d' $((RANDOM * 10))
    read -r -t "$seconds" -u "$never"
    kill -s KILL "$chaosd_pid"
    { wait "$chaosd_pid"; } 2>/dev/null
    start_again
    ((round % 20)) || { told && echo "   $round at $SECONDS s, $count guests kept"; }
done
touch stop
wait_for 20 chaosd_answers
sleep 1

step 'every guest that somebody was told of is there and runs'
wait_for_pool 60 web '.depth == 4'
chaos list >list
while read -r name; do
    grep -q "^$name .*-b----" list || fail "guest $name is gone"
done < <(cat told-1 told-2)
told
echo "   $count guests were told of, $(grep -c '^c' list) are there"
[ "$count" -ge $((rounds / 10)) ] || fail 'that is too few to mean anything'

step 'every domain is a guest or a shell of the chaosd that runs'
domains=$(chaos info --json | jq .domains)
expect_equal 'domains' $((1 + 4 + $(grep -c '^c' list))) "$domains"
expect_equal 'names' "$(grep -c '^c' list)" "$(find /run/chaos/names -type l | wc -l)"

step 'and in the end nothing is left'
expect_ok chaos shutdown -awF
kill_chaosd TERM
expect_nothing_left "$rounds deaths"
finish
