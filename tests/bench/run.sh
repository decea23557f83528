#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Runs every benchmark in dom0 and prints their JSON lines, for report.py; what is going on goes to standard error.
set -euo pipefail
bench=$(dirname "$(readlink -f "$0")")
noop=/usr/lib/chaos/unikernels/noop

help() {
    cat <<'HELP'
Usage: run.sh [--quick] [--clock NAME] [--only SECTION]

Runs in dom0, as root, with nothing else going on. Prints one JSON object per line.

  --quick       a few samples and 40 guests instead of 2050: to see that the programs work, not for figures
  --clock NAME  what to call the clock in the report (default "wall")
  --only SECTION  only create (guests without devices), attach, network, disk, idle or daemon
  -h, --help    print this
HELP
}

samples=20 processes=10 memory_guests=64 scale_guests=2050 clock=wall quick='' only=''
while [ $# -gt 0 ]; do
    case $1 in
        --quick) quick=--quick samples=3 processes=2 memory_guests=8 scale_guests=40 ;;
        --clock) clock=$2; shift ;;
        --only) only=$2; shift ;;
        -h | --help) help; exit ;;
        *) printf 'run.sh: unknown option %s (see run.sh --help)\n' "$1" >&2; exit 2 ;;
    esac
    shift
done

say() { printf 'bench: %s\n' "$*" >&2; }
# Xen scrubs what guests leave behind when it has nothing else to do; who allocates before that pays for it.
settle() { sleep 2; }

source "$bench/conditions.sh"
print_conditions "$clock"

measure_create() {
    say "raw hypercalls: the floor"
    "$bench/floor" --samples $samples $noop
    say "libchaos"
    settle
    "$bench/create_bench" --samples $samples $noop
    say "memory per guest"
    settle
    "$bench/create_bench" --keep --samples $memory_guests --memory 256 --name memory_256 $noop
    settle
    "$bench/create_bench" --keep --samples $memory_guests --name memory_4096 $noop
    say "whole processes: fork+exec, chaos, xl"
    settle
    "$bench/spawn_bench" --samples $processes "$bench/nothing" $noop
    say "calls of one chaos create"
    settle
    config=$(mktemp /run/bench.XXXXXX)
    printf 'name = "traced"\nmemory = 4\nkernel = "%s"\n' $noop >"$config"
    "$bench/trace_calls" /usr/bin/chaos create --wait "$config"
    chaos destroy traced
    rm "$config"
    say "$scale_guests guests at once, raw"
    settle
    "$bench/floor" --keep --samples $scale_guests --memory 256 --name floor_scale $noop
    say "$scale_guests guests at once, libchaos"
    settle
    "$bench/create_bench" --keep --samples $scale_guests --memory 256 --name libchaos_scale $noop
}

# Those of devices go last: they leave bridges, modules and a page cache behind.
case $only in
    '')
        measure_create
        "$bench/vifs.sh" $quick
        "$bench/devices.sh" $quick
        "$bench/daemon.sh" $quick --clock "$clock" ;;
    daemon) "$bench/daemon.sh" $quick --clock "$clock" ;;
    create) measure_create ;;
    attach | idle) "$bench/vifs.sh" $quick --only "$only" ;;
    network | disk) "$bench/devices.sh" $quick --only "$only" ;;
    *) printf 'run.sh: there is no section %s (see run.sh --help)\n' "$only" >&2; exit 2 ;;
esac
