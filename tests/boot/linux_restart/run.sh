#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Debian's own kernel while xendevd is killed again and again: as it boots, and with its network and disk under load.
source "$(dirname "$0")/../common.sh"
source "$(dirname "$0")/../devices.sh"
source "$(dirname "$0")/../linux_guest.sh"
make_bridge testbr0 10.3.0.1/24
options=(--switch chaos0=10.7.0.1/16)
start_xendevd "${options[@]}"
make_load_ramdisk
remember_host
remember_xendevd
guests=(pv-1 pvh-1 pv-2 pvh-2)
declare -A address=([pv-1]=10.7.0.2 [pvh-1]=10.7.0.3 [pv-2]=10.3.0.2 [pvh-2]=10.3.0.3)

start_guest() { # NAME
    local bridge=chaos0 prefix=16
    [[ ${address[$1]} == 10.7.* ]] || bridge=testbr0 prefix=24
    make_disk "$1.img"
    write_linux_config "$1" "${1%-*}" 1 128 "vif = ['bridge=$bridge']" "disk = ['$work/$1.img,raw,xvda,rw']"
    expect_ok chaos create "$1.cfg" "ramdisk='$work/ramdisk'" \
        "cmdline='console=hvc0 quiet chaos.ip=${address[$1]}/$prefix chaos.mount=xvda chaos.run=nc -ll -p 9 -e sh & load serve 5001'"
}

# Not by what its console says: a killed xendevd may have read of that and not come to write it down.
is_up() { "$load" ping "${address[$1]}" 5001 1; } # GUEST; waits for a minute itself

tell_consoles() {
    for guest in "${guests[@]}"; do
        printf -- '-- the last of the console of %s\n' "$guest"
        tail -n 5 "/var/log/chaos/$guest.log"
    done
    tell_xendevd_log
}

step 'four guests boot while xendevd is killed'
for guest in "${guests[@]}"; do start_guest "$guest"; done
kill_and_restart 10 "${options[@]}"
step 'each of them is there'
for guest in "${guests[@]}"; do
    is_up "$guest" >/dev/null || is_up "$guest" >/dev/null || { tell_consoles; fail "$guest did not come up"; }
done

# One guest's network, both ways, and its disk, all at once; each must bring every byte to its place.
put_load_on() { # GUEST
    "$load" send "${address[$1]}" 5001 4000000 checked >"$1.sent" 2>&1 &
    loads+=($!)
    "$load" receive "${address[$1]}" 5001 4000000 checked >"$1.received" 2>&1 &
    loads+=($!)
    # The second sum is of what comes back from the disk.
    timeout 240 busybox nc "${address[$1]}" 9 >"$1.sums" 2>&1 <<'COMMANDS' &
dd if=/dev/urandom of=/mnt/written bs=64k count=128 2>/dev/null
sha256sum </mnt/written
sync
echo 3 >/proc/sys/vm/drop_caches
sha256sum </mnt/written
COMMANDS
    loads+=($!)
}

step 'networks and disks under load while xendevd is killed'
loaded=(pv-1 pvh-2) loads=()
for guest in "${loaded[@]}"; do put_load_on "$guest"; done
kill_and_restart 6 "${options[@]}"
step 'all of it arrives'
for load_pid in "${loads[@]}"; do
    wait "$load_pid" || { tail -n 3 ./*.sent ./*.received ./*.sums; tell_consoles; fail 'a load failed'; }
done

# Has the shell at port 9 of a guest carry out a command, and expects it to say "done" in the end.
tell_guest() { # GUEST COMMAND
    [ "$(timeout 60 busybox nc "${address[$1]}" 9 <<<"$2 && echo done")" = 'done' ] || { tell_consoles; fail "$1: $2"; }
}
restart_xendevd() {
    kill_xendevd KILL
    start_xendevd "${options[@]}"
}

step 'xendevd is killed when a vif has come, and when it has gone'
for guest in pv-2 pvh-1; do
    expect_ok chaos network-attach "$guest" bridge=chaos0
    restart_xendevd
    tell_guest "$guest" 'until ip link show eth1; do sleep 0.2; done >/dev/null 2>&1'
    expect_ok chaos network-detach "$guest" 1
    restart_xendevd
    tell_guest "$guest" 'while ip link show eth1; do sleep 0.2; done >/dev/null 2>&1'
done

step 'they are shut down'
expect_ok chaos shutdown -aw --timeout 120
for guest in "${loaded[@]}"; do
    expect_ok e2fsck -fn "$guest.img"
    debugfs -R 'cat /written' "$guest.img" 2>/dev/null | sha256sum >>"$guest.sums"
    expect_equal "checksums of what $guest wrote, read, and left on its disk" 3 "$(wc -l <"$guest.sums")"
    expect_equal "different ones of $guest" 1 "$(sort -u "$guest.sums" | wc -l)"
done
expect_no_device_left 'guests whose xendevd was killed'
finish
