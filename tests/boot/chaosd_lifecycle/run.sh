#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Guests that end by themselves, one for each wish; and chaos's own verbs at the same time.
source "$(dirname "$0")/../common.sh"
source "$(dirname "$0")/../daemon.sh"
remember_host
start_chaosd
gone() { ! chaos domid "$1" >/dev/null 2>&1; }
made_anew() { # NAME FORMER-ID
    local now
    now=$(chaos domid "$1" 2>/dev/null) && [ "$now" != "$2" ] && has_state "$1" b
}
write_config web noop 4
write_config bad crash 4

step 'poweroff: destroyed; and preserved if it wants that'
expect_ok chaos create --wait web.cfg
expect_ok chaos shutdown web
wait_for 10 gone web
expect_ok chaos create --wait web.cfg 'on_poweroff="preserve"'
expect_ok chaos shutdown web
wait_for 10 has_state web s
sleep 1
has_state web s || fail 'it was expected to stay'
expect_ok chaos destroy web

step 'poweroff: made anew'
expect_ok chaos create --wait web.cfg 'on_poweroff="restart"'
id=$(chaos domid web)
uuid=$(chaos list --json web | jq -r '.guests[0].uuid')
expect_ok chaos shutdown web
wait_for 10 made_anew web "$id"
expect_equal 'UUID' "$uuid" "$(chaos list --json web | jq -r '.guests[0].uuid')"

step 'chaos reboot, shutdown -w and destroy beside it'
for round in 1 2 3 4 5; do
    id=$(chaos domid web)
    expect_ok chaos reboot web
    expect_equal 'guests of that name' 1 "$(chaos list | grep -c '^web ')"
    wait_for 10 made_anew web "$id"
done
expect_ok chaos destroy web
sleep 1
gone web || fail 'a guest that was destroyed came back'
expect_ok chaos create --wait web.cfg
expect_ok chaos shutdown -w web
gone web || fail 'it was expected to be gone'

step 'crash: destroyed, kept, dumped'
expect_ok chaos create bad.cfg
wait_for 10 gone bad
expect_ok chaos create bad.cfg 'on_crash="preserve"'
wait_for 10 has_state bad c
expect_ok chaos destroy bad
expect_ok chaos create bad.cfg 'on_crash="coredump-destroy"'
wait_for 20 gone bad
core=$(echo /var/lib/chaos/dump/bad-*.core)
[ -s "$core" ] || fail "no file $core"
expect_equal 'what it is' 'ELF' "$(head -c 4 "$core" | tail -c 3)"
size=$(stat -c %s "$core")
[ "$size" -ge $((4 << 20)) ] || fail "$size bytes are too few"
for section in .xen_prstatus .xen_pages .xen_pfn; do
    grep -aqF "$section" "$core" || fail "no section $section"
done
rm -rf /var/lib/chaos/dump

step 'crash: under another name, and anew'
expect_ok chaos create bad.cfg 'on_crash="rename-restart"'
preserved() { chaos list | grep -q '^bad-20'; }
wait_for 20 preserved
chaos destroy bad 2>/dev/null
sleep 1
chaos destroy bad 2>/dev/null
for name in $(chaos list | awk '/^bad-/ { print $1 }'); do expect_ok chaos destroy "$name"; done

step 'a crash loop slows down'
expect_ok chaos create bad.cfg 'on_crash="restart"'
sleep 8
restarts=$(grep -c 'guest bad .*was made anew' "$chaosd_log")
echo "   made anew $restarts times within 8 s"
[ "$restarts" -ge 2 ] && [ "$restarts" -le 8 ] || fail "2 to 8 restarts were expected"
chaos destroy bad 2>/dev/null
sleep 0.3
chaos destroy bad 2>/dev/null
gone bad || fail 'it was expected to be gone'

# xenstored, which has the interrupt here, says nothing of a domain that it does not know.
step 'what others destroy is forgotten'
expect_ok chaos create --wait web.cfg
xl destroy "$(chaos domid web)"
record_gone() { [ -z "$(ls /run/chaos/guests)" ]; }
wait_for 30 record_gone

step 'what ended while it did not run'
kill_chaosd
expect_ok chaos create --wait web.cfg
expect_ok chaos shutdown web
wait_for 10 has_state web s
start_chaosd
wait_for 10 gone web
kill_chaosd TERM
rm -rf /var/lib/chaos/dump
expect_nothing_left 'all these ends'
finish
