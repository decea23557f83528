#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# What creating a guest takes and what its boot then takes, for a guest that does nothing, one that tells the time, and Linux.
about='Makes guests of three kinds one at a time: noop, daytime (with a vif) and Debian'\''s kernel with a ramdisk of busybox.
Creation is the whole process of the toolstack, boot what then passes until the guest says that it is up.'
default_stacks='xl chaos_noxs lightvm'
source "$(dirname "$(readlink -f "$0")")/common.sh"

samples=3 linux_samples=1
if [ "$full" ]; then samples=20 linux_samples=5; fi

# The file a guest's console is kept in.
console_log() { # STACK
    case $1 in
        xl | chaos_xs*) echo /var/log/xen/console/guest-guest-0.log ;;
        *) echo /var/log/chaos/guest-0.log ;;
    esac
}

measure() { # STACK GUEST
    local stack=$1 guest=$2 count=$samples
    local -a wait=()
    describe "$stack" "$guest"
    start_stack "$stack"
    sed -e 's/@N@/0/' -e 's/@ADDRESS@/'"$guest_network"'.0.10/' "$template" >guest.cfg
    command=("${command[@]/@FILE@/$work/guest.cfg}")
    case $stack-$guest in
        *-linux)
            count=$linux_samples
            wait=(--log "$(console_log "$stack")" --text 'guest is up') ;;
        xl-* | chaos_xs*)
            # A unikernel speaks noxs: with a store it cannot say that it is up.
            make_guests "$stack-$guest" 0 1 "${command[@]}" >/dev/null
            "${destroy[@]}" guest-0
            sleep 1
            for _ in $(seq "$count"); do
                make_guests "$stack" 0 1 "${command[@]}" >made # no pipe: its other end would start beside it
                jq -c --arg guest "$guest" '{figure, series, guest: $guest, create_ns: .ns}' made
                sleep 1
                "${destroy[@]}" guest-0
                sleep 1
            done
            return ;;
        *) command+=(--wait --json) ;;
    esac
    "$figures/boot_bench" --series "$stack" --guest "$guest" --samples "$count" "${wait[@]}" -- "${command[@]}" -- "${destroy[@]}" guest-0
}

for stack in "${stacks[@]}"; do
    why=$(why_not "$stack")
    if [ "$why" ]; then
        missing "$stack" "$why"
        continue
    fi
    for guest in noop daytime linux; do
        say "$stack: $guest"
        measure "$stack" $guest
        stop_stack
    done
done
