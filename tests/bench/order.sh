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

# Constants that a start reads, which would else lie one here, one there.
constants='intel_02_known _ZNSt6locale5facet9_S_c_nameE _ZN5boost15program_options19options_description21m_default_line_lengthE'
# Each of the printf and scanf families has a function of this name, and a function brings its whole object along.
ambiguous=read_int

"$root/lab/run.sh" --timeout 300 -- bash -c '
    set -e
    first_calls() { /usr/libexec/chaos/bench/first_calls /usr/bin/chaos "$@"; }
    printf "name = \"ordered\"\nmemory = 4\nkernel = \"/usr/lib/chaos/unikernels/noop\"\n" >/tmp/ordered.cfg
    chaos create /tmp/ordered.cfg name=first # makes the directories
    first_calls create --wait /tmp/ordered.cfg
    first_calls destroy ordered
    first_calls list
    xendevd --switch chaos0=10.7.0.1/16 2>/dev/null &
    until [ -S /run/chaos/xendevd.sock ]; do sleep 0.1; done
    first_calls create --wait /tmp/ordered.cfg "vif=[\"bridge=chaos0,ip=10.7.0.2/16\"]"
    first_calls destroy ordered
    kill $!' | awk -v ambiguous=$ambiguous -v constants="$constants" '
    BEGIN { gsub(" ", "\n", constants); print constants }
    $0 != ambiguous && !seen[$0]++' >"$order.new"
mv "$order.new" "$order"
wc -l "$order"
