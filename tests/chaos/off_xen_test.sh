#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The built program where there is no Xen: it says so, with its exit code, and whatever needs no Xen works.
set -uo pipefail
chaos=$1/chaos
failures=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

expect() { # STATUS STDOUT-PATTERN STDERR-PATTERN WORDS…
    local expected=$1 out_pattern=$2 err_pattern=$3 status
    shift 3
    "$chaos" "$@" >"$work/out" 2>"$work/err" </dev/null
    status=$?
    if [ "$status" != "$expected" ] || ! [[ $(<"$work/out") =~ $out_pattern ]] || ! [[ $(<"$work/err") =~ $err_pattern ]]; then
        printf 'FAILED: chaos %s\nstatus %s\n%s\n%s\n' "$*" "$status" "$(<"$work/out")" "$(<"$work/err")"
        failures=$((failures + 1))
    fi
}

expect 0 '^chaos [0-9.]+ \(built for Xen 4\.[0-9]+\)$' '^$' version
expect 0 '^Usage: chaos' '^$' help
expect 2 '^$' "^chaos: unknown verb 'lsit'" lsit
expect 3 '^$' '^chaos: .*/nonexistent' create /nonexistent
printf 'name = "web"\nkernel = "%s"\nmemory = 4\n' "$chaos" >"$work/web.cfg"
expect 3 '^$' 'PVH' create --dry-run "$work/web.cfg"

"$chaos" version >/dev/full 2>"$work/err"
[ $? = 1 ] && grep -q 'No space left' "$work/err" || { echo 'FAILED: a full disk was not noticed'; failures=$((failures + 1)); }

if [ -e /proc/xen/capabilities ]; then
    echo 'This host runs Xen: what chaos says without it cannot be seen here.'
else
    expect 4 '^$' '^chaos: .*[Xx]en' --state-directory "$work/state" list
    expect 4 '"kind": "not_on_xen"' '^chaos: ' --state-directory "$work/state" list --json
    expect 4 '^$' '^chaos: ' --state-directory "$work/state" destroy web
    [ ! -e "$work/state" ] || { echo 'FAILED: a state directory was made for nothing'; failures=$((failures + 1)); }
fi
[ "$failures" = 0 ]
