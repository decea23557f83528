#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Prints one table: what creating the same guest takes with chaos and with xl, beside a fork+exec and the raw hypercalls.
# For the demo; seconds long, so not for figures to rely on (that is run.sh on the virtual clock).
set -euo pipefail
bench=$(dirname "$(readlink -f "$0")")
noop=/usr/lib/chaos/unikernels/noop
samples=${1:-10}

lines=$(mktemp /run/compare.XXXXXX)
trap 'rm -f "$lines"' EXIT
{
    "$bench/floor" --samples "$samples" $noop
    "$bench/create_bench" --samples "$samples" $noop
    "$bench/spawn_bench" --samples "$samples" "$bench/nothing" $noop 2>/dev/null
} >"$lines"

median() { # BENCH STEP
    jq -rn --arg bench "$1" --arg step "$2" \
        'first(inputs | select(.bench == $bench and .summary) | .summary[$step].median)' "$lines"
}
chaos=$(median spawn chaos_create)
row() { # TEXT NANOSECONDS
    awk -v text="$1" -v ns="$2" -v chaos="$chaos" \
        'BEGIN { printf "  %-58s %9.2f ms %8.2f x\n", text, ns / 1e6, ns / chaos }'
}

printf 'Creating one unikernel of 4 MiB: median of %s, taken in turns in this run, wall clock inside dom0\n' "$samples"
row "the fewest hypercalls that bring it up (the floor)" "$(median floor create)"
row "libchaos in a running program, until the guest is up" "$(median libchaos create)"
row "fork + exec + wait of a program that does nothing" "$(median spawn fork_exec)"
row "chaos create --wait, the whole process, until it is up" "$chaos"
row "xl create, the whole process, not waiting for the guest" "$(median spawn xl_create)"
