#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Shows that every benchmark works and that report.py finds all it needs. Nothing here judges a time.
set -euo pipefail
root=$(readlink -f "$(dirname "$0")/../..")
lines=$(mktemp)
trap 'rm -f "$lines"' EXIT

"$root/lab/run.sh" --no-build --virtual-clock --timeout 850 -- \
    /usr/libexec/chaos/bench/run.sh --quick --clock virtual >"$lines"
sections=(create attach network disk idle daemon)
status=0
"$root/tests/bench/report.py" "${sections[@]/#/--only=}" <"$lines" || status=$?
[ $status -lt 2 ] # 1: a figure was missed, which so few samples do not prove
