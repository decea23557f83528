#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The unikernel runtime's services, tried inside a guest: heap, pages, clocks.
source "$(dirname "$0")/../common.sh"

step 'heap, pages and clocks of a guest'
write_config selftest selftest 8
expect_ok chaos create --wait=60 selftest.cfg
expect_ok timeout 2 chaos console --dump selftest
expect_text "$out" 'selftest: passed'

step 'its wall clock is that of dom0, to the minute'
guest=$(sed -n 's/^selftest: wall clock \([0-9]*\) s.*/\1/p' <<<"$out")
difference=$(($(date +%s) - guest))
[ "${difference#-}" -lt 60 ] || fail "the guest says $guest s, dom0 says $(date +%s) s"
expect_ok chaos destroy selftest
