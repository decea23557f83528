#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# xendevd on a host where xenstored runs as well: a unikernel and a stock guest with a private store work as elsewhere,
# xenstored hears nothing of them, and xendevd notices when another toolstack ends one.
source "$(dirname "$0")/../common.sh"
source "$(dirname "$0")/../devices.sh"
source "$(dirname "$0")/../linux_guest.sh"
make_bridge testbr0 10.3.0.1/24
start_xendevd --switch chaos0=10.7.0.1/16
remember_host
remember_xendevd
xenstored_knows() { xenstore-list /local/domain | grep -qx "$1"; } # DOMAIN

step 'a unikernel'
expect_ok chaos create --wait name=web kernel=$images/daytime memory=1 "vif=['bridge=testbr0,ip=10.3.0.2/24']"
expect_time 20 10.3.0.2

step 'a stock guest with a private store'
make_disk disk.img
write_linux_config linux pv 1 128 "vif = ['bridge=chaos0']" "disk = ['$work/disk.img,raw,xvda,rw']"
expect_ok chaos create linux.cfg "cmdline='console=hvc0 quiet chaos.ip=10.7.0.2/16 chaos.mount=xvda'"
attach linux
expect_heard 150 'eth0 is up with 10.7.0.2/16'
expect_heard 30 'xvda is mounted at /mnt'
expect_network 10.7.0.2
ask_guest 30 'echo private >/mnt/written && sync'
xenstored_knows 0 || fail 'xenstored was expected to answer'
for guest in web linux; do
    expect_ok chaos domid $guest
    ! xenstored_knows "$out" || fail "xenstored knows of $guest"
done
expect_ok chaos shutdown -w linux
detach
expect_on_disk disk.img private

step 'xl ends guests that xendevd serves'
expect_ok chaos create linux.cfg
for guest in web linux; do
    expect_ok chaos domid $guest
    expect_ok timeout 60 xl destroy "$out"
done
# What xendevd maps of a destroyed domain keeps it from going; it looks at each guest every ten seconds.
let_go() { look_at_xendevd; [ "$devices_now" = "$devices_before" ]; }
wait_for 60 let_go
expect_ok chaos list # which forgets those that are gone
expect_no_device_left 'guests that xl destroyed'
finish
