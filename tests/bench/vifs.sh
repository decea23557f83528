#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# What a vif adds to a creation, how long until the guest behind it answers, and what it costs while nothing happens.
# Prints JSON lines, for report.py; what is going on goes to standard error.
set -euo pipefail
shopt -s inherit_errexit
bench=$(dirname "$(readlink -f "$0")")
unikernels=/usr/lib/chaos/unikernels

help() {
    cat <<'HELP'
Usage: vifs.sh [--quick] [--only attach|idle]

Runs in dom0, as root, where xendevd does not run; the first half, attach, compares with xl and so needs xenstored.

  --quick      a few samples and guests: to see that it works, not for figures
  --only WHAT  only attach (creation, answer, hot attach) or idle (memory and CPU of 1,000 guests)
  -h, --help   print this
HELP
}

only='' samples=10 guests=1000
while [ $# -gt 0 ]; do
    case $1 in
        --quick) samples=2 guests=20 ;;
        --only) only=$2; shift ;;
        -h | --help) help; exit ;;
        *) printf 'vifs.sh: unknown option %s (see vifs.sh --help)\n' "$1" >&2; exit 2 ;;
    esac
    shift
done
say() { printf 'bench: %s\n' "$*" >&2; }
source "$bench/networks.sh"

if [ "$only" != idle ]; then
    say "what a vif adds to a create"
    "$bench/create_bench" --samples $samples --name vif_none --served $unikernels/noop
    "$bench/create_bench" --samples $samples --name vif_switch --served --vif $switch $unikernels/noop
    "$bench/create_bench" --samples $samples --name vif_bridge --served --vif $bridge $unikernels/noop
    say "guests in shells made ahead"
    "$bench/ahead_bench" --samples $samples --name ahead_noop $unikernels/noop
    "$bench/ahead_bench" --samples $samples --name ahead_answer --vif $switch --address $switch_network.0.150 $unikernels/daytime
    say "hot attach"
    "$bench/attach_bench" --samples $samples --name attach_switch $unikernels/daytime $switch $switch_network.0.100
    "$bench/attach_bench" --samples $samples --name attach_bridge $unikernels/daytime $bridge $bridge_network.100
    say "create to the first answer, and xl create"
    "$bench/answer_bench" --samples $((samples / 2)) $unikernels/daytime $bridge $bridge_network.10 $switch $switch_network.0.10
fi
if [ "$only" != attach ]; then
    say "$guests idle guests"
    # Several switches, because a newcomer's broadcasts wake everybody on its own.
    "$bench/idle_bench" --guests $guests $unikernels/daytime $switch=$switch_network.0.1/16 "${more_switches[@]}"
fi
