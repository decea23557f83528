#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Network and disk of the same guest through the kernel's back-ends under xl and through xendevd under chaos, in one boot.
# Prints JSON lines, for report.py; what is going on goes to standard error.
set -euo pipefail
shopt -s inherit_errexit
bench=$(dirname "$(readlink -f "$0")")

help() {
    cat <<'HELP'
Usage: devices.sh [--quick] [--only network|disk] [--type pvh|pv] [SETUP...]

Runs in dom0, as root, where xenstored runs and xendevd does not. Each SETUP (default: all) is one guest with one vif and,
if stock, one disk on the same image:

  xl           stock Debian guest under xl: bridge with Debian's scripts, netback, blkback on a loop device
  chaos        the same guest under chaos: xendevd with a TAP on the same bridge, and on the same image
  chaos-switch the same, on xendevd's own switch
  echo         the unikernel echo (8 MiB), on the bridge
  echo-switch  the same, on xendevd's own switch

  --quick      little load: to see that it works, not for figures
  --only WHAT  only the network, or only the disk
  --type TYPE  the kind of the stock guests (default pvh)
  -h, --help   print this
HELP
}

type=pvh only='' samples=2 stream=50000000 pings=1000 random=2000 sequential=128
while [ $# -gt 0 ]; do
    case $1 in
        --quick) samples=1 stream=5000000 pings=50 random=200 sequential=16 ;;
        --only) only=$2; shift ;;
        --type) type=$2; shift ;;
        -h | --help) help; exit ;;
        -*) printf 'devices.sh: unknown option %s (see devices.sh --help)\n' "$1" >&2; exit 2 ;;
        *) break ;;
    esac
    shift
done
[ $# -gt 0 ] || set -- xl chaos chaos-switch echo echo-switch

say() { printf 'bench: %s\n' "$*" >&2; }
load() { "$bench/load" "$@"; }
source "$bench/networks.sh"

# The lab's ramdisk, and the program that loads the devices, laid over it.
mkdir -p over/bin
cp "$bench/load" over/bin/
gunzip -c /usr/share/chaos-lab/busybox-initramfs.cpio.gz >ramdisk
(cd over && find . | busybox cpio -o -H newc 2>/dev/null) >>ramdisk
image_mib=64 guest_port=5001
head -c ${image_mib}M /dev/zero | tr '\0' 'x' >disk.img # no holes: they would be read faster than data

write_config() { # ADDRESS/PREFIX BRIDGE
    cat >guest.cfg <<CONFIG
name = "bench"
type = "$type"
kernel = "/boot/vmlinuz"
ramdisk = "$work/ramdisk"
memory = 192
vcpus = 1
cmdline = "console=hvc0 quiet ipv6.disable=1 chaos.ip=$1 chaos.run=load serve $guest_port"
vif = ['bridge=$2']
disk = ['$work/disk.img,raw,xvda,r']
CONFIG
}

member() { jq ".$1" <<<"$2"; }

# Each function loads one guest once; what it prints is a sample.
network_of_stock() { # ADDRESS BYTES
    local sent received round
    sent=$(load send "$1" $guest_port "$2")
    received=$(load receive "$1" $guest_port "$2")
    round=$(load ping "$1" $guest_port $pings)
    network_sample "$sent" "$received" "$round"
}

network_of_echo() { # ADDRESS BYTES
    local sent received round
    sent=$(load discard "$1" "$2")
    received=$(load chargen "$1" "$2")
    round=$(load echo "$1" $pings)
    network_sample "$sent" "$received" "$round"
}

network_sample() { # SENT RECEIVED ROUND
    printf '{"to_guest_mb_per_s": %s, "from_guest_mb_per_s": %s, "round_trip_ns": %s}\n' \
        "$(member mb_per_s "$1")" "$(member mb_per_s "$2")" "$(member median_ns "$3")"
}

disk_of_stock() { # ADDRESS
    local random_1 random_32 sequential_4
    random_1=$(load disk "$1" $guest_port /dev/xvda random 4096 $random 1)
    random_32=$(load disk "$1" $guest_port /dev/xvda random 4096 $random 32)
    sequential_4=$(load disk "$1" $guest_port /dev/xvda sequential 1048576 $sequential 4)
    printf '{"random_iops": %s, "random_depth_32_iops": %s, "sequential_mb_per_s": %s}\n' \
        "$(member iops "$random_1")" "$(member iops "$random_32")" "$(member mb_per_s "$sequential_4")"
}

repeat() { # BENCH COMMAND...
    local name=$1 sample
    shift
    for _ in $(seq $samples); do
        sample=$("$@")
        printf '{"bench": "%s", "sample": %s}\n' "$name" "$sample"
    done
}

measure_stock() { # NAME ADDRESS
    if [ "$only" != disk ]; then
        network_of_stock "$2" $((stream / 5)) >/dev/null
        repeat "network_$1" network_of_stock "$2" $stream
    fi
    if [ "$only" != network ]; then
        load disk "$2" $guest_port /dev/xvda sequential 1048576 $image_mib 4 >/dev/null # into the page cache
        repeat "disk_$1" disk_of_stock "$2"
    fi
}

measure_echo() { # NAME ADDRESS PREFIX BRIDGE
    chaos create --wait name=bench kernel=/usr/lib/chaos/unikernels/echo memory=8 "vif=['bridge=$4,ip=$2/$3']"
    network_of_echo "$2" $((stream / 5)) >/dev/null
    repeat "network_$1" network_of_echo "$2" $stream
    chaos destroy bench
}

for setup; do
    if [ "$only" = disk ]; then
        case $setup in chaos-switch | echo*) continue ;; esac
    fi
    say "devices: $setup"
    case $setup in
        xl)
            write_config $bridge_network.2/24 $bridge
            xl create guest.cfg >/dev/null
            measure_stock xl $bridge_network.2
            xl destroy bench ;;
        chaos | chaos-switch)
            address=$bridge_network.3 prefix=24 place=$bridge
            [ "$setup" = chaos ] || address=$switch_network.0.3 prefix=16 place=$switch
            write_config $address/$prefix $place
            chaos create guest.cfg
            measure_stock "${setup/-/_}" $address
            chaos destroy bench ;;
        echo) measure_echo echo $bridge_network.4 24 $bridge ;;
        echo-switch) measure_echo echo_switch $switch_network.0.4 16 $switch ;;
        *) printf 'devices.sh: unknown setup %s\n' "$setup" >&2; exit 2 ;;
    esac
done
