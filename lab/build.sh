#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Configures the build directory if that was not done yet, and builds in it.
set -euo pipefail
root=$(dirname "$(dirname "$(readlink -f "$0")")")

help() {
    cat <<'HELP'
Usage: dev build [--debug] [--into DIRECTORY]

Builds the project into build/release. Only what changed is built again.

  --debug           with debugging information, the address and the undefined-behaviour sanitizers, into build/debug
  --into DIRECTORY  into another directory; one that is configured already keeps its configuration
  -h, --help        print this
HELP
}

preset=release directory=''
while [ $# -gt 0 ]; do
    case $1 in
        --debug) preset=debug ;;
        --into) directory=$(readlink -m "${2:?--into needs a directory}"); shift ;;
        -h | --help) help; exit ;;
        *) printf 'dev build: unknown option %s (see dev build --help)\n' "$1" >&2; exit 2 ;;
    esac
    shift
done
directory=${directory:-$root/build/$preset}
command -v cmake ninja c++ >/dev/null || { echo 'dev build: a compiler, cmake or ninja is missing; run ./dev setup' >&2; exit 1; }

cd "$root"
mkdir -p "$directory"
exec {lock}>"$directory/.lock"
flock "$lock"
[ -e "$directory/build.ninja" ] || cmake --preset "$preset" -B "$directory"
cmake --build "$directory"
