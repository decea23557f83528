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
  --quick         few samples and few guests: shows that the benchmarks work, not what is fast
  --only SECTION  only create (guests without devices), attach, network, disk or idle
  -h, --help      print this
HELP
}

clock=virtual lab_options=(--virtual-clock) bench_options=() report_options=()
while [ $# -gt 0 ]; do
    case $1 in
        --wall) clock=wall lab_options=() ;;
        --quick) bench_options+=(--quick) ;;
        --only) bench_options+=(--only "$2") report_options+=(--only "$2"); shift ;;
        -h | --help) help; exit ;;
        *) printf 'dev bench: unknown option %s (see dev bench --help)\n' "$1" >&2; exit 2 ;;
    esac
    shift
done

"$lab/build.sh" >&2
unset CHAOS_BUILD_DIR
"$lab/run.sh" --no-build "${lab_options[@]}" --timeout 5400 -- \
    /usr/libexec/chaos/bench/run.sh --clock "$clock" "${bench_options[@]}" >"$root/build/bench.lines"
exec "$root/tests/bench/report.py" --output "$root/build/bench.json" "${report_options[@]}" <"$root/build/bench.lines"
