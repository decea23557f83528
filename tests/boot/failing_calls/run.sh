#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Each system call and hypercall of a creation fails in turn, on a real Xen: chaos says what failed and undoes all of it.
source "$(dirname "$0")/../common.sh"
source "$(dirname "$0")/../system_calls.sh"
remember_host
write_config noop noop 4

step 'create --wait'
list_system_calls noop.cfg chaos create --wait noop.cfg
expect_ok chaos destroy noop
tried=0 refused=0
for call in "${calls[@]}"; do
    # shellcheck disable=SC2086  # a name and a number
    fail_at $call chaos create --wait noop.cfg || continue
    tried=$((tried + 1)) ended=$status after=$ran
    if [ "$ended" = 0 ]; then expect_ok chaos destroy noop; else refused=$((refused + 1)); fi
    expect_nothing_left "$after" # and no list was needed to clear it up
    [ "$ended" = 0 ] || [[ $call != ioctl* ]] || printf '   %-9s %s\n' "$call" "$(head -n 1 .err)"
done
echo "   $tried of ${#calls[@]} system calls failed; $refused times create did, the other times it could do without"
[ "$refused" -ge 30 ] || fail 'more of the calls were expected to be needed'

step 'create -n 3: what was made before the failure goes too'
list_system_calls noop.cfg chaos create -n 3 noop.cfg
expect_ok chaos shutdown -aw
for ((index = ${#calls[@]} / 3; index < ${#calls[@]}; index += 7)); do
    # shellcheck disable=SC2086
    fail_at ${calls[index]} chaos create -n 3 noop.cfg || continue
    [ "$status" != 0 ] || expect_ok chaos shutdown -aw
    expect_nothing_left "$ran"
done
finish
