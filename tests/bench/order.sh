#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Writes chaos/start_up.order: the functions that the everyday verbs run, in the order in which they first run.
set -euo pipefail
root=$(readlink -f "$(dirname "$0")/../..")

help() {
    cat <<'HELP'
Usage: tests/bench/order.sh

Runs chaos in the lab with a breakpoint on each of its functions and writes down those it calls. The linker then puts
these one behind the other (see chaos/CMakeLists.txt), which spares a start most of its page faults: in a Xen dom0 each
costs some 25 us. Worth repeating when starting chaos has become slow; a stale list does no harm.

Environment: CHAOS_BUILD_DIR  the release build to look at (default build/release)
HELP
}
case ${1-} in
    '') ;;
    *) help; exit ;;
esac

order=$root/chaos/start_up.order
"$root/lab/run.sh" --timeout 300 -- bash -c '
    set -e
    first_calls() { /usr/libexec/chaos/bench/first_calls /usr/bin/chaos "$@"; }
    printf "name = \"ordered\"\nmemory = 4\nkernel = \"/usr/lib/chaos/unikernels/noop\"\n" >/tmp/ordered.cfg
    chaos create /tmp/ordered.cfg name=first # makes the directories
    first_calls create --wait /tmp/ordered.cfg
    first_calls destroy ordered
    first_calls list' | awk '!seen[$0]++' >"$order.new"
mv "$order.new" "$order"
wc -l "$order"
