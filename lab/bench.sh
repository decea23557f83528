#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Builds for use, runs the benchmarks in the lab on the virtual clock, and holds their figures against the promised ones.
set -euo pipefail
lab=$(dirname "$(readlink -f "$0")")
root=$(dirname "$lab")

[ "${1-}" != figures ] || exec "$lab/figures.sh" "${@:2}"

help() {
    cat <<'HELP'
Usage: dev bench [--wall] [--quick] [--only SECTION]
       dev bench figures [OPTION…]    (dev bench figures --help says more)

Runs the benchmarks in a dom0 of their own and prints one table: what was measured, what must be reached, and whether
it was. The exit status is 1 if a figure was missed. Every sample is kept in build/bench.json.

  --wall          by the wall clock; noisy, only the ratios within one run mean something
  --quick         few samples and few guests: shows that the benchmarks work, not what is fast; without scale
  --only SECTION  only create (guests without devices), attach, network, disk, idle, daemon (chaosd and its pools), scale
                  (as many guests as there can be, and xl among 200; hours) or churn (guests made and ended in a second;
                  always by the wall clock)
  -h, --help      print this
HELP
}

clock=virtual lab_options=(--virtual-clock) quick='' only=''
while [ $# -gt 0 ]; do
    case $1 in
        --wall) clock=wall lab_options=() ;;
        --quick) quick=--quick ;;
        --only) only=$2; shift ;;
        -h | --help) help; exit ;;
        *) printf 'dev bench: unknown option %s (see dev bench --help)\n' "$1" >&2; exit 2 ;;
    esac
    shift
done

"$lab/build.sh" >&2
unset CHAOS_BUILD_DIR
lines=$root/build/bench.lines
installed=/usr/libexec/chaos/bench
in_lab() { "$lab/run.sh" --no-build "$@" >>"$lines"; }

measure_here() { # [OPTION...]
    in_lab "${lab_options[@]}" --timeout 7200 -- $installed/run.sh --clock "$clock" $quick "$@"
}
measure_scale() { # each needs a host of its own, some a large one
    local stack
    in_lab "${lab_options[@]}" --timeout 7200 --memory 16384 --dom0-memory 1536 -- $installed/figures/density.sh noop --full --clock "$clock"
    in_lab "${lab_options[@]}" --timeout 3600 --memory 8192 --dom0-memory 1536 -- $installed/figures/density.sh daytime --full --clock "$clock"
    for stack in xl lightvm; do
        in_lab "${lab_options[@]}" --timeout 7200 --memory 8192 --dom0-memory 3072 -- $installed/figures/growth.sh $stack --full --guests 220 --clock "$clock"
    done
}
measure_churn() { in_lab --timeout 600 -- $installed/daemon.sh churn $quick --clock wall; }

: >"$lines"
sections=()
case $only in
    '')
        # The churn's clock is another; what comes last says the conditions.
        measure_churn
        if [ -z "$quick" ]; then measure_scale; else sections=(create attach network disk idle daemon churn); fi
        measure_here ;;
    scale) measure_scale ;;
    churn) measure_churn ;;
    *) measure_here --only "$only" ;;
esac
[ -z "$only" ] || sections=("$only")
exec "$root/tests/bench/report.py" --output "$root/build/bench.json" "${sections[@]/#/--only=}" <"$lines"
