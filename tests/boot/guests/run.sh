#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Guests of every size and shape: memory from 256 KiB to beyond the hole below 4 GiB, 1 to 128 vCPUs, affinity.
source "$(dirname "$0")/../common.sh"
remember_host
for application in noop hello crash spin eat; do write_config "$application" "$application" 4; done

step 'a guest that never waits for an event answers all the same'
expect_ok chaos create --wait spin.cfg
expect_ok chaos reboot spin
expect_ok chaos shutdown -w spin
expect_nothing_left spin

step 'sizes of memory: as many KiB as were asked for, and they are there'
for memory in 256K 260K 1M 3M 4M 6M 64M; do
    expect_ok chaos create --wait eat.cfg "memory=$memory"
    case $memory in *K) kib=${memory%K} ;; *) kib=$((${memory%M} * 1024)) ;; esac
    run chaos list --json eat
    expect_json ".guests[0].memory_kib == $kib"
    expect_ok chaos console --dump eat
    [[ $out =~ Ate\ ([0-9]+)\ KiB\ of\ ([0-9]+)\ KiB ]] || fail "what eat found was expected, seen: $out"
    # The runtime and the pages shared with the back-ends come off, and the page tables it needs for more.
    least=$((kib - 192 - kib / 256))
    [ "${BASH_REMATCH[1]}" -ge $least ] || fail "of $kib KiB at least $least were expected to be usable: $out"
    printf '   memory=%s: %s\n' "$memory" "$out"
    expect_ok chaos destroy eat
done
expect_nothing_left 'guests of many sizes'

step 'more than 3 GiB: some of it lies above 4 GiB'
expect_ok chaos create --wait=120 eat.cfg memory=4600
run chaos list --json eat
expect_json '.guests[0].memory_kib == 4600 * 1024'
expect_ok chaos console --dump eat
[[ $out =~ Ate\ ([0-9]+)\ KiB ]] && [ "${BASH_REMATCH[1]}" -ge $((4500 * 1024)) ] ||
    fail "4500 MiB at least were expected to be usable: $out"
printf '   %s\n' "$out"
expect_ok chaos destroy eat
expect_nothing_left 'a guest of 4600 MiB'

step 'vCPUs'
for vcpus in 1 2 16 128; do
    expect_ok chaos create --wait noop.cfg "vcpus=$vcpus"
    id=$(chaos domid noop)
    run chaos list --json -l noop
    expect_json ".guests[0].config.vcpus == $vcpus"
    expect_equal "vCPUs that xl sees" "$vcpus" "$(xl vcpu-list "$id" | tail -n +2 | wc -l)"
    expect_ok chaos shutdown -w noop
done
# Of the first guests with that many vCPUs Xen keeps 0.8 MiB for itself, whichever toolstack made them.
memory_tolerance_kib=1024 expect_nothing_left 'guests of up to 128 vCPUs'
remember_host

step 'affinity'
affinity() { xl vcpu-list "$(chaos domid noop)" | awk 'NR > 1 { print $(NF - 2), $(NF - 1), $NF }' | tr '\n' ';'; }
while IFS='|' read -r settings expected; do
    IFS=' ' read -ra words <<<"$settings"
    expect_ok chaos create --wait noop.cfg vcpus=2 "${words[@]}"
    expect_equal "hard and soft affinity with $settings" "$expected" "$(affinity)"
    expect_ok chaos destroy noop
done <<'AFFINITIES'
cpus=1|1 / all;1 / all;
cpus=["0","1"]|0 / all;1 / all;
cpus=all,^0|1 / all;1 / all;
cpus_soft=1|all / 1;all / 1;
cpus=0-1 cpus_soft=["1","0"]|all / 1;all / 0;
AFFINITIES
expect_refusal $configuration 'cpus|backwards' chaos create noop.cfg 'cpus=1-0'
# Whether the host has the CPU is known by Xen alone.
expect_refusal $configuration 'affinity|cpus' chaos create noop.cfg 'cpus=200'
expect_nothing_left 'affinity'
finish
