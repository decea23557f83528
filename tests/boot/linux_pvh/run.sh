#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Debian's own kernel as a PVH guest: nothing of it is patched, and no xenstored knows it.
source "$(dirname "$0")/../common.sh"
source "$(dirname "$0")/../linux_guest.sh"
remember_host

boot_linux pvh 1 128
step 'switched off from inside'
say 'poweroff -f'
wait "$console" || fail "chaos console ended with $? when the guest had switched itself off"
has_state linux s || fail "the guest was expected to have stopped, its state is $(state_of linux)"
expect_ok chaos destroy linux
expect_nothing_left 'a guest that switched itself off'

# Not more than the lab has processors: stock Linux has all of its vCPUs spin for each other while it boots.
boot_linux pvh 2 256
detach
expect_ok chaos destroy linux
expect_nothing_left 'a running guest with 2 vCPUs'

# RAM on both sides of the hole below 4 GiB, and special pages that are not at the end of it.
boot_linux pvh 2 5000
detach
expect_ok chaos destroy linux
expect_nothing_left 'a guest of 5000 MiB'
finish
