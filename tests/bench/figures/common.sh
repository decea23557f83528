# SPDX-License-Identifier: BSD-3-Clause
# What the scripts of the figures share: their options, guests by the hundred, and what is said of all of it. Each prints
# JSON lines, for render/; what is going on goes to standard error. Sourced with what the script says of itself in `about`.
# shellcheck shell=bash disable=SC2034,SC2154  # shared with the scripts and stacks.sh
set -euo pipefail
shopt -s inherit_errexit
figures=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
bench=$(dirname "$figures")
unikernels=/usr/lib/chaos/unikernels
figure=$(basename "$0" .sh)

help() {
    cat <<HELP
Usage: $figure.sh [--full] [--clock NAME] [STACK...]

$about
Runs in dom0, as root, where xenstored runs and neither xendevd nor chaosd does, and leaves its guests behind: each run
needs a fresh host. STACK is one of stacks.sh (default: $default_stacks).

  --full        as many guests and samples as the figures of the documentation have, rather than few
  --guests N    so many guests, where a figure has a number of them
  --clock NAME  what to call the clock (default "wall")
  -h, --help    print this
HELP
}

full='' clock=wall most='' stacks=()
while [ $# -gt 0 ]; do
    case $1 in
        --full) full=yes ;;
        --guests) most=$2; shift ;;
        --clock) clock=$2; shift ;;
        -h | --help) help; exit ;;
        -*) printf '%s.sh: unknown option %s (see %s.sh --help)\n' "$figure" "$1" "$figure" >&2; exit 2 ;;
        *) stacks+=("$1") ;;
    esac
    shift
done
# shellcheck disable=SC2206  # words of our own
[ ${#stacks[@]} -gt 0 ] || stacks=($default_stacks)

say() { printf 'figures: %s: %s\n' "$figure" "$*" >&2; }
fail() { say "$*"; exit 1; }

# Takes the place of a series that cannot be measured: it is to be seen that it is missing, and why.
missing() { # SERIES WHY
    say "NOT MEASURED: $1: $2"
    jq -cn --arg figure "$figure" --arg series "$1" --arg why "$2" '{figure: $figure, series: $series, missing: $why}'
}

source "$bench/conditions.sh"
print_conditions "$clock"
source "$bench/networks.sh"
source "$figures/stacks.sh"

# A guest that has ended costs nothing and proves nothing (lab/README.md): all of them have to be there, waiting.
expect_waiting_guests() { # COUNT
    local seen deadline=$((SECONDS + 30))
    until seen=$(chaos list --json | jq '[.guests[] | select(.id != 0 and .state == "blocked")] | length') && [ "$seen" = "$1" ]; do
        [ $SECONDS -lt $deadline ] || fail "of $1 guests only $seen are there and wait for something"
        sleep 0.5
    done
}

# Makes guests FIRST to FIRST + COUNT - 1 of a stack that was described and started; prints a line for each.
make_guests() { # SERIES FIRST COUNT [OPTION...]
    local series=$1 first=$2 count=$3
    shift 3
    "$figures/series_bench" --figure "$figure" --series "$series" --template "$template" --network "$guest_network" \
        --first "$first" --running "$first" --count "$count" "$@"
}

# One guest that comes and goes: it fills the page cache, and is not counted.
warm_up() {
    local way
    for way in command by_category; do
        local -n words=$way
        [ ${#words[@]} -gt 0 ] || continue
        "$figures/series_bench" --figure warm-up --series warm-up --template "$template" --network "$guest_network" "${words[@]}" >/dev/null
        "${destroy[@]}" guest-0
        sleep 1
    done
}

# A bundle with nothing but that program, on crun's own defaults: all namespaces, a cgroup.
make_bundle() {
    mkdir -p bundle/rootfs
    cp "$bench/nothing" bundle/rootfs/
    (cd bundle && crun spec && jq '.process.args = ["/nothing"] | .process.terminal = false' config.json >changed &&
        mv changed config.json)
    crun run --bundle bundle nothing # makes the directories that it mounts on, which several at once fail at
}

# A process's share of memory, KiB; 0 where there is none.
memory_of() { # NAME
    local process
    process=$(pidof -s "$1") || { echo 0; return; }
    awk '/^Pss:/ { print $2 }' "/proc/$process/smaps_rollup"
}

# What the host's memory is like: what Xen has left, what dom0 does not need, what the daemons hold, KiB.
print_memory() { # SERIES GUESTS
    printf '{"figure": "%s", "series": "%s", "guests": %s, "free_kib": %s, "dom0_available_kib": %s, "chaosd_kib": %s, "xendevd_kib": %s}\n' \
        "$figure" "$1" "$2" "$(chaos info --json | jq .free_memory_kib)" "$(awk '/^MemAvailable/ { print $2 }' /proc/meminfo)" \
        "$(memory_of chaosd)" "$(memory_of xendevd)"
}
