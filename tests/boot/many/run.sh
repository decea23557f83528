#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Three hundred guests in one command, listed, asked, destroyed, on a host where no xenstored runs. Times are printed;
# tests/bench judges them.
source "$(dirname "$0")/../common.sh"
remember_host
write_config noop noop '"256K"'
took() { printf '   %s: %d ms\n' "$1" "$((($(date +%s%N) - started) / 1000000))"; }
begin() { started=$(date +%s%N); }

step '300 guests of 256 KiB'
look_at_host
begin
expect_ok chaos create --wait -n 300 --json noop.cfg
took 'create -n 300 --wait'
expect_json '.guests | length == 300 and ([.[].id] | unique | length) == 300 and ([.[].uuid] | unique | length) == 300'
look_at_host
each=$(((free_before - free_kib) / 300))
echo "   memory of each guest: $each KiB"
[ "$each" -le 436 ] || fail "256 KiB and at most 180 beside them were expected to be taken by each guest, not $each KiB"

step 'list, find'
begin
expect_ok chaos list
took list
expect_equal 'rows' 300 "$(grep -c '^noop-[0-9]* .*-b----' <<<"$out")"
begin
expect_ok chaos domid noop-300
took domid

step 'shut down one, reboot one, destroy the rest'
expect_ok chaos shutdown -w noop-17
expect_ok chaos reboot noop-150
begin
mapfile -t names < <(chaos list --json | jq -r '.guests[] | select(.made_by_chaos).name')
expect_ok chaos destroy "${names[@]}"
took 'destroy of 299'
expect_nothing_left '300 guests'
finish
