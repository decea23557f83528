#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Lays out the C and C++ sources under version control as .clang-format says.
set -euo pipefail
root=$(dirname "$(dirname "$(readlink -f "$0")")")

help() {
    cat <<'HELP'
Usage: dev format [--check]

Lays out every C and C++ source under version control as .clang-format says.

  --check     change nothing; print what would change, and end with 1 if anything would
  -h, --help  print this
HELP
}

options=(-i)
case ${1-} in
    '') ;;
    --check) options=(--dry-run --Werror) ;;
    -h | --help) help; exit ;;
    *) printf 'dev format: unknown option %s (see dev format --help)\n' "$1" >&2; exit 2 ;;
esac
command -v clang-format >/dev/null || { echo 'dev format: clang-format is missing; run ./dev setup' >&2; exit 1; }
cd "$root"
git ls-files -z '*.c' '*.h' '*.cpp' '*.hpp' | xargs -0r clang-format "${options[@]}"
