#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Prints one table: what creating the same guest takes with chaos and with xl, beside a fork+exec and the raw hypercalls.
# For the demo; seconds long, so not for figures to rely on (that is run.sh on the virtual clock). With a file as its second
# argument it keeps the medians there, in ns.
set -euo pipefail
bench=$(dirname "$(readlink -f "$0")")
noop=/usr/lib/chaos/unikernels/noop
rounds=${1:-4} kept=${2:-/dev/null}

# In rounds, so that a slow moment of the machine does not fall on one of them alone.
lines=$(mktemp /run/compare.XXXXXX)
trap 'rm -f "$lines"' EXIT
for _ in $(seq "$rounds"); do
    "$bench/floor" --samples 3 $noop
    "$bench/create_bench" --samples 3 $noop
    "$bench/spawn_bench" --samples 3 "$bench/nothing" $noop 2>/dev/null
done >"$lines"

median() { # BENCH STEP
    jq -sr --arg bench "$1" --arg step "$2" \
        'map(select(.bench == $bench and .sample) | .sample[$step]) | sort | .[length / 2 | floor]' "$lines"
}
chaos=$(median spawn chaos_create)
row() { # TEXT NANOSECONDS
    awk -v text="$1" -v ns="$2" -v chaos="$chaos" \
        'BEGIN { printf "  %-58s %9.2f ms %8.2f x\n", text, ns / 1e6, ns / chaos }'
}

printf 'Creating one unikernel of 4 MiB: medians of %s samples each, taken in turns, wall clock inside dom0\n' $((3 * rounds))
row "the fewest hypercalls that bring it up (the floor)" "$(median floor create)"
row "libchaos in a running program, until the guest is up" "$(median libchaos create_to_ready)"
row "fork + exec + wait of a program that does nothing" "$(median spawn fork_exec)"
row "chaos create --wait, the whole process, until it is up" "$chaos"
row "xl create, the whole process, not waiting for the guest" "$(median spawn xl_create)"
jq -n --argjson floor "$(median floor create)" --argjson libchaos "$(median libchaos create_to_ready)" \
    --argjson fork_exec "$(median spawn fork_exec)" --argjson chaos "$chaos" --argjson xl "$(median spawn xl_create)" \
    '{floor: $floor, libchaos: $libchaos, fork_exec: $fork_exec, chaos: $chaos, xl: $xl}' >"$kept"
