#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# How many guests one host takes, and what of its memory each of them holds.
about='Makes noop guests of 256 KiB, or daytime guests of 1 MiB with a vif, through chaosd until there are as many as asked
for: creation time on the way, memory at every step, and in the end what the CPUs do while all of them idle.'
default_stacks=lightvm
guest=noop
case ${1-} in noop | daytime) guest=$1; shift ;; esac
source "$(dirname "$(readlink -f "$0")")/common.sh"

guests=1000 step=100
case $full$guest in
    yesnoop) guests=32000 step=1000 ;; # Xen has 32,752 domain ids
    yesdaytime) guests=4000 step=200 ;;
esac
guests=${most:-$guests}

# Per cent of one CPU in a minute in which nothing happens: dom0, and all guests together.
print_idle_cpu() { # SERIES GUESTS
    sleep 15 # the guests' ARP has gone to sleep by then
    chaos list --json | jq -c '[.guests[] | {id, cpu: (.cpu_seconds * 1e9)}]' >before
    local started=${EPOCHREALTIME/./}
    sleep 60
    chaos list --json | jq -c --slurpfile before before --arg figure $figure --arg series "$1" --argjson guests "$2" \
        --argjson us $((${EPOCHREALTIME/./} - started)) '
        ([.guests[] | {id, cpu: (.cpu_seconds * 1e9)}] - []) as $after
        | def used(wanted): (($after | map(select(wanted) | .cpu) | add) - ($before[0] | map(select(wanted) | .cpu) | add)) / ($us * 10);
        {figure: $figure, series: $series, guests: $guests, dom0_cpu_percent: used(.id == 0), guests_cpu_percent: used(.id != 0)}'
}

stack=${stacks[0]}
series=$stack-$guest
why=$(why_not "$stack")
if [ "$why" ]; then
    missing "$series" "$why"
    exit
fi
describe "$stack" $guest
sed -i "s/^memory = 4$/memory = \"$([ $guest = noop ] && echo 256K || echo 1M)\"/" "$template"
start_stack "$stack" 20
warm_up
print_memory "$series" 0
for ((running = 0; running < guests; running += step)); do
    say "$series: $running guests"
    # Until the shell that takes the last one's place is there: 4 ms later chaosd begins to make it.
    make_guests "$series" $running $step --settle-ms 20 --template "$request" --api $chaosd_socket
    print_memory "$series" $((running + step))
done
expect_waiting_guests $guests
if [ $guest = daytime ]; then
    # dom0 has to know as many addresses as there are guests.
    sysctl -q net.ipv4.neigh.default.gc_thresh{1,2,3}=8192
    "$figures/ask_all" "$figure" "$series" $guest_network $guests
fi
print_idle_cpu "$series" $guests
