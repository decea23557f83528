#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Without root, without Xen's devices, in a guest: told at once and clearly, and nothing is touched.
source "$(dirname "$0")/../common.sh"
source "$(dirname "$0")/../system_calls.sh"
remember_host
chmod 755 "$work" /root
write_config noop noop 4
expect_ok chaos create --wait noop.cfg name=witness
as_nobody() { setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; }
# Runs a command where the devices of Xen are missing, closed, or something else altogether.
without_devices() { # KIND COMMAND...
    local kind=$1
    shift
    # shellcheck disable=SC2016  # expanded by the inner shell
    unshare -m sh -c '
        mount -t tmpfs none /dev/xen && umount /proc/xen || exit 99
        case $0 in
            closed) mknod -m 0 /dev/xen/privcmd c 10 99 && exec setpriv --bounding-set=-all --inh-caps=-all "$@" ;;
            foreign) touch /dev/xen/privcmd /dev/xen/hypercall ;;
        esac
        exec "$@"' "$kind" "$@"
}
verbs=(
    'create noop.cfg' 'destroy witness' 'shutdown witness' 'reboot witness' 'pause witness' 'unpause witness' list info
    'console witness' 'domid witness' 'domname 5' 'rename witness other'
)

step 'not root'
for words in "${verbs[@]}"; do
    IFS=' ' read -ra words <<<"$words"
    expect_refusal $host '/dev/xen/privcmd|Permission denied|root' as_nobody chaos "${words[@]}"
done
expect_status $host as_nobody chaos list --json
expect_json '.error.kind == "not_permitted"'

step 'no Xen'
for words in "${verbs[@]}"; do
    IFS=' ' read -ra words <<<"$words"
    expect_refusal $host "/dev/xen/privcmd|control domain" without_devices missing chaos "${words[@]}"
done
expect_status $host without_devices missing chaos list --json
expect_json '.error.kind == "not_on_xen"'
expect_refusal $host '/dev/xen/privcmd' without_devices closed chaos list
expect_status 1 without_devices foreign chaos list
expect_text "$err" 'chaos: '

step 'another Xen'
# The hypercall that asks for the version is made to answer 4.16, later 5.17.
strace -qq -o trace -e trace=ioctl chaos list >/dev/null 2>&1
asking=$(grep -n -- "= $(((4 << 16) + 17))$" trace | cut -d : -f 1)
for words in "${verbs[@]}"; do
    IFS=' ' read -ra words <<<"$words"
    tamper "retval=$(((4 << 16) + 16))" ioctl "$asking" chaos "${words[@]}"
    expect_equal "exit status of $ran" $host "$status"
    expect_text "$err" 'the hypervisor is Xen 4.16, this build is for Xen 4.17'
done
tamper "retval=$(((5 << 16) + 17))" ioctl "$asking" chaos list
expect_equal "exit status of $ran" $host "$status"

step 'what needs neither works'
for environment in 'as_nobody' 'without_devices missing'; do
    IFS=' ' read -ra environment <<<"$environment"
    expect_ok "${environment[@]}" chaos version
    expect_ok "${environment[@]}" chaos help create
    expect_ok "${environment[@]}" chaos create --dry-run "$work/noop.cfg"
    expect_text "$out" 'would create noop'
done

step 'the state of others is not for everybody'
expect_status 1 as_nobody sh -c 'cat /run/chaos/guests/*.json'
expect_equal 'mode of /run/chaos' 700 "$(stat -c %a /run/chaos)"

expect_ok chaos list witness
expect_ok chaos destroy witness
expect_nothing_left 'all refusals'
finish
