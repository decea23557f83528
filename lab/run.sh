#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Boots a fresh dom0 on a real Xen in QEMU with this build installed, runs one command there and ends with its status.
set -euo pipefail
lab=$(dirname "$(readlink -f "$0")")
root=$(dirname "$lab")

source "$lab/machine.sh"

help() {
    cat <<'HELP'
Usage: dev lab run [OPTION…] -- COMMAND [ARGUMENT…]
       dev lab shell [OPTION…]

Boots a fresh dom0 (Xen 4.17, Debian 12) in QEMU with this build installed under /usr, and runs COMMAND there as
root, or gives you a shell. Nothing of an earlier run is left: each one starts from the same image.
Standard output and standard error are COMMAND's own, and so is the exit status.

  --share DIR        mount DIR of this machine at /mnt/share, writable
  --timeout SECONDS  end it all after SECONDS of wall time (default 600, shell: none; 0: none)
  --memory MIB       memory of the whole lab (default 4096)
  --dom0-memory MIB  what of it dom0 gets (default 1024)
  --cpus N           physical CPUs Xen sees (default 2)
  --virtual-clock    one instruction is one nanosecond, on one CPU: figures that repeat to within 1 %
  --xenstored KIND   c (default), ocaml (what Debian starts), or none
  --no-xenstored     the same as --xenstored none: neither xenstored nor xenconsoled, so no xl
  --xen-args ARGS    more words for Xen's command line
  --cold             boot, rather than start from the snapshot that is kept of a booted dom0
  --stdin            pass standard input on to COMMAND (it reads /dev/null otherwise)
  --no-build         install what the build directory holds, without building first
  -h, --help         print this

Environment: CHAOS_BUILD_DIR  the build directory to install from (default build/release)

Exit status: COMMAND's; 124 the time was up; 125 the lab did not boot or died, and the message names its logs;
126 and 127 COMMAND could not be run or found.

Examples:
  dev lab run -- xl info
  dev lab run --share . --timeout 60 -- /mnt/share/check.sh 'first argument'
HELP
}

fail() { printf 'lab: %s\n' "$*" >&2; exit 125; }
usage() { printf 'lab: %s (see dev lab run --help)\n' "$*" >&2; exit 2; }
number() { [[ $2 =~ ^[0-9]+$ ]] || usage "$1 needs a whole number, not '$2'"; }

memory=4096 dom0_memory=1024 cpus=2 timeout='' virtual_clock=no share='' xenstored=c xen_args='' stdin=no build=yes cold=no
shell=no
[ "${1-}" != --shell ] || { shell=yes; shift; }
while [ $# -gt 0 ]; do
    case $1 in
        --share | --timeout | --memory | --dom0-memory | --cpus | --xenstored | --xen-args)
            [ $# -ge 2 ] || usage "$1 needs a value" ;;
    esac
    case $1 in
        --share) share=$2; shift ;;
        --timeout) number "$1" "$2"; timeout=$2; shift ;;
        --memory) number "$1" "$2"; memory=$2; shift ;;
        --dom0-memory) number "$1" "$2"; dom0_memory=$2; shift ;;
        --cpus) number "$1" "$2"; cpus=$2; shift ;;
        --virtual-clock) virtual_clock=yes ;;
        --xenstored) xenstored=$2; shift ;;
        --no-xenstored) xenstored=none ;;
        --xen-args) xen_args=$2; shift ;;
        --cold) cold=yes ;;
        --stdin) stdin=yes ;;
        --no-build) build=no ;;
        -h | --help) help; exit ;;
        --) shift; break ;;
        -*) usage "unknown option $1" ;;
        *) break ;;
    esac
    shift
done
case $xenstored in c | ocaml | none) ;; *) usage "--xenstored is c, ocaml or none, not '$xenstored'" ;; esac
[ -z "$share" ] || [ -d "$share" ] || usage "--share: '$share' is not a directory"
[ "$dom0_memory" -lt "$memory" ] || usage "dom0 cannot have $dom0_memory MiB of a lab of $memory MiB"
[ $# -gt 0 ] || [ $shell = yes ] || usage "no command given"
[ $# -eq 0 ] || [ $shell = no ] || usage "dev lab shell takes no command"
if [ -z "$timeout" ]; then [ $shell = yes ] && timeout=0 || timeout=600; fi
command -v qemu-system-x86_64 mkfs.erofs cpio >/dev/null || fail "QEMU or another tool is missing; run ./dev setup"

image=$("$lab/image.sh") || fail "the dom0 image could not be made; see above"

init=$root/build/lab/init
(
    flock 9
    for source in "$lab"/*.[ch]pp; do [ "$init" -nt "$source" ] || rm -f "$init"; done
    [ -e "$init" ] || g++ -std=gnu++20 -O2 -static -s -Wall -Wextra -Wshadow -o "$init" "$lab"/*.cpp
) 9>"$root/build/lab/lock" || fail "compiling dom0's init failed"

# One directory per run: what it boots from goes when it ends, its logs stay if it failed.
logs_of_all=$root/build/lab/logs
mkdir -p "$logs_of_all"
find "$logs_of_all" -mindepth 1 -maxdepth 1 -mmin +1440 -exec rm -rf {} +
logs=$(mktemp -d "$logs_of_all/$(date +%H%M%S).XXXX")
for old in "${TMPDIR:-/tmp}"/chaos-lab.*; do # left behind by runs that were killed without mercy
    owner=${old##*/chaos-lab.} && owner=${owner%%.*}
    [ ! -e "$old" ] || kill -0 "$owner" 2>/dev/null || rm -rf "$old"
done
work=$(mktemp -d "${TMPDIR:-/tmp}/chaos-lab.$$.XXXX")
qemu_pid=''
clean_up() {
    trap '' INT TERM HUP # a second Ctrl-C must not stop the cleaning
    if [ -n "$qemu_pid" ]; then
        kill -KILL "$qemu_pid"
        wait "$qemu_pid"
    fi 2>/dev/null
    rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP

# The build under test, as installed: a layer of its own over dom0's root, made anew for every run.
build_dir=$(readlink -m "${CHAOS_BUILD_DIR:-$root/build/release}")
if [ $build = yes ]; then
    "$lab/build.sh" --into "$build_dir" >"$work/build.log" 2>&1 || { cat "$work/build.log" >&2; fail "the build failed"; }
fi
[ -e "$build_dir/cmake_install.cmake" ] || fail "nothing is built in $build_dir; run ./dev build first"
mkdir "$work/install"
DESTDIR=$work/install flock "$build_dir/.lock" cmake --install "$build_dir" --prefix /usr >"$work/install.log" 2>&1 ||
    { cat "$work/install.log" >&2; fail "installing from $build_dir failed"; }
build_disk_size=1G # sparse, and the same for all, since a snapshot knows its disks' sizes
mkfs.erofs --quiet "$work/build.erofs" "$work/install" >/dev/null && truncate -s $build_disk_size "$work/build.erofs" ||
    fail "packing the installed build failed"

mkdir "$work/initramfs.d" "$work/nothing"
ln -s "$image" "$work/image"
ln -s "$logs" "$work/logs"
cp "$init" "$work/initramfs.d/init"
(cd "$work/initramfs.d" && echo init | cpio -o -H newc --quiet) | cat "$image/initramfs.cpio" - >"$work/initramfs"
describe_machine
open_monitor
if [ $cold = no ]; then
    find_snapshot || { printf 'lab: logs: %s\n' "$logs"/* >&2; fail "dom0 did not boot"; }
fi

# What init is to do, sent through a port.
if [ $shell = yes ]; then
    size=$(stty size 2>/dev/null) || size='24 80'
    set -- bash -c "stty rows ${size% *} cols ${size#* }; exec bash -l"
fi
{
    printf '%s\n' "share=$([ -n "$share" ] && echo yes || echo no)" "shell=$shell" "stdin=$stdin" \
        "read_ahead=$virtual_clock" \
        "term=${TERM:-linux}" "time=$(date +%s)" "seed=$(od -An -tx1 -N 64 /dev/urandom | tr -d ' \n')" ''
    printf '%s\0' "$@"
} >"$work/orders"
mkfifo "$work/orders.port"
exec {orders_port}<>"$work/orders.port"
stat -c %s "$work/orders" >&"$orders_port"
setpriv --pdeathsig KILL cat "$work/orders" >&"$orders_port" &

exec {out}> >(exec cat) ; out_relay=$!
exec {err}> >(exec cat >&2) ; err_relay=$!
tty=null input=null
if [ $shell = yes ]; then tty='stdio,signal=off'; elif [ $stdin = yes ]; then input='stdio,signal=off'; else exec </dev/null; fi
describe_devices "$work/build.erofs" "${share:-$work/nothing}" "$tty" "$input" \
    file,path=/dev/fdset/1,append=on file,path=/dev/fdset/2,append=on "pipe,path=$work/orders.port"
if [ $cold = yes ]; then
    start=("${boot[@]}" -object "memory-backend-ram,id=memory,size=${memory}M")
else
    start=(-object "$(memory_in "$work/snapshot/memory" off)" "${monitor[@]}" -incoming defer)
    command_qemu 'migrate_set_capability x-ignore-shared on' "migrate_incoming \"exec:cat $work/snapshot/devices\""
fi

# QEMU dies with this script, however this script dies.
setpriv --pdeathsig KILL timeout --foreground -k 5 "$timeout" setpriv --pdeathsig KILL \
    "${machine[@]}" "${devices[@]}" "${start[@]}" -add-fd "fd=$out,set=1" -add-fd "fd=$err,set=2" <&0 2>"$logs/qemu.log" &
qemu_pid=$!
exec {out}>&- {err}>&-
qemu_status=0
wait "$qemu_pid" || qemu_status=$?
qemu_pid=''
wait "$out_relay" "$err_relay" || true

touch "$work/status"
status=$(sed -n 's/^exit //p' "$work/status")
if [ -n "$status" ]; then
    :
elif [ $qemu_status = 124 ]; then
    printf 'lab: the time of %s s was up\n' "$timeout" >&2
    status=124
else
    grep -q started "$work/status" && what='dom0 died under the command' || what='dom0 did not boot'
    printf 'lab: %s (QEMU ended with %s)\n' "$what" "$qemu_status" >&2
    status=125
fi
if [ "$status" = 0 ]; then rm -rf "$logs"; else printf 'lab: logs: %s\n' "$logs"/* >&2; fi
exit "$status"
