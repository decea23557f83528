#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The time, over TCP, from a unikernel of 1 MiB: its address from the vif, from the command line, from DHCP.
source "$(dirname "$0")/../common.sh"
source "$(dirname "$0")/../devices.sh"
make_bridge testbr0 10.3.0.1/24
start_xendevd
remember_host
remember_xendevd

step 'an address from the vif'
expect_ok chaos create --wait name=hint kernel=$images/daytime memory=1 "vif=['bridge=testbr0,ip=10.3.0.2/24']"
expect_time 20 10.3.0.2
expect_ok ping -c 3 -i 0.2 -W 5 10.3.0.2
for length in 0 1 1400; do expect_ok ping -c 1 -s $length -W 5 10.3.0.2; done

step 'an address from the command line, which wins'
expect_ok chaos create --wait name=line kernel=$images/daytime memory=1 "vif=['bridge=testbr0,ip=10.3.0.99/24']" \
    'extra="ip=10.3.0.3/24 gateway=10.3.0.1"'
expect_time 20 10.3.0.3
run ping -c 1 -W 1 10.3.0.99
[ "$status" != 0 ] || fail 'the address of the vif was not to be used'

step 'an address from DHCP'
cat >udhcpd.conf <<X
start 10.3.0.50
end 10.3.0.50
interface testbr0
max_leases 1
lease_file $work/leases
pidfile $work/udhcpd.pid
option subnet 255.255.255.0
option router 10.3.0.1
option lease 600
X
touch leases
busybox udhcpd -f -S udhcpd.conf >udhcpd.log 2>&1 &
dhcp_pid=$!
expect_ok chaos create --wait name=dhcp kernel=$images/daytime memory=1 "vif=['bridge=testbr0']"
expect_time 30 10.3.0.50
kill "$dhcp_pid"

step 'two vifs on two bridges'
make_bridge testbr1 10.4.0.1/24
expect_ok chaos create --wait name=two kernel=$images/daytime memory=2 \
    "vif=['bridge=testbr0,ip=10.3.0.4/24', 'bridge=testbr1,ip=10.4.0.4/24']"
expect_time 20 10.3.0.4 10.4.0.4

step 'five hundred requests in a row'
mapfile -t again < <(for ((i = 0; i < 500; i++)); do echo 10.3.0.2; done)
expect_time 120 "${again[@]}"

step 'nothing is left'
ip link delete testbr1
expect_ok chaos shutdown -aw
expect_no_device_left 'guests that told the time'
finish
