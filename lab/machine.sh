# SPDX-License-Identifier: BSD-3-Clause
# The lab's machine: QEMU's command line, and the snapshot of a booted dom0 that runs start from. Sourced by run.sh.
# shellcheck shell=bash disable=SC2034,SC2154  # the variables are those of the script that sources this
#
# A boot takes seconds, and up to its orders it is the same every time. So it is done once for each kind of machine, up
# to the moment where init waits for its orders; memory then stays in a file and the devices' state in another. A run
# maps that memory copy-on-write, which takes no time, and starts where the boot ended: as fresh as after a boot.

# What KVM can run, only where the processor offers virtualisation: /dev/kvm alone may be there without working.
choose_processor() {
    if [ "$virtual_clock" = no ] && [ -w /dev/kvm ] && grep -qwE 'vmx|svm' /proc/cpuinfo; then
        processor=(-accel kvm -cpu host -smp "$cpus")
        cold=yes # a snapshot with virtualisation in use inside is not worth its risks where booting is fast
        return
    fi
    # QEMU's own "max" model lets neither dom0 nor PVH guests live: no smap, no xsave.
    local model=qemu64,+svm,+npt,+nx,+fsgsbase,+ssse3,+sse4.1,+sse4.2,+popcnt,+cx16,+rdrand,+pdpe1gb
    processor=(-cpu "$model,+smep,+bmi1,+bmi2,+movbe,+aes,+pclmulqdq,+adx")
    if [ "$virtual_clock" = yes ]; then
        processor+=(-accel 'tcg,thread=single' -icount 'shift=0,sleep=off' -smp 1)
    else
        processor+=(-accel 'tcg,thread=multi' -smp "$cpus")
    fi
}

# The machine itself, the same for the snapshot and for the runs from it. It goes by names in $work, because QEMU's
# options stumble over spaces and commas.
describe_machine() {
    choose_processor
    local xen="console=com1 com1=115200,8n1 dom0_mem=${dom0_memory}M,max:${dom0_memory}M dom0_max_vcpus=1 bootscrub=0 $xen_args"
    # rodata=off saves a walk of all page tables, noreplace-smp and cryptomgr.notests what their names say.
    local linux="console=hvc0 quiet panic=-1 rodata=off noreplace-smp cryptomgr.notests pci=nommconf swiotlb=8192"
    linux+=" rdinit=/init lab.xenstored=$xenstored"
    machine=(
        qemu-system-x86_64 -machine q35,memory-backend=memory "${processor[@]}" -m "$memory"
        -nodefaults -no-user-config -display none -no-reboot
        -device isa-debug-exit,iobase=0xf4
    )
    boot=(-kernel "$work/image/xen" -append "$xen" -initrd "$work/image/vmlinux $linux,$work/initramfs")
}

# Disks, ports and the share. The ports' numbers are known to init.
describe_devices() { # BUILD-DISK SHARED-DIRECTORY TTY INPUT OUTPUT ERROR ORDERS: the last five are chardev back-ends
    devices=(
        -chardev "file,id=console,path=$work/logs/console.log" -serial chardev:console
        -drive "if=none,id=root,file=$work/image/root.erofs,format=raw,readonly=on" -device virtio-blk-pci,drive=root,ioeventfd=off
        -drive "if=none,id=build,file=$1,format=raw,readonly=on" -device virtio-blk-pci,drive=build,ioeventfd=off
        -virtfs "local,path=${2//,/,,},security_model=none,mount_tag=share"
        -device virtio-serial-pci,ioeventfd=off
        -chardev "$3,id=tty" -device virtconsole,nr=0,chardev=tty
        -chardev "file,id=status,path=$work/status" -device virtserialport,nr=1,chardev=status
        -chardev "$5,id=output" -device virtserialport,nr=2,chardev=output
        -chardev "$6,id=error" -device virtserialport,nr=3,chardev=error
        -chardev "$4,id=input" -device virtserialport,nr=4,chardev=input
        -chardev "$7,id=orders" -device virtserialport,nr=5,chardev=orders
    )
}

memory_in() { # FILE on|off
    printf 'memory-backend-file,id=memory,size=%sM,mem-path=%s,share=%s' "$memory" "$1" "$2"
}

# QEMU's monitor, on a pair of pipes; it does as told once it runs.
open_monitor() {
    mkfifo "$work/monitor.in" "$work/monitor.out"
    exec {monitor_in}<>"$work/monitor.in"
    monitor=(-chardev "pipe,id=monitor,path=$work/monitor" -mon chardev=monitor)
}
command_qemu() { printf '%s\n' "$@" >&"$monitor_in"; }

# Boots to where init waits for its orders, and keeps that.
make_snapshot() { # DIRECTORY SECONDS
    local making=$1.making status=0
    rm -rf "$making"
    mkdir -p "$making"
    ln -sfn "$making" "$work/making"
    truncate -s "$build_disk_size" "$work/empty"
    describe_devices "$work/empty" "$work/nothing" null null null null null
    setpriv --pdeathsig KILL "${machine[@]}" "${boot[@]}" "${devices[@]}" \
        -object "$(memory_in "$work/making/memory" on)" "${monitor[@]}" </dev/null >/dev/null 2>"$logs/qemu.log" &
    qemu_pid=$!
    local deadline=$((SECONDS + $2))
    until grep -qs ready "$work/status"; do
        if ! kill -0 "$qemu_pid" 2>/dev/null || [ $SECONDS -ge $deadline ]; then
            kill -KILL "$qemu_pid" 2>/dev/null
            wait "$qemu_pid"
            return 1
        fi
        sleep 0.05
    done
    command_qemu 'migrate_set_capability x-ignore-shared on' "migrate \"exec:cat >$work/making/devices\"" quit
    wait "$qemu_pid" || status=$?
    qemu_pid=''
    [ $status = 0 ] && [ -s "$making/devices" ] || return 1
    rm -rf "$1"
    mv "$making" "$1"
}

# Sets `snapshot`, made if this kind of machine has none yet. The least used of old ones go.
find_snapshot() {
    local key
    key=$({
        printf '%s\n' "$image" "${machine[@]}" "${boot[@]}" "$build_disk_size" | sed "s|$work||g"
        cat "$init" "$lab/machine.sh"
        stat -L -c '%Y %s' "$(command -v qemu-system-x86_64)"
        grep -m 1 '^model name' /proc/cpuinfo
    } | sha256sum | cut -c 1-12)
    snapshot=$root/build/lab/snapshot-$key
    exec {lock}>"$root/build/lab/snapshot.lock"
    flock "$lock"
    if [ ! -e "$snapshot" ]; then
        # On a busy machine the emulated Xen was once seen to hang where dom0 starts; the next boot was well.
        make_snapshot "$snapshot" 150 || make_snapshot "$snapshot" 300 || return 1
        ls -dt "$root"/build/lab/snapshot-*/ | tail -n +6 | xargs -r rm -rf
    fi
    touch "$snapshot"
    ln -s "$snapshot" "$work/snapshot"
    exec {lock}>&-
}
