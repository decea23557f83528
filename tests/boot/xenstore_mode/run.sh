#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Guests with store="xenstore": Debian's own kernel, PVH and PV, with the kernel's back-ends and xenconsoled; xl's verbs work
# on them as chaos's do, devices come and go, and whoever ends them leaves nothing. Then fifty unikernels with a vif each.
source "$(dirname "$0")/../common.sh"
source "$(dirname "$0")/../devices.sh"
source "$(dirname "$0")/../linux_guest.sh"
modprobe -a xen-netback xen-blkback loop || fail 'no modules'
make_bridge testbr0 10.3.0.1/24
make_bridge testbr1 10.4.0.1/24

# Without the directories of all back-ends, which xl removes with the last of them and chaos leaves.
store_now() { xenstore-ls -fp | grep -vE '^/local/(pool|domain/0/backend(/(vif|vbd))? = "")'; }
remember_store() { store_before=$(store_now) loops_before=$(losetup -a); }
nothing_in_store() { [ "$(store_now)" = "$store_before" ] && [ "$(losetup -a)" = "$loops_before" ]; }
expect_nothing_registered() { # AFTER WHAT
    local deadline=$((SECONDS + 20))
    until nothing_in_store; do
        [ "$SECONDS" -lt "$deadline" ] && { sleep 0.2; continue; }
        diff <(echo "$store_before") <(store_now)
        losetup -a
        fail "after $1 something is left in xenstored, or a loop device"
    done
    expect_no_device_left "$1"
}
is_gone() { ! xl domname "$1"; }

step 'without xendevd nobody would connect a vif'
write_linux_config early pvh 1 128 "vif = ['bridge=testbr0']" 'store = "xenstore"'
expect_refusal $failure 'xendevd does not run|systemctl start xendevd' chaos create early.cfg

start_xendevd
# What xenstored, libxl and Xen keep once there has been such a guest: empty directories, and small change.
expect_ok chaos create name=first kernel=$images/noop memory=4 "vif=['bridge=testbr0']" 'store="xenstore"'
make_disk first.img
expect_ok chaos block-attach first "$work/first.img,raw,xvda,rw"
expect_ok chaos destroy first
remember_host
remember_store
remember_xendevd

step 'what cannot be is refused, and undone'
write_linux_config bad pvh 1 128 "vif = ['bridge=nobridge']" 'store = "xenstore"'
expect_refusal $failure 'there is no bridge nobridge|ip link add' chaos create bad.cfg
expect_nothing_registered 'a refused guest'

for type in pvh pv; do
    if [ "$type" = pvh ]; then address=10.3.0.2 more=10.4.0.2; else address=10.3.0.3 more=10.4.0.3; fi
    step "a $type guest with a vif and a disk"
    make_disk first.img
    make_disk second.img
    write_linux_config "$type" "$type" 1 128 "vif = ['bridge=testbr0,vifname=front-$type,mtu=1400']" \
        "disk = ['$work/first.img,raw,xvda,rw']" 'store = "xenstore"'
    expect_ok chaos create "$type.cfg" "cmdline='console=hvc0 quiet chaos.ip=$address/24 chaos.mount=xvda'"
    attach "$type"
    expect_heard 250 'guest is up'
    expect_heard 60 "eth0 is up with $address/24"
    expect_heard 60 'xvda is mounted at /mnt'
    expect_network $address
    ask_guest 60 "echo $type-first >/mnt/written && sync"
    expect_equal 'MTU on the host' 1400 "$(cat /sys/class/net/front-$type/mtu)"

    step 'xl knows it'
    expect_ok xl list "$type"
    expect_text "$out" "$type"
    expect_ok chaos domid "$type"
    expect_ok xl domname "$out"
    expect_equal 'its name' "$type" "$out"
    expect_ok xl network-list "$type"
    expect_text "$out" /local/domain/0/backend/vif/
    expect_ok xl block-list "$type"
    expect_text "$out" 51712
    expect_equal 'state of vif 0' connected "$(device_fact network "$type" 0 state)"
    expect_ok chaos rename "$type" "$type-2"
    expect_ok xl domid "$type-2"
    expect_ok chaos rename "$type-2" "$type"

    step 'a vif and a disk come and go'
    expect_ok chaos network-attach "$type" bridge=testbr1
    ask_guest 60 'until ip link show eth1; do sleep 0.1; done >/dev/null 2>&1'
    ask_guest 60 "ip address add $more/24 dev eth1 && ip link set eth1 up"
    expect_network $more
    expect_ok chaos block-attach "$type" "$work/second.img,raw,xvdb,rw"
    expect_failure 'another guest uses it' chaos create name=thief kernel=$images/noop memory=4 \
        "disk=['$work/second.img,raw,xvda,rw']" 'store="xenstore"'
    ask_guest 60 'mkdir -p /second && until [ -b /dev/xvdb ]; do sleep 0.1; done && mount -t ext4 /dev/xvdb /second'
    ask_guest 60 "echo $type-second >/second/written && umount /second"
    expect_ok chaos network-detach --timeout 60 "$type" 1
    expect_ok chaos block-detach --timeout 60 "$type" xvdb
    ask_guest 60 'while ip link show eth1 || [ -e /dev/xvdb ]; do sleep 0.1; done >/dev/null 2>&1'
    wait_for 20 flock -n second.img true
    expect_on_disk second.img "$type-second"
    expect_network $address

    if [ "$type" = pvh ]; then
        step 'chaos shuts it down and destroys it'
        expect_ok chaos shutdown -w "$type"
        detach
        chaos destroy "$type" >/dev/null 2>&1 # if it is still listed
    else
        step 'xl shuts it down and destroys it'
        expect_ok xl shutdown "$type"
        wait_for 100 has_state "$type" s
        detach
        expect_ok xl destroy "$type"
        wait_for 30 is_gone "$type"
        expect_ok chaos list # which forgets what is gone
    fi
    wait_for 20 flock -n first.img true
    expect_on_disk first.img "$type-first"
    expect_nothing_registered "a $type guest"
done

step 'running guests are destroyed, by both'
for way in chaos xl; do
    write_linux_config hot pvh 1 128 "vif = ['bridge=testbr0']" "disk = ['$work/first.img,raw,xvda,rw']" 'store = "xenstore"'
    expect_ok chaos create hot.cfg
    attach hot
    expect_heard 250 'guest is up'
    detach
    expect_ok $way destroy hot
    expect_ok chaos list
    wait_for 20 flock -n first.img true
    expect_nothing_registered "$way destroy of a running guest"
done

step 'fifty unikernels with a vif each'
names=()
for ((guest = 0; guest < 50; guest++)); do
    names+=("day-$guest")
    run chaos create "name=day-$guest" kernel=$images/daytime memory=1 "vif=['bridge=testbr0']" 'store="xenstore"'
    [ "$status" = 0 ] || { tell_run; tell_xendevd_log; fail 'a unikernel was not made'; }
done
expect_equal 'ports of the bridge' 50 "$(find /sys/class/net/testbr0/brif -mindepth 1 | wc -l)"
expect_ok xl list
expect_equal 'guests that xl names' 50 "$(grep -c '^day-' <<<"$out")"
memory_tolerance_kib=600 # what Xen has for dom0's mappings and ports stays as large as it once was
expect_ok chaos destroy "${names[@]}"
expect_nothing_registered 'fifty guests'
finish
