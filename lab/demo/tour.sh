#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The demo's part in dom0: shows each command and what it printed, and stops at the first thing that does not hold.
set -euo pipefail
cd "$(mktemp -d)"

fail() { printf '\nDEMO FAILED: %s\n' "$*" >&2; exit 1; }
step() { printf '\n── %s\n' "$*"; }
show() { printf '# %s\n' "$*"; "$@" || fail "that command ended with status $?"; }
guests() { chaos list --json | jq '[.guests[] | select(.made_by_chaos)] | length'; }
free_kib() { chaos info --json | jq .free_memory_kib; }

printf 'Xen %s, dom0 Linux %s, %s\n' "$(xl info xen_version)" "$(uname -r)" "$(chaos version)"
before=$(free_kib)

step "A guest is a file in xl's syntax"
cat >noop.cfg <<'CONFIG'
name   = "noop"
kernel = "/usr/lib/chaos/unikernels/noop"
memory = 4
CONFIG
show cat noop.cfg

step "Fifty of them; --wait returns when each has said that it is up"
show chaos create --wait -n 50 noop.cfg
[ "$(guests)" = 50 ] || fail "expected 50 guests, there are $(guests)"
printf '# chaos list | head -6\n'
chaos list >list
head -6 list
[ "$(wc -l <list)" = 52 ] || fail "chaos list should have a heading, Domain-0 and 50 guests"

step "One that has something to say"
show chaos create --wait name=hello kernel=/usr/lib/chaos/unikernels/hello memory=1
printf '# (echo "how are you"; sleep 1; echo quit) | chaos console hello\n'
(echo "how are you"; sleep 1; echo quit) | timeout 20 chaos console hello >console || fail "the console ended with status $?"
cat console
grep -q Hello console || fail "no greeting on the console"
grep -q 'how are you' console || fail "no echo on the console"
show chaos destroy hello

step "One is asked to power off, and does"
show chaos shutdown -w noop-1
if chaos domid noop-1 >domid 2>&1; then fail "the guest is still there"; fi

step "The rest is destroyed, and nothing is left"
printf '# chaos destroy noop-2 … noop-50\n'
chaos destroy $(seq -f noop-%g 2 50) || fail "destroying ended with status $?"
show chaos list
[ "$(guests)" = 0 ] || fail "guests are left"
# Xen frees a little later, and its allocators keep a few pages; one lost guest would be 4 MiB.
for _ in $(seq 50); do
    after=$(free_kib)
    [ $((before - after)) -le 64 ] && break
    sleep 0.1
done
[ $((before - after)) -le 64 ] || fail "$((before - after)) KiB of the hypervisor's memory are still in use"

step "How long a creation takes"
/usr/libexec/chaos/bench/compare.sh || fail "the comparison ended with status $?"
