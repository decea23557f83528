#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Measures the LightVM paper's figures anew, each part in a dom0 of its own, and draws them.
set -euo pipefail
lab=$(dirname "$(readlink -f "$0")")
root=$(dirname "$lab")
output=$root/build/figures

help() {
    cat <<'HELP'
Usage: dev bench figures [--full] [--only NAME] [--jobs N] [--wall] [--draw]

Measures creation time, its breakdown, boot, density and just-in-time guests, beside xl, and writes report.md, plots (PNG
and SVG) and figures.json into build/figures. The exit status is 2 if anything was not measured; the report says what.

  --full       as in the documentation: 1,000 guests with every toolstack, 32,000 with chaosd. An hour or more; without it
               some minutes, with few guests and samples
  --only NAME  only creation (with breakdown), boot, density or bursts; may be given several times
  --jobs N     so many labs at a time (default: the number of processors). On the virtual clock they do not disturb each other
  --wall       by the wall clock, one lab at a time; noisy
  --draw       draw what was measured before once more
  -h, --help   print this
HELP
}

full='' only=() jobs=$(nproc) clock=virtual lab_options=(--virtual-clock) draw=''
while [ $# -gt 0 ]; do
    case $1 in
        --full) full=--full ;;
        --only) only+=("$2"); shift ;;
        --jobs) jobs=$2; shift ;;
        --wall) clock=wall lab_options=() jobs=1 ;;
        --draw) draw=yes ;;
        -h | --help) help; exit ;;
        *) printf 'dev bench figures: unknown option %s (see dev bench figures --help)\n' "$1" >&2; exit 2 ;;
    esac
    shift
done
for name in "${only[@]}"; do
    case $name in
        creation | breakdown | boot | density | bursts) ;;
        *) printf 'dev bench figures: there is no figure %s (see dev bench figures --help)\n' "$name" >&2; exit 2 ;;
    esac
done
[ ${#only[@]} -gt 0 ] || only=(creation breakdown boot density bursts)
say() { printf 'figures: %s\n' "$*" >&2; }
wanted() { [[ " ${only[*]} " == *" $1 "* ]]; }

# Not what comes first in PATH: Debian's has matplotlib.
/usr/bin/python3 -c 'import matplotlib' || { say 'python3-matplotlib is missing; run ./dev setup'; exit 1; }
render() { /usr/bin/python3 "$root/tests/bench/figures/render" "$output"; }
if [ "$draw" ]; then render && exit || exit $?; fi

"$lab/build.sh" >&2
unset CHAOS_BUILD_DIR
rm -rf "$output"
mkdir -p "$output"

# One part: a lab, a script in it, and how long it may take on a machine that does nothing else. What was printed until the
# time was up counts; the report says that it ended early.
measure() { # JOB SECONDS LAB-OPTIONS SCRIPT [ARGUMENT...]
    local job=$1 seconds=$2 memory=$3 script=$4 status=0 started=$SECONDS
    shift 4
    # shellcheck disable=SC2086  # several words
    "$lab/run.sh" --no-build "${lab_options[@]}" --timeout "$seconds" $memory -- \
        "/usr/libexec/chaos/bench/figures/$script.sh" "$@" $full --clock $clock >"$output/$job.lines" 2>"$output/$job.log" || status=$?
    case $status in
        0) say "$job: done in $((SECONDS - started)) s" ;;
        124) say "$job: stopped after $seconds s"; echo "its $((seconds / 60)) minutes were over" >"$output/$job.stopped" ;;
        *) say "$job: FAILED with status $status, see $output/$job.log"; echo "it failed with status $status" >"$output/$job.stopped" ;;
    esac
}

running=0
start() { # as measure
    if [ $running -ge "$jobs" ]; then
        wait -n
        running=$((running - 1))
    fi
    measure "$@" &
    running=$((running + 1))
}

# The longest first. A guest of 4 MiB takes 5.2; for each of xl's, dom0 has a process.
if [ "$full" ]; then hour=3600 large='--memory 11264 --dom0-memory 3072'; else hour=420 large=''; fi
if wanted creation || wanted breakdown; then start growth-xl $hour "$large" growth xl; fi
if wanted density; then
    [ "$full" ] && huge='--memory 16384 --dom0-memory 1536' || huge=''
    start density-noop $hour "$huge" density noop
    start density-daytime $hour '' density daytime
fi
if wanted creation || wanted breakdown; then
    for stack in chaos_xs chaos_xs_split chaos_noxs lightvm; do start growth-$stack $hour "$large" growth $stack; done
fi
if wanted boot; then start boot $hour '' boot; fi
if wanted bursts; then start bursts $hour '' bursts; fi
wait

{
    jq -n --arg commit "$(git -C "$root" describe --always --dirty 2>/dev/null || echo unknown)" --arg date "$(date -u +%F)" \
        --argjson full "$([ "$full" ] && echo true || echo false)" \
        --argjson figures "$(printf '%s\n' "${only[@]}" | jq -R . | jq -s .)" '{commit: $commit, date: $date, full: $full, figures: $figures}'
    for file in "$output"/*.stopped; do
        [ ! -e "$file" ] || jq -n --arg job "$(basename "$file" .stopped)" --arg why "$(cat "$file")" '{stopped: {($job): $why}}'
    done
} | jq -s 'reduce .[] as $part ({}; . * $part)' >"$output/run.json"
say "drawing"
status=0
render || status=$?
say "see $output/report.md"
exit $status
