#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Boots a fresh dom0 on a real Xen in QEMU with this build installed, runs one command there and ends with its status.
set -euo pipefail
lab=$(dirname "$(readlink -f "$0")")
root=$(dirname "$lab")

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

memory=4096 dom0_memory=1024 cpus=2 timeout='' virtual_clock=no share='' xenstored=c xen_args='' stdin=no build=yes
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

# One directory per run: what it boots from goes when it ends, its logs stay if it failed.
logs_of_all=$root/build/lab/logs
mkdir -p "$logs_of_all"
find "$logs_of_all" -mindepth 1 -maxdepth 1 -mmin +1440 -exec rm -rf {} +
logs=$(mktemp -d "$logs_of_all/$(date +%H%M%S).XXXX")
work=$(mktemp -d "${TMPDIR:-/tmp}/chaos-lab.XXXXXX")
qemu_pid=''
clean_up() {
    [ -z "$qemu_pid" ] || kill -KILL "$qemu_pid" 2>/dev/null || true
    rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP

# The build under test, as installed: a layer of its own over dom0's root, made anew for every run.
build_dir=$(readlink -m "${CHAOS_BUILD_DIR:-$root/build/release}")
mkdir -p "$work/install" "$build_dir"
(
    flock 9
    if [ $build = yes ]; then cmake --build "$build_dir" >"$work/build.log" 2>&1 || { cat "$work/build.log" >&2; exit 1; }; fi
    [ ! -e "$build_dir/cmake_install.cmake" ] ||
        DESTDIR=$work/install cmake --install "$build_dir" --prefix /usr >"$work/install.log" 2>&1 ||
        { cat "$work/install.log" >&2; exit 1; }
) 9>"$build_dir/.lab-lock" || fail "building or installing $build_dir failed"
mkfs.erofs --quiet "$work/build.erofs" "$work/install" >/dev/null && truncate -s %1M "$work/build.erofs" || fail "packing the installed build failed"

# What this run tells dom0, appended to the initramfs: the two inits, the settings and the job.
quoted() { printf "'%s' " "${@//\'/\'\\\'\'}"; }
mkdir -p "$work/job/lab"
cp "$lab/initramfs-init" "$work/job/init"
cp "$lab/init" "$work/job/lab/init"
printf '%s\n' "share=$([ -n "$share" ] && echo yes || echo no)" "xenstored=$xenstored" "shell=$shell" \
    "stdin_wanted=$stdin" "term=$(quoted "${TERM:-linux}")" >"$work/job/lab/settings"
if [ $shell = yes ]; then
    size=$(stty size 2>/dev/null) || size='24 80'
    printf 'stty rows %s cols %s\nexec bash -l\n' $size >"$work/job/lab/job"
else
    printf 'exec %s\n' "$(quoted "$@")" >"$work/job/lab/job"
fi
(cd "$work/job" && find . | cpio -o -H newc --quiet) | cat "$image/initramfs.cpio" - >"$work/initramfs"

if [ -w /dev/kvm ] && grep -qwE 'vmx|svm' /proc/cpuinfo && [ $virtual_clock = no ]; then
    machine=(-accel kvm -cpu host)
else
    machine=(-cpu qemu64,+svm,+npt,+nrip-save,+nx,+fsgsbase,+ssse3,+sse4.1,+sse4.2,+popcnt,+cx16,+rdrand,+pdpe1gb,+smep,+bmi1,+bmi2,+movbe,+aes,+pclmulqdq,+adx)
    if [ $virtual_clock = yes ]; then
        machine+=(-accel tcg,thread=single -icount shift=0,sleep=off)
        cpus=1
    else
        machine+=(-accel tcg,thread=multi)
    fi
fi

exec {out}> >(exec cat) ; out_relay=$!
exec {err}> >(exec cat >&2) ; err_relay=$!
qemu=(
    qemu-system-x86_64 -machine q35 "${machine[@]}" -smp "$cpus" -m "$memory"
    -nodefaults -display none -no-reboot -no-user-config
    -kernel "$image/xen"
    -append "console=com1 com1=115200,8n1 dom0_mem=${dom0_memory}M,max:${dom0_memory}M dom0_max_vcpus=1 bootscrub=0 $xen_args"
    -initrd "$image/vmlinux console=hvc0 quiet panic=-1 rdinit=/init,$work/initramfs"
    -chardev "file,id=console,path=$logs/console.log" -serial chardev:console
    -drive "if=none,id=root,file=$image/root.erofs,format=raw,readonly=on" -device virtio-blk-pci,drive=root
    -drive "if=none,id=build,file=$work/build.erofs,format=raw,readonly=on" -device virtio-blk-pci,drive=build
    -device virtio-serial-pci
    -chardev "file,id=status,path=$work/status" -device virtserialport,nr=1,chardev=status
    -add-fd "fd=$out,set=1" -chardev file,id=out,path=/dev/fdset/1,append=on -device virtserialport,nr=2,chardev=out
    -add-fd "fd=$err,set=2" -chardev file,id=err,path=/dev/fdset/2,append=on -device virtserialport,nr=3,chardev=err
    -device isa-debug-exit,iobase=0xf4
)
[ -z "$share" ] || qemu+=(-virtfs "local,path=${share//,/,,},security_model=none,mount_tag=share")
if [ $shell = yes ]; then
    qemu+=(-chardev stdio,id=tty,signal=off -device virtconsole,nr=0,chardev=tty)
elif [ $stdin = yes ]; then
    qemu+=(-chardev stdio,id=in,signal=off -device virtserialport,nr=4,chardev=in)
fi
if [ $shell = no ] && [ $stdin = no ]; then exec </dev/null; fi

# QEMU dies with this script, however this script dies.
setpriv --pdeathsig KILL timeout --foreground -k 5 "$timeout" setpriv --pdeathsig KILL "${qemu[@]}" \
    <&0 2>"$logs/qemu.log" &
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
