#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Network and disk of a stock Debian guest: through the kernel's back-ends under xl, and through xendevd under chaos.
# Prints JSON lines, for report.py; what is going on goes to standard error.
set -euo pipefail
bench=$(dirname "$(readlink -f "$0")")

help() {
    cat <<'HELP'
Usage: devices.sh [--quick] [--type pvh|pv] TOOL...

Runs in dom0, as root. TOOL is xl (Debian's scripts, bridge, netback, blkback on a loop device), chaos (xendevd on the
same bridge and image) or chaos-switch (xendevd's own switch). The guest, its kernel, ramdisk, image and load are the same.

  --quick       little load: to see that it works, not for figures
  --type TYPE   the kind of guest (default pvh)
  -h, --help    print this
HELP
}

type=pvh samples=2 stream=100000000 pings=1000 random=4000 sequential=128
while [ $# -gt 0 ]; do
    case $1 in
        --quick) samples=1 stream=5000000 pings=50 random=200 sequential=16 ;;
        --type) type=$2; shift ;;
        -h | --help) help; exit ;;
        -*) printf 'devices.sh: unknown option %s (see devices.sh --help)\n' "$1" >&2; exit 2 ;;
        *) break ;;
    esac
    shift
done
[ $# -gt 0 ] || { help >&2; exit 2; }

work=$(mktemp -d /root/bench-devices.XXXXXX)
trap 'rm -rf "$work"' EXIT
cd "$work"
say() { printf 'bench: %s\n' "$*" >&2; }

# The lab's ramdisk, and the program that loads the devices, laid over it.
mkdir -p over/bin
cp "$bench/load" over/bin/
gunzip -c /usr/share/chaos-lab/busybox-initramfs.cpio.gz >ramdisk
(cd over && find . | busybox cpio -o -H newc 2>/dev/null) >>ramdisk
image_mib=64
head -c ${image_mib}M /dev/zero | tr '\0' 'x' >disk.img # no holes: they would be read faster than data

bridge=benchbr0 guest_port=5001
ip link add $bridge type bridge
ip link set $bridge up
ip address add 10.9.0.1/24 dev $bridge

write_config() { # NAME ADDRESS VIF
    cat >"$1.cfg" <<CONFIG
name = "$1"
type = "$type"
kernel = "/boot/vmlinuz"
ramdisk = "$work/ramdisk"
memory = 192
vcpus = 1
cmdline = "console=hvc0 quiet ipv6.disable=1 chaos.ip=$2/24 chaos.run=load serve $guest_port"
vif = ['$3']
disk = ['$work/disk.img,raw,xvda,r']
CONFIG
}

member() { jq -r ".$1" <<<"$2"; }

measure() { # NAME ADDRESS
    local name=$1 address=$2 sent received round random_1 random_32 sequential_4
    "$bench/load" send "$address" $guest_port $((stream / 10)) >/dev/null
    "$bench/load" receive "$address" $guest_port $((stream / 10)) >/dev/null
    "$bench/load" disk "$address" $guest_port /dev/xvda sequential 1048576 $image_mib 4 >/dev/null
    for _ in $(seq $samples); do
        sent=$("$bench/load" send "$address" $guest_port $stream)
        received=$("$bench/load" receive "$address" $guest_port $stream)
        round=$("$bench/load" ping "$address" $guest_port $pings)
        random_1=$("$bench/load" disk "$address" $guest_port /dev/xvda random 4096 $random 1)
        random_32=$("$bench/load" disk "$address" $guest_port /dev/xvda random 4096 $random 32)
        sequential_4=$("$bench/load" disk "$address" $guest_port /dev/xvda sequential 1048576 $sequential 4)
        jq -nc --arg bench "devices_${type}_$name" --argjson sent "$sent" --argjson received "$received" \
            --argjson round "$round" --argjson random_1 "$random_1" --argjson random_32 "$random_32" \
            --argjson sequential "$sequential_4" '{$bench, sample: {to_guest_mb_per_s: $sent.mb_per_s,
                from_guest_mb_per_s: $received.mb_per_s, round_trip_ns: $round.median_ns, random_iops: $random_1.iops,
                random_depth_32_iops: $random_32.iops, sequential_mb_per_s: $sequential.mb_per_s}}'
    done
}

for tool; do
    say "$type guest under $tool: booting"
    case $tool in
        xl)
            write_config bench-xl 10.9.0.2 "bridge=$bridge"
            xl create bench-xl.cfg >/dev/null
            measure xl 10.9.0.2
            xl destroy bench-xl ;;
        chaos)
            write_config bench-chaos 10.9.0.3 "bridge=$bridge"
            chaos create bench-chaos.cfg
            measure chaos 10.9.0.3
            chaos destroy bench-chaos ;;
        *) printf 'devices.sh: unknown tool %s\n' "$tool" >&2; exit 2 ;;
    esac
done
ip link del $bridge
