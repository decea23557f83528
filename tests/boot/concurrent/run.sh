#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Many chaos at once, beside xl: names and ids stay unique, nobody waits for ever, and nothing is left.
source "$(dirname "$0")/../common.sh"
remember_host
write_config noop noop 4
printf 'type = "pvh"\nname = "of-xl"\nkernel = "%s/noop"\nmemory = 4\nshadow_memory = 1\n' "$images" >xl.cfg
at_once=16

# Runs `chaos WORD...` so many times at once, with {} in a word replaced by a number; $codes are the exit codes, sorted.
all_at_once() { # COUNT WORD...
    local count=$1 number
    local -a processes=()
    shift
    rm -f out.* err.*
    for ((number = 1; number <= count; number++)); do
        chaos "${@//\{\}/$number}" >"out.$number" 2>"err.$number" </dev/null &
        processes+=($!)
    done
    codes=()
    for number in "${processes[@]}"; do
        wait "$number"
        codes+=($?)
    done
    codes=$(printf '%s\n' "${codes[@]}" | sort -n | uniq -c | awk '{ printf "%s%d x %d", separator, $1, $2; separator = ", " }')
}
expect_codes() { # EXPECTED WHAT
    [ "$codes" = "$1" ] && return
    cat err.*
    fail "$2: the exit codes $1 (count x code) were expected, $codes were seen"
}

step "$at_once creations of different names"
all_at_once $at_once create --wait noop.cfg 'name=noop-{}'
expect_codes "$at_once x 0" 'different names'
run chaos list --json
expect_json '[.guests[] | select(.made_by_chaos)] | length == 16 and ([.[].id] | unique | length) == 16 and
    ([.[].uuid] | unique | length) == 16'
all_at_once $at_once destroy 'noop-{}'
expect_codes "$at_once x 0" 'destroying different guests'
expect_nothing_left 'concurrent creations'

step "$at_once creations of one name: one wins"
for round in 1 2 3; do
    all_at_once $at_once create --wait noop.cfg
    expect_codes "1 x 0, $((at_once - 1)) x $name_taken" "one name, round $round"
    expect_equal 'guests' 1 "$(chaos list | grep -c '^noop ')"
    all_at_once $at_once destroy noop
    [[ $codes =~ ^[0-9]+\ x\ 0(,\ [0-9]+\ x\ 5)?$ ]] || expect_codes '? x 0, ? x 5' 'destroying one guest at once'
    expect_nothing_left 'one name for all'
done

step 'reboots, renames and shutdowns of one guest at once: it is there, or gone'
expect_ok chaos create --wait noop.cfg
all_at_once 8 rename noop 'noop-{}'
# Whoever is first takes the name away from those who have not looked it up yet.
[[ $codes =~ ^[1-8]\ x\ 0(,\ [1-7]\ x\ $no_such_guest)?$ ]] || expect_codes '? x 0, ? x 5' 'renaming one guest'
expect_equal 'names after renames at once' 1 "$(find /run/chaos/names -mindepth 1 | wc -l)"
name=$(chaos list | awk '/^noop-/ { print $1 }')
all_at_once 8 reboot "$name"
for number in 1 2 3 4 5 6 7 8; do [ ! -s "err.$number" ] || sed 's/^/   /' "err.$number"; done | sort | uniq -c
run chaos list
expect_equal 'guests after reboots at once' 1 "$(grep -c "^$name " <<<"$out")"
all_at_once 8 shutdown -wF "$name"
expect_refusal $no_such_guest "$name" chaos domid "$name"
expect_nothing_left 'verbs on one guest at once'

step 'creating and destroying without rest, list and xl beside it, for 15 s'
end=$((SECONDS + 15))
churn() { # NUMBER: ends with a count of what it made
    local made=0
    while [ "$SECONDS" -lt "$end" ]; do
        chaos create --wait noop.cfg "name=churn-$1" || return 1
        chaos destroy "churn-$1" || return 1
        made=$((made + 1))
    done
    echo "$made"
}
processes=()
for number in 1 2 3 4 5; do
    churn $number >"made.$number" 2>"churn.$number" &
    processes+=($!)
done
while [ "$SECONDS" -lt "$end" ]; do
    run chaos list
    [ "$status" = 0 ] || { tell_run && fail 'list was expected to work at any time'; }
    xl create -q xl.cfg >xl.out 2>&1 && xl destroy of-xl >>xl.out 2>&1 || { cat xl.out && fail 'xl was expected to work beside chaos'; }
done
for process in "${processes[@]}"; do
    wait "$process" || { cat churn.*; fail 'creating and destroying was expected to work at any time'; }
done
echo "   creations: $(cat made.* | tr '\n' ' ')"
expect_nothing_left 'the churn'

step 'beside xl: no id is used twice, and what xl destroys is forgotten'
expect_ok chaos create --wait noop.cfg
expect_ok xl create -q xl.cfg
run chaos list
expect_equal 'a domain of xl in the list' 1 "$(awk 'NR > 2 && $1 == "-"' <<<"$out" | wc -l)"
id=$(xl domid of-xl)
expect_refusal $no_such_guest "$id|not made by chaos" chaos destroy "$id"
expect_ok chaos shutdown -aw # all of chaos, none of xl
expect_ok xl domid of-xl
expect_ok chaos create --wait -n 3 noop.cfg
for number in 1 2 3; do expect_ok xl destroy "$(chaos domid noop-$number)"; done
expect_ok chaos list
expect_equal 'guests of chaos after xl destroyed them' 0 "$(grep -c '^noop' <<<"$out")"
expect_ok xl destroy of-xl
expect_nothing_left 'guests of xl'

step 'an id that another domain has is stepped over'
printf 32690 >/run/chaos/next-domain
expect_ok chaos create --wait noop.cfg
expect_equal 'the id asked for' 32690 "$(chaos domid noop)"
cp "/run/chaos/guests/32690.json" saved
rm /run/chaos/guests/32690.json /run/chaos/names/noop # now it is a domain that chaos knows nothing of
printf 32690 >/run/chaos/next-domain
expect_ok chaos create --wait noop.cfg
expect_equal 'the next id' 32689 "$(chaos domid noop)"
expect_ok chaos destroy noop
cp saved /run/chaos/guests/32690.json
expect_ok chaos destroy 32690
expect_nothing_left 'ids in use'
finish
