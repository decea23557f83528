#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Debian's own kernel, PVH and PV, on a host without xenstored: its network and disk, devices that come and go while it
# runs, and its end in order. A private store answered by xendevd is all that it has for all of this.
source "$(dirname "$0")/../common.sh"
source "$(dirname "$0")/../devices.sh"
source "$(dirname "$0")/../linux_guest.sh"
make_bridge testbr0 10.3.0.1/24
start_xendevd --switch chaos0=10.7.0.1/16
remember_host
remember_xendevd

for type in pvh pv; do
    # Each guest has addresses of its own: dom0 remembers for a while whose MAC address an address had.
    if [ "$type" = pvh ]; then address=10.7.0.2 more_addresses=10.3.0.1; else address=10.7.0.3 more_addresses=10.3.0.2; fi
    step "a $type guest with a network and a disk"
    make_disk first.img
    make_disk second.img
    write_linux_config "$type" "$type" 1 128 "vif = ['bridge=chaos0']" "disk = ['$work/first.img,raw,xvda,rw']"
    expect_ok chaos create "$type.cfg" "cmdline='console=hvc0 quiet chaos.ip=$address/16 chaos.mount=xvda'"
    attach "$type"
    expect_heard 150 'guest is up'
    expect_heard 30 "eth0 is up with $address/16"
    expect_heard 30 'xvda is mounted at /mnt'
    expect_network $address
    ask_guest 30 "echo $type-first >/mnt/written && sync"
    expect_ok chaos network-list "$type"
    expect_equal 'state of vif 0' connected "$(device_fact network "$type" 0 state)"

    step 'another vif comes and goes, twice'
    for round in 1 2; do
        expect_ok chaos network-attach "$type" "bridge=testbr0,mac=00:16:3e:00:00:0$round"
        ask_guest 30 'until ip link show eth1; do sleep 0.1; done >/dev/null 2>&1'
        ask_guest 30 "ip address add $more_addresses$round/24 dev eth1 && ip link set eth1 up"
        expect_network $more_addresses$round
        expect_ok chaos network-detach "$type" 1
        ask_guest 30 'while ip link show eth1; do sleep 0.1; done >/dev/null 2>&1'
    done
    expect_network $address

    step 'another disk comes and goes, twice'
    for round in 1 2; do
        expect_ok chaos block-attach "$type" "$work/second.img,raw,xvdb,rw"
        ask_guest 30 'mkdir -p /second && until [ -b /dev/xvdb ]; do sleep 0.1; done && mount -t ext4 /dev/xvdb /second'
        ask_guest 30 "echo $type-second-$round >/second/written && umount /second"
        expect_ok chaos block-detach "$type" xvdb
        ask_guest 30 'while [ -e /dev/xvdb ]; do sleep 0.1; done'
        expect_on_disk second.img "$type-second-$round"
    done

    step 'it is shut down'
    expect_ok chaos shutdown -w "$type"
    detach
    expect_on_disk first.img "$type-first"
    expect_no_device_left "a $type guest"
done
finish
