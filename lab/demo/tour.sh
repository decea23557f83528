#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The demo's part in dom0: shows each command and what it printed, and stops at the first thing that does not hold.
set -euo pipefail
share=$(dirname "$(readlink -f "$0")") # what is to be drawn is left there
cd "$(mktemp -d)"

fail() { printf '\nDEMO FAILED: %s\n' "$*" >&2; exit 1; }
step() { printf '\n── %s\n' "$*"; }
show() { printf '# %s\n' "$*"; "$@" || fail "that command ended with status $?"; }
guests() { chaos list --json | jq '[.guests[] | select(.made_by_chaos)] | length'; }
wait_for() { # SECONDS COMMAND...
    local deadline=$((SECONDS + $1))
    shift
    until "$@"; do
        [ $SECONDS -lt "$deadline" ] || return 1
        sleep 0.1
    done
}
free_kib() { chaos info --json | jq .free_memory_kib; }

printf 'Xen %s, dom0 Linux %s, %s\n' "$(xl info xen_version)" "$(uname -r)" "$(chaos version)"
before=$(free_kib)

step "A guest is a file in xl's syntax"
cat >noop.cfg <<'CONFIG'
name   = "noop"
kernel = "/usr/lib/chaos/unikernels/noop"
memory = 1
CONFIG
show cat noop.cfg
show chaos create --wait noop.cfg
show chaos destroy noop

step "xendevd serves networks, disks and consoles, and has a switch of its own"
printf '# xendevd --switch chaos0=10.7.0.1/16 &\n'
xendevd --switch chaos0=10.7.0.1/16 2>xendevd.log </dev/null &
xendevd=$!
wait_for 20 test -S /run/chaos/xendevd.sock || { cat xendevd.log; fail "xendevd does not listen"; }

step "chaosd keeps shells ready: guests that lack nothing but their name"
mkdir -p /etc/chaos
cat >/etc/chaos/chaos.toml <<'CONFIG'
[flavours.noop]
kernel = "/usr/lib/chaos/unikernels/noop"
memory = 1

[flavours.daytime]
kernel = "/usr/lib/chaos/unikernels/daytime"
memory = 1
vif    = ["bridge=chaos0"]

[pools.noop]
max = 200

[pools.daytime]
max = 10
CONFIG
show cat /etc/chaos/chaos.toml
printf '# chaosd &\n'
chaosd 2>chaosd.log </dev/null &
chaosd=$!
# Looked at now and then, because pools are filled with what is left of dom0's time.
pools_are_full() {
    sleep 1
    chaos pool list --json 2>/dev/null | jq -e '[.pools[]? | .depth == .max] | length == 2 and all' >/dev/null
}
wait_for 240 pools_are_full || { cat chaosd.log; chaos pool list; fail "the pools do not fill"; }
show chaos pool list

step "Two hundred of them; --wait returns when each has said that it is up"
printf '# chaos create --wait -n 200 noop.cfg\n'
chaos create --wait --json -n 200 noop.cfg >created.json || fail "creating ended with status $?"
[ "$(guests)" = 200 ] || fail "expected 200 guests, there are $(guests)"
hits=$(jq '[.guests[] | select(.hit)] | length' created.json)
[ "$hits" = 200 ] || fail "only $hits of 200 guests came from the pool"
jq -r '[.guests[] | (.execute_us + .ready_us) / 1000] | sort |
    "200 made in shells of the pool; each took \(.[length / 2 | floor]) ms until it was up (median), the slowest \(.[-1]) ms"' created.json
cp created.json "$share/created.json"
printf '# chaos list | head -6\n'
chaos list >list
head -6 list
[ "$(wc -l <list)" = 202 ] || fail "chaos list should have a heading, Domain-0 and 200 guests"

step "One that has something to say"
show chaos create --wait name=hello kernel=/usr/lib/chaos/unikernels/hello memory=1
printf '# (echo "how are you"; sleep 1; echo quit) | chaos console hello\n'
(echo "how are you"; sleep 1; echo quit) | timeout 20 chaos console hello >console || fail "the console ended with status $?"
cat console
grep -q Hello console || fail "no greeting on the console"
grep -q 'how are you' console || fail "no echo on the console"
is_gone() { ! chaos domid "$1" >/dev/null 2>&1; }
wait_for 20 is_gone hello || fail "it has powered off, and chaosd has not removed it"

step "One is asked to power off, and does"
show chaos shutdown -w noop-1
if chaos domid noop-1 >domid 2>&1; then fail "the guest is still there"; fi

step "The rest is destroyed, and nothing is left"
printf '# chaos destroy noop-2 … noop-200\n'
chaos destroy $(seq -f noop-%g 2 200) || fail "destroying ended with status $?"
show chaos pool drain noop
show chaos pool drain daytime
only_dom0() { [ "$(chaos list | wc -l)" = 2 ]; }
wait_for 20 only_dom0 || { chaos list; fail "domains are left"; } # shells go in the background
show chaos list
[ "$(guests)" = 0 ] || fail "guests are left"
# Xen frees a little later, and its allocators keep a few pages; one lost guest would be 4 MiB.
for _ in $(seq 50); do
    after=$(free_kib)
    [ $((before - after)) -le 64 ] && break
    sleep 0.1
done
[ $((before - after)) -le 64 ] || fail "$((before - after)) KiB of the hypervisor's memory are still in use"

show chaos pool resize daytime 10

step "A unikernel in 1 MiB of memory tells the time over TCP"
cat >daytime.cfg <<'CONFIG'
name   = "daytime"
kernel = "/usr/lib/chaos/unikernels/daytime"
memory = 1
vif    = [ "bridge=chaos0,ip=10.7.0.2/16" ]
CONFIG
show cat daytime.cfg
show chaos create --wait daytime.cfg
printf '# nc -d 10.7.0.2 13\n'
nc -d -w 10 10.7.0.2 13 | tee time
grep -q "$(date -u +%Y).*:.*-UTC" time || fail "the unikernel did not tell the time"
show chaos network-list daytime

step "Debian's own kernel, unmodified, has a network and an ext4 disk too"
truncate -s 64M disk.img && mkfs.ext4 -q disk.img
cat >linux.cfg <<CONFIG
name    = "linux"
kernel  = "/boot/vmlinuz"
ramdisk = "/usr/share/chaos-lab/busybox-initramfs.cpio.gz"
cmdline = "console=hvc0 quiet chaos.ip=10.7.0.3/16 chaos.mount=xvda"
memory  = 128
vif     = [ "bridge=chaos0" ]
disk    = [ "$PWD/disk.img,raw,xvda,rw" ]
CONFIG
show cat linux.cfg
show chaos create linux.cfg
printf '# nc -d 10.7.0.3 13          # once it has booted\n'
linux_time() { nc -d -w 10 10.7.0.3 13 >time 2>/dev/null && [ -s time ]; }
wait_for 120 linux_time || { tail /var/log/chaos/linux.log; fail "the Linux guest did not tell the time"; }
cat time
printf '# grep -o "\(eth0\|xvda\) is .*" /var/log/chaos/linux.log     # xendevd logs what guests write\n'
grep -o '\(eth0\|xvda\) is .*' /var/log/chaos/linux.log
grep -q 'xvda is mounted' /var/log/chaos/linux.log || fail "the Linux guest did not mount its disk"

step "Both are asked to power off, and do"
show chaos shutdown -w daytime linux
[ "$(guests)" = 0 ] || fail "guests are left"
kill $chaosd
wait $chaosd || { cat chaosd.log; fail "chaosd ended with status $?"; }
kill $xendevd
wait $xendevd || { cat xendevd.log; fail "xendevd ended with status $?"; }

step "How long a creation takes"
/usr/libexec/chaos/bench/compare.sh 4 "$share/compared.json" || fail "the comparison ended with status $?"
