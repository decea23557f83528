#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Debian's own kernel as a PV guest, and PV guests that cannot be.
source "$(dirname "$0")/../common.sh"
source "$(dirname "$0")/../linux_guest.sh"
remember_host

boot_linux pv 1 128
step 'switched off from inside'
say 'poweroff -f'
wait "$console" || fail "chaos console ended with $? when the guest had switched itself off"
has_state linux s || fail "the guest was expected to have stopped, its state is $(state_of linux)"
expect_ok chaos destroy linux
expect_nothing_left 'a guest that switched itself off'

boot_linux pv 2 256
detach
step 'paused and unpaused'
expect_ok chaos pause linux
expect_ok chaos unpause linux
attach linux
say 'echo still=$((40 + 2))'
expect_heard 30 'still=42'
detach
expect_ok chaos destroy linux
expect_nothing_left 'a running guest with 2 vCPUs'

step 'what cannot be'
expect_refusal $configuration 'do not fit into 24576 KiB' chaos create linux.cfg memory=24
expect_nothing_left 'a guest too small for its kernel'
expect_refusal $out_of_memory 'KiB free' chaos create linux.cfg memory=1000000
expect_nothing_left 'a guest too large for the host'
expect_refusal $configuration 'no Xen PV support' chaos create linux.cfg "kernel=\"$images/noop\""
expect_refusal $configuration '1023' chaos create linux.cfg "cmdline=\"$(printf 'x%.0s' {1..1024})\""
printf 'not gzip, and that is fine' >odd.ramdisk
expect_ok chaos create linux.cfg "ramdisk=\"$work/odd.ramdisk\""
expect_ok chaos destroy linux
: >empty.ramdisk
expect_ok chaos create linux.cfg "ramdisk=\"$work/empty.ramdisk\""
expect_ok chaos destroy linux
expect_nothing_left 'all of them'
finish
