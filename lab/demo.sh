#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Builds everything, boots the lab and shows the main jobs there: two hundred guests made from a warm pool, looked at, talked to
# and ended, and guests that answer over the network.
set -euo pipefail
lab=$(dirname "$(readlink -f "$0")")
root=$(dirname "$lab")

help() {
    cat <<'HELP'
Usage: dev demo

Sets the machine up, builds the project, boots a dom0 on a real Xen, and there starts xendevd and chaosd, waits until chaosd has
filled its pools, makes 200 unikernels from one of them, lists them, reads a console, shuts one down gracefully and destroys the
rest. Then it fetches the time over TCP from a unikernel of 1 MiB and from Debian's own kernel, which has a disk mounted, too.
It ends with a table: how long a creation takes with chaos, with xl for the same guest, a fork+exec, and the hypervisor's own
share of it; and with the path of a plot of the same and of the 200 guests. Exit status 0 only if all of it held.

  -h, --help  print this
HELP
}
case ${1-} in
    -h | --help) help; exit ;;
    '') ;;
    *) printf 'dev demo: unknown option %s (see dev demo --help)\n' "$1" >&2; exit 2 ;;
esac

"$lab/setup.sh"
"$lab/build.sh" >&2
unset CHAOS_BUILD_DIR
echo "demo: booting Xen and dom0" >&2
output=$root/build/demo
rm -rf "$output"
mkdir -p "$output"
cp "$lab/demo/tour.sh" "$output"
"$lab/run.sh" --no-build --share "$output" --timeout 600 -- /mnt/share/tour.sh
/usr/bin/python3 "$lab/demo/plot.py" "$output" # Debian's python, which has matplotlib
