#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A guest's life, verb by verb, as a new user would try them; every --json is read as JSON.
source "$(dirname "$0")/../common.sh"
remember_host

step 'create, and what every listing says of the guest'
write_config web noop 4
expect_ok chaos create --wait web.cfg
expect_equal 'what create prints' '' "$out$err"
expect_ok chaos list
expect_equal 'the heading' "$(xl list | head -n 1)" "$(head -n 1 <<<"$out")"
expect_equal 'the row of dom0' 'Domain-0 0' "$(awk 'NR == 2 { print $1, $2 }' <<<"$out")"
expect_equal 'the row of the guest' 'web 4 1 -b----' "$(awk '$1 == "web" { print $1, $3, $4, $5 }' <<<"$out")"
id=$(awk '$1 == "web" { print $2 }' <<<"$out")
expect_equal 'the same row of xl' "4 1 -b----" "$(xl list "$id" | awk 'NR == 2 { print $3, $4, $5 }')"
expect_ok chaos domid web
expect_equal 'domid' "$id" "$out"
expect_ok chaos domname "$id"
expect_equal 'domname' web "$out"
uuid=$(chaos list --json web | jq -r '.guests[0].uuid')
expect_text "$(xl list -v "$id")" "$uuid"
expect_ok chaos domid "$uuid"
expect_equal 'domid by UUID' "$id" "$out"

step 'the same as JSON'
expect_ok chaos list --json
expect_json '.guests | length == 2'
expect_json '.guests[] | select(.id == 0) | .name == "Domain-0" and .made_by_chaos == false and .type == "pv"'
expect_json '.guests[] | select(.name == "web") | .id == ($id | tonumber) and .uuid == $uuid and .type == "pvh" and
    .state == "blocked" and .shutdown_reason == null and .memory_kib == 4096 and .vcpus == 1 and
    .cpu_seconds >= 0 and .created_unix_ms > 1e12 and .made_by_chaos' --arg id "$id" --arg uuid "$uuid"
expect_ok chaos list -l --json web
expect_json '.guests[0].config | .memory_kib == 4096 and .kernel == "/usr/lib/chaos/unikernels/noop" and .cpus == []'
expect_ok chaos list -l
expect_json '.[] | select(.config.c_info.name == "web") | .domid == ($id | tonumber) and
    .config.b_info.max_memkb == 4096' --arg id "$id"
expect_ok chaos domid --json web
expect_json '.guests[0].id == ($id | tonumber)' --arg id "$id"
expect_ok chaos domname --json "$id"
expect_json '.guests[0].name == "web"'
expect_ok chaos info --json
expect_json '.domains == 2 and .hap and .free_memory_kib > 0 and .claimed_memory_kib == 0 and
    (.xen_version | startswith("4.17"))'
expect_ok chaos info
expect_text "$out" 'nr_domains             : 2'
expect_ok chaos version --json
expect_json '.built_for_xen == "4.17" and (.chaos | test("^[0-9]+\\.[0-9]+"))'
expect_ok chaos create --dry-run --json web.cfg name=never memory=8
expect_json '.guests[0].config.memory_kib == 8192'
expect_ok chaos create --wait --json web.cfg name=timed
expect_json '.guests[0] | .name == "timed" and .prepare_us > 0 and .execute_us > 0 and .ready_us > 0'
expect_ok chaos destroy --json timed
expect_json '.guests[0] | .asked == "timed" and .result == "destroyed"'

step 'pause and unpause'
expect_ok chaos pause web
expect_equal 'state' '-bp---' "$(state_of web | sed 's/^../-b/')"
expect_ok chaos pause web
expect_ok chaos unpause web
expect_equal 'state' '-b----' "$(state_of web)"
expect_ok chaos unpause web
expect_ok chaos pause --json web
expect_json '.guests[0].result == "paused"'
expect_ok chaos unpause --json web
expect_json '.guests[0].result == "unpaused"'

step 'rename'
expect_ok chaos rename web shop
expect_equal 'domid under the new name' "$id" "$(chaos domid shop)"
expect_refusal $no_such_guest 'web' chaos domid web
expect_ok chaos rename --json "$id" web
expect_json '.guests[0].name == "web"'
expect_refusal $usage 'a b' chaos rename web 'a b'

step 'a name that is taken, guests that do not exist'
expect_refusal $name_taken 'web|there is a guest of that name' chaos create web.cfg
expect_ok chaos create web.cfg name=other
expect_refusal $name_taken 'web' chaos rename other web
for verb in destroy pause unpause shutdown reboot console domid domname list; do
    expect_refusal $no_such_guest 'nobody' chaos "$verb" nobody
done
expect_refusal $no_such_guest '12345' chaos destroy 12345
expect_refusal $no_such_guest '' chaos destroy 01234567-89ab-cdef-0123-456789abcdef
expect_status $no_such_guest chaos destroy --json nobody
expect_json '.error.kind == "not_found" and .guests[0].error.kind == "not_found" and (.error.message | contains("nobody"))'
expect_refusal $no_such_guest 'Domain-0' chaos destroy Domain-0
expect_refusal $no_such_guest '0' chaos destroy 0
expect_status $no_such_guest chaos destroy nobody other # the failure of one does not save the other
expect_refusal $no_such_guest 'other' chaos domid other

step 'reboot keeps name and UUID'
expect_ok chaos reboot web
expect_equal 'UUID' "$uuid" "$(chaos list --json web | jq -r '.guests[0].uuid')"
[ "$(chaos domid web)" != "$id" ] || fail 'reboot was expected to give another domain id'
wait_for 5 has_state web b
expect_ok chaos reboot --json web
expect_json '.guests[0].result == "rebooted" and .guests[0].uuid == $uuid' --arg uuid "$uuid"

step 'shutdown, with and without waiting'
wait_for 5 has_state web b
expect_ok chaos shutdown web
wait_for 5 has_state web s
run chaos list --json web
expect_json '.guests[0] | .state == "shutdown" and .shutdown_reason == "poweroff"'
expect_refusal $name_taken 'web' chaos create web.cfg
expect_ok chaos reboot web # a guest that has stopped is made anew at once
wait_for 5 has_state web b
expect_ok chaos shutdown -w --json web
expect_json '.guests[0].result == "stopped"'
expect_refusal $no_such_guest 'web' chaos list web
expect_nothing_left 'shutdown -w'

step 'destroy by name, id and UUID; of several'
for by in name id uuid; do
    expect_ok chaos create --wait web.cfg
    run chaos list --json web
    expect_ok chaos destroy "$(jq -r ".guests[0].$by" <<<"$out")"
    expect_refusal $no_such_guest 'web' chaos domid web
done
expect_ok chaos create --wait web.cfg
xl destroy "$(chaos domid web)"
expect_refusal $no_such_guest 'web' chaos domid web
expect_ok chaos create --wait web.cfg # its name is free again at once
expect_ok chaos destroy web
expect_nothing_left 'destroying by name, id, UUID and with xl'

step 'the smallest guest, and one that starts paused'
expect_ok chaos create --wait web.cfg memory=256K
run chaos list --json web
expect_json '.guests[0].memory_kib == 256'
expect_ok chaos shutdown -w web
expect_ok chaos create -p web.cfg
[[ $(state_of web) == --p--- ]] || fail "a guest that starts paused was expected, its state is $(state_of web)"
expect_equal 'CPU time of a guest that never ran' 0.0 "$(chaos list web | awk 'NR == 2 { print $6 }')"
expect_ok chaos unpause web
wait_for 5 has_state web b
expect_ok chaos destroy web

step 'twenty at once'
expect_ok chaos create --wait -n 20 --json web.cfg
expect_json '[.guests[].name] == [range(1; 21) | "web-\(.)"]'
expect_json '([.guests[].uuid] | unique | length) == 20 and ([.guests[].id] | unique | length) == 20'
expect_equal 'guests in the list' 20 "$(chaos list | grep -c '^web-')"
expect_ok chaos shutdown -a -w
expect_refusal $configuration 'uuid|20' chaos create -n 20 web.cfg "uuid=$uuid"
expect_nothing_left 'twenty guests'
finish
