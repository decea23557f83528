#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The verbs for devices and what they say when something is wrong, with noxs guests and no xenstored anywhere.
source "$(dirname "$0")/../common.sh"
source "$(dirname "$0")/../devices.sh"
remember_host
write_config web daytime 4 "vif = ['bridge=testbr0,ip=10.1.0.2/24']"
head -c 1M /dev/zero | tr '\0' a >disk.img
head -c 64K /dev/zero >small.img

step 'without xendevd'
expect_refusal $failure 'xendevd' chaos create web.cfg
expect_nothing_left 'a create without xendevd'
expect_ok chaos info
expect_text "$out" 'xendevd                : not running'
write_config plain noop 4
expect_ok chaos create --wait plain.cfg
expect_refusal $failure 'xendevd' chaos network-attach plain bridge=testbr0
expect_refusal $failure 'xendevd' chaos network-list plain
expect_ok chaos destroy plain
expect_nothing_left 'attaching without xendevd'

step 'xendevd says whether this host is fit'
expect_ok xendevd --check
expect_ok xendevd --version
expect_status 2 xendevd --no-such-option

start_xendevd --switch chaos0
expect_ok chaos info
expect_text "$out" "pid $xendevd_pid"
expect_refusal 1 'another xendevd' xendevd

step 'what create refuses'
expect_refusal $configuration 'there is no bridge testbr0' chaos create web.cfg
expect_nothing_left 'a bridge that is missing'
make_bridge testbr0 10.1.0.1/24
remember_xendevd
expect_refusal $configuration 'nope.img' chaos create web.cfg "disk=['$work/nope.img,raw,xvda,r']"
expect_refusal $configuration 'xvda' chaos create web.cfg \
    "disk=['$work/disk.img,raw,xvda,r', '$work/small.img,raw,xvda,r']"
expect_refusal $configuration 'MAC' chaos create web.cfg "vif=['mac=00:16:3e:00:00']"
expect_refusal $configuration 'rate' chaos create web.cfg "vif=['rate=fast']"
expect_refusal $configuration 'script' chaos create web.cfg "vif=['script=vif-route']"
expect_no_device_left 'refused creations'

step 'a guest with a network'
expect_ok chaos create --wait web.cfg
wait_for 10 is_connected network web 0
expect_time 10 10.1.0.2
expect_ok chaos network-list web
expect_equal 'lines' 2 "$(wc -l <<<"$out")"
[[ $out =~ $'\n'0\ +0\ +00:16:3e:..:..:..\ +0\ +4\ +[1-9][0-9]*\ +[1-9][0-9]*/[1-9][0-9]*\ +testbr0/vif ]] || { tell_run; fail 'a row as xl has it was expected'; }
expect_ok chaos network-list --json web
expect_json '.guests[0].devices[0] | .id == 0 and .state == "connected" and .counters.from_guest_operations > 0'
# References up to 133 are the toolstack's.
expect_json '.guests[0].devices[0] | .event_channel > 0 and .tx_ring_ref >= 134 and .rx_ring_ref >= 134'
mac=$(jq -r '.guests[0].devices[0].mac' <<<"$out")

step 'devices come and go while it runs'
expect_ok chaos network-attach web mac=00:16:3e:00:00:07 bridge=testbr0
wait_for 10 is_connected network web 1
expect_ok chaos block-attach web "$work/disk.img,raw,xvda,r"
expect_ok chaos block-list --json web
expect_json '.guests[0].devices | length == 1 and .[0].event_channel > 0'
expect_ok chaos block-list web
expect_text "$out" "$work/disk.img"
expect_refusal $usage 'MAC' chaos network-attach web mac=zz
expect_failure "MAC address already" chaos network-attach web mac="$mac" bridge=testbr0
expect_failure 'nosuchbr' chaos network-attach web bridge=nosuchbr
expect_failure 'nope.img' chaos block-attach web "$work/nope.img,raw,xvdb,r"
expect_failure 'xvda' chaos block-attach web "$work/small.img,raw,xvda,r"
expect_refusal $no_such_guest 'nobody' chaos network-attach nobody bridge=testbr0
expect_ok chaos network-detach web 00:16:3e:00:00:07
expect_ok chaos network-list --json web
expect_json '.guests[0].devices | length == 1'
expect_failure 'no vif 7' chaos network-detach web 7
expect_failure '00:16:3e:00:00:07' chaos network-detach web 00:16:3e:00:00:07
expect_ok chaos block-detach --force web xvda
expect_failure 'xvda' chaos block-detach web xvda
expect_ok chaos block-list --json web
expect_json '.guests[0].devices | length == 0'
expect_time 10 10.1.0.2
expect_ok chaos network-detach web "$mac"
expect_ok chaos network-attach web bridge=testbr0 ip=10.1.0.3/24
expect_ok chaos info --json
expect_json '.xendevd.guests == 1 and .xendevd.devices == 1'
expect_ok chaos destroy web
expect_no_device_left 'a guest whose devices came and went'

step 'one MAC address, two guests'
for bridge in chaos0 testbr0; do
    same_mac="mac=00:16:3e:00:00:07,bridge=$bridge"
    expect_ok chaos create --wait web.cfg "vif=['$same_mac']"
    expect_failure "has the address 00:16:3e:00:00:07 on $bridge" chaos create web.cfg name=twin "vif=['$same_mac']"
    expect_text "$err" 'vif 0 of guest web ('
    expect_ok chaos create --wait web.cfg name=twin "vif=['bridge=chaos0']"
    expect_failure "has the address 00:16:3e:00:00:07 on $bridge" chaos network-attach twin "$same_mac"
    expect_text "$err" 'vif 0 of guest web ('
    expect_ok chaos network-list --json twin
    expect_json '.guests[0].devices | length == 1'
    expect_ok chaos reboot -F --timeout 5 web # its address is its own
    expect_ok chaos destroy web
    expect_ok chaos network-attach twin "$same_mac"
    expect_ok chaos destroy twin
done
expect_no_device_left 'a MAC conflict'

step 'many devices in one guest'
vifs='' disks=''
for i in {0..7}; do vifs+="'bridge=testbr0',"; done
for letter in {a..h}; do disks+="'$work/disk.img,raw,xvd$letter,r',"; done
expect_ok chaos create web.cfg "vif=[$vifs]" "disk=[$disks]"
expect_ok chaos network-list --json web
expect_json '.guests[0].devices | length == 8'
expect_ok chaos block-list --json web
expect_json '.guests[0].devices | length == 8'
expect_ok chaos reboot -F --timeout 5 web
expect_ok chaos network-list --json web
expect_json '.guests[0].devices | length == 8'
expect_ok chaos destroy web
expect_no_device_left 'sixteen devices'

step 'consoles'
expect_ok chaos create --wait name=hello kernel=$images/hello memory=1
expect_ok chaos console --dump hello
expect_text "$out" 'Hello'
expect_ok chaos console --dump hello
expect_text "$out" 'Hello'
mkfifo talk
exec {mouth}<>talk
chaos console hello <talk >heard 2>&1 &
talker=$!
chaos console --read-only hello >overheard 2>&1 </dev/null &
listener=$!
printf 'how are you\n' >&"$mouth"
wait_for 10 grep -q 'how are you' heard
wait_for 10 grep -q 'how are you' overheard
printf 'quit\n' >&"$mouth"
wait "$talker" || fail "chaos console ended with $?"
wait "$listener" || fail "chaos console --read-only ended with $?"
expect_ok chaos destroy hello
grep -q 'how are you' /var/log/chaos/hello.log || fail 'the console was expected in the log'
expect_no_device_left 'consoles'

step 'xendevd ends in order'
kill_xendevd TERM
expect_equal 'exit status' 0 "$status"
finish
