#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Sets up, builds everything twice (optimised, and with the sanitizers) and runs every test of both in one go.
set -euo pipefail
lab=$(dirname "$(readlink -f "$0")")
root=$(dirname "$lab")

help() {
    cat <<'HELP'
Usage: dev test [CTEST-OPTION…]

Sets the machine up, builds the project with the sanitizers and without, and runs every test: unit tests and bounded
fuzzing, and the boot tests, each of which boots a dom0 on a real Xen. Ends with what ctest says, and its exit status.

  -L LABEL    only the tests with this label; boot for those in the lab
  -LE LABEL   all but those
  -R REGEX    only the tests whose name matches
  -h, --help  print this

Examples:
  dev test
  dev test -LE boot
  dev test -R boot.console
HELP
}
case ${1-} in -h | --help) help; exit ;; esac

"$lab/setup.sh"
echo "test: building with the sanitizers" >&2
"$lab/build.sh" --debug
echo "test: building for use" >&2
"$lab/build.sh"

echo "test: booting Xen and dom0, which the boot tests start from" >&2
unset CHAOS_BUILD_DIR
"$lab/run.sh" --no-build -- true

# One run over both build directories: ctest follows this file into them.
mkdir -p "$root/build/test"
printf 'subdirs("%s")\n' "$root/build/debug" "$root/build/release" >"$root/build/test/CTestTestfile.cmake"
exec ctest --test-dir "$root/build/test" --parallel "$(nproc)" --output-on-failure --no-tests=error "$@" </dev/null
