#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Too little memory, in the hypervisor, in dom0, in /run: told as that, at whatever step it runs out, and all undone.
source "$(dirname "$0")/../common.sh"
remember_host
write_config noop noop 4

step 'a guest larger than the host, and more guests than it can hold'
expect_refusal $out_of_memory 'creating guest noop|free' chaos create noop.cfg memory=100000
expect_nothing_left 'a guest that is too large'
expect_refusal $out_of_memory 'creating guest noop-|free|guests made so far were destroyed again' \
    chaos create -n 100 noop.cfg memory=400
expect_nothing_left 'a hundred guests of which only some fit'
expect_status $out_of_memory chaos create --json noop.cfg memory=100000
expect_json '.error.kind == "out_of_memory"'

step 'two that race for the same memory: it is claimed before it is used'
half=$((free_before * 6 / 10 / 4 * 4))
chaos create noop.cfg name=left "memory=${half}K" 2>left.err &
left=$!
run chaos create noop.cfg name=right "memory=${half}K"
right_status=$status
wait "$left"
left_status=$?
case "$left_status $right_status" in
    "0 $out_of_memory" | "$out_of_memory 0") ;;
    *) cat left.err && tell_run && fail "one was expected to win, they ended with $left_status and $right_status" ;;
esac
run chaos destroy left right
expect_nothing_left 'a race'

step 'memory that runs out at every step of a creation'
# One guest takes nearly all there is, another so much of the rest that a little more is left each time.
expect_ok chaos create noop.cfg name=big "memory=$(((free_before - 32768) / 4 * 4))K"
refused=0 made=0
for ((left_over = 0; left_over <= 5600; left_over += 400)); do
    expect_ok chaos create -p noop.cfg name=ballast
    look_at_host
    expect_ok python3 "$case_directory/take_memory.py" "$(chaos domid ballast)" $(((free_kib - left_over) / 4))
    remember_host_as_it_is
    run chaos create --wait noop.cfg
    case $status in
        "$out_of_memory") refused=$((refused + 1)) && expect_text "$err" 'creating guest noop' ;;
        0) made=$((made + 1)) && expect_ok chaos destroy noop ;;
        *) tell_run && fail "too little memory was expected to be called that, with $free_before KiB free" ;;
    esac
    [ -z "$err" ] || printf '   %5d KiB free: %s\n' "$free_before" "${err%%$'\n'*}"
    expect_nothing_left "a creation with $free_before KiB free"
    expect_ok chaos destroy ballast
done
echo "   $refused creations refused, $made made"
[ "$refused" -ge 10 ] && [ "$made" -ge 1 ] || fail 'some were expected to be refused and some to be made'
expect_ok chaos destroy big

step 'dom0 has too little memory for chaos'
remember_host
with_address_space() { (ulimit -v "$1" && shift && exec "$@"); } # KIB COMMAND...
enough=100000 too_little=1000 # for the program to start at all
while [ $((enough - too_little)) -gt 4 ]; do
    middle=$(((enough + too_little) / 2))
    if with_address_space $middle chaos version >/dev/null 2>&1; then enough=$middle; else too_little=$middle; fi
done
ended=()
for ((kib = enough; kib < enough + 240; kib += 8)); do
    run with_address_space $kib chaos create --wait -n 2 noop.cfg
    case $status in
        0) expect_ok chaos destroy noop-1 noop-2 ;;
        "$out_of_memory" | "$failure" | "$host") expect_text "$err" 'chaos: ' ;;
        *) tell_run && fail "with $kib KiB of address space, success or a told failure was expected" ;;
    esac
    ended+=("$status")
    expect_nothing_left "a creation by a chaos of $kib KiB"
done
echo "   exit codes from $enough KiB of address space on: ${ended[*]}"
[ "$status" = 0 ] || fail "240 KiB more than $enough KiB were expected to be enough"

step '/run is full'
with_small_run() { # MOUNT-OPTIONS COMMAND...: in a /run/chaos of its own
    # shellcheck disable=SC2016  # expanded by the inner shell
    unshare -m sh -c 'mount -t tmpfs -o "mode=700,$0" none /run/chaos && "$@"; status=$?
        ls -A /run/chaos/guests /run/chaos/names >/root/small-run-holds 2>&1; exit $status' "$@"
}
for limits in size={4,8,12,16,24,32,48,64}k nr_inodes={2,3,4,5,6,7,8,9,12}; do
    run with_small_run "$limits" chaos create -n 20 noop.cfg memory=256K
    [ "$status" = "$failure" ] || { tell_run && fail "a /run/chaos with $limits was expected to be too small"; }
    expect_text "$err" 'No space left on device'
    grep -q '^[0-9n]' /root/small-run-holds && { cat /root/small-run-holds; fail "nothing was expected in a full /run/chaos"; }
    expect_nothing_left "a creation with a /run/chaos of $limits"
done
run with_small_run ro chaos create noop.cfg
expect_equal 'status with a read-only /run/chaos' $failure "$status"
expect_text "$err" 'Read-only file system'
expect_nothing_left 'a read-only /run/chaos'
finish
