# SPDX-License-Identifier: BSD-3-Clause
# What the boot tests of devices share: a bridge, xendevd, talks over the network, and what may be left of all that.
# Sourced after common.sh.
# shellcheck shell=bash disable=SC2154,SC2034  # shared with the cases and common.sh

load=/usr/libexec/chaos/bench/load
xendevd_log=$work/xendevd.log

make_bridge() { # NAME ADDRESS/PREFIX
    ip link add "$1" type bridge && ip address add "$2" dev "$1" && ip link set "$1" up || fail "no bridge $1"
}

xendevd_answers() { [[ $(chaos info --json 2>/dev/null) == *'"pid": '"$xendevd_pid"* ]]; }

start_xendevd() { # OPTION...
    xendevd "$@" 2>>"$xendevd_log" </dev/null &
    xendevd_pid=$!
    local deadline=$((SECONDS + 20))
    until xendevd_answers; do
        [ $SECONDS -lt $deadline ] || { tell_what_xendevd_does; fail 'xendevd does not answer'; }
        sleep 0.05
    done
}

tell_what_xendevd_does() {
    tell_xendevd_log
    echo '-- its threads: processor time, state, where they wait'
    ps -L -o lwp,cputimes,stat,wchan:32 -p "$xendevd_pid"
    cat /proc/"$xendevd_pid"/task/*/stack
    echo '-- all that is busy'
    ps -e -o pid,cputimes,stat,args --sort=-cputimes | head -n 8
    time chaos info --json
}

# Ends it the hard way; `kill_xendevd TERM` politely.
kill_xendevd() { # [SIGNAL]
    kill -s "${1:-KILL}" "$xendevd_pid"
    { wait "$xendevd_pid"; } 2>/dev/null
    status=$?
}

tell_xendevd_log() {
    echo '-- what xendevd said last'
    tail -n 15 "$xendevd_log"
}

# Asks guests the time (RFC 867); each of them has to answer with a line within so many seconds.
expect_time() { # SECONDS ADDRESS...
    local seconds=$1
    shift
    "$(dirname "${BASH_SOURCE[0]}")/ask_the_time.py" "$seconds" "$@" >.asked 2>&1 && return
    cat .asked
    tell_xendevd_log
    fail "not all of $# guests told the time"
}

# The host takes a guest's address from what the guest announces when it comes up, and keeps as many as there may be.
# Otherwise it asks for each address in a broadcast, and wakes all guests to find one.
remember_neighbours() { # INTERFACE
    sysctl -q "net.ipv4.conf.$1.arp_accept=1" net.ipv4.neigh.default.gc_thresh{1,2,3}=8192 || fail 'no sysctl'
}

# Makes guests day-0, day-1, ... of 1 MiB that tell the time; sets names, addresses, and took: milliseconds of each.
make_daytime_guests() { # COUNT BRIDGE
    local guest started
    names=() addresses=() took=()
    for ((guest = 0; guest < $1; guest++)); do
        names+=("day-$guest") addresses+=("10.3.$((1 + guest / 250)).$((1 + guest % 250))")
        started=${EPOCHREALTIME/./}
        expect_ok chaos create "name=day-$guest" kernel=$images/daytime memory=1 "vif=['bridge=$2,ip=${addresses[-1]}/16']"
        took+=($(((${EPOCHREALTIME/./} - started) / 1000)))
    done
    echo "   ms for each of the first ten: ${took[*]:0:10}, and of the last: ${took[*]: -10}"
}

# The command fails, whatever with, and says why.
expect_failure() { # TEXT COMMAND...
    local text=$1
    shift
    run "$@"
    [ "$status" != 0 ] || { tell_run; fail 'a failure was expected'; }
    expect_text "$err" "$text"
}

# One fact about a device, as network-list or block-list have it; -1 = the last one.
device_fact() { # network|block GUEST ID MEMBER
    chaos "$1-list" --json "$2" 2>/dev/null | jq -r --arg id "$3" '.guests[0].devices[] | select(.id == ($id | tonumber)) | .'"$4"
}
is_connected() { [ "$(device_fact "$1" "$2" "$3" state)" = connected ]; } # network|block GUEST ID

# --- nothing may be left ---
# Beside what common.sh looks at: xendevd's descriptors and mappings of guests' memory, interfaces of dom0, journals.

look_at_xendevd() {
    local -a journals interfaces
    shopt -s nullglob
    local descriptors=(/proc/"$xendevd_pid"/fd/*)
    interfaces=(/sys/class/net/*)
    journals=(/run/chaos/devices/*)
    shopt -u nullglob
    devices_now="xendevd's descriptors: ${#descriptors[@]}
xendevd's mappings of guests: $(grep -c /dev/xen/gntdev "/proc/$xendevd_pid/maps")
interfaces: ${interfaces[*]##*/}
journals: ${journals[*]##*/}"
    return 0 # grep's would be 1 where it counts none
}

remember_xendevd() {
    look_at_xendevd
    devices_before=$devices_now
}

expect_no_device_left() { # AFTER WHAT
    local deadline=$((SECONDS + 8))
    until look_at_xendevd && [ "$devices_now" = "$devices_before" ]; do
        [ "$SECONDS" -lt "$deadline" ] && { sleep 0.1; continue; }
        diff <(echo "$devices_before") <(echo "$devices_now") | sed -n 's/^</before: /p; s/^>/after:  /p'
        tell_xendevd_log
        fail "after $1 devices are left"
    done
    expect_nothing_left "$1"
}

# --- load ---

# Writes $work/ramdisk: the lab's, with the program that loads networks and disks.
make_load_ramdisk() {
    mkdir -p over/bin
    cp "$load" over/bin/
    gunzip -c /usr/share/chaos-lab/busybox-initramfs.cpio.gz >ramdisk
    (cd over && find . | busybox cpio -o -H newc 2>/dev/null) >>ramdisk
}

# Kills xendevd with SIGKILL so many times, each time a moment after it was there again.
kill_and_restart() { # TIMES XENDEVD-OPTION...
    local times=$1 round
    shift
    for ((round = 1; round <= times; round++)); do
        sleep 0.$((RANDOM % 9 + 1))
        kill_xendevd
        start_xendevd "$@"
    done
}
