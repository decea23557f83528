# SPDX-License-Identifier: BSD-3-Clause
# What the boot tests of stock Linux guests share: Debian's own kernel, and a talk with the shell in its ramdisk.
# Sourced after common.sh.
# shellcheck shell=bash disable=SC2154  # work comes from common.sh

write_linux_config() { # NAME TYPE VCPUS MEMORY [LINE...]: writes NAME.cfg
    local name=$1 type=$2 vcpus=$3 memory=$4
    shift 4
    printf '%s\n' "name = \"$name\"" "type = \"$type\"" 'kernel = "/boot/vmlinuz"' \
        'ramdisk = "/usr/share/chaos-lab/busybox-initramfs.cpio.gz"' "vcpus = $vcpus" "memory = $memory" \
        'cmdline = "console=hvc0 quiet"' "$@" >"$name.cfg"
}

# Attaches to a guest's console. Somebody has to read it all the time: Linux waits while its console's ring is full.
attach() { # GUEST
    heard=$work/heard
    rm -f "$work/input"
    mkfifo "$work/input"
    exec {mouth}<>"$work/input"
    chaos console "$1" <"$work/input" >"$heard" 2>&1 &
    console=$!
}

detach() {
    kill "$console" 2>/dev/null
    wait "$console"
    exec {mouth}>&-
}

say() { printf '%s\n' "$*" >&"$mouth"; }

expect_heard() { # SECONDS PATTERN
    local deadline=$((SECONDS + $1))
    until grep -aqE "$2" "$heard"; do
        [ "$SECONDS" -lt "$deadline" ] || { tail -n 40 "$heard"; fail "'$2' was expected on the console within $1 s"; }
        sleep 0.1
    done
}

# Boots a guest, checks from inside that it is what was asked for, and lets it run.
boot_linux() { # TYPE VCPUS MIB
    local type=$1 vcpus=$2 mib=$3 seen
    step "a $type guest with $vcpus vCPUs and $mib MiB"
    write_linux_config linux "$type" "$vcpus" "$mib"
    expect_ok chaos create linux.cfg
    attach linux
    expect_heard 150 'guest is up'
    # The shell echoes what is typed: only the answer has digits after the equals sign.
    # shellcheck disable=SC2016  # to be expanded in the guest
    say 'echo vcpus=$(nproc) kib=$(awk "/^MemTotal/ { print \$2 }" /proc/meminfo)'
    expect_heard 30 'vcpus=[0-9]+ kib=[0-9]+'
    seen=$(grep -aoE 'vcpus=[0-9]+ kib=[0-9]+' "$heard")
    expect_equal 'vCPUs that the guest counts' "vcpus=$vcpus" "${seen% *}"
    # The kernel keeps some for itself: its code, and a description of every page.
    [ "${seen#*kib=}" -gt $((mib * 1024 * 95 / 100 - 60 * 1024)) ] || fail "of $mib MiB the guest sees ${seen#*kib=} KiB"
    # It sleeps and wakes up, so its clock works.
    say 'sleep 1 && echo awake=$?'
    expect_heard 30 'awake=0'
}

make_disk() { # FILE
    rm -f "$1"
    truncate -s 32M "$1"
    expect_ok mkfs.ext4 -q "$1"
}

# Has the shell in the guest carry out a command that must succeed. It echoes what is typed, so the answer must be no part
# of the question.
ask_guest() { # SECONDS COMMAND...
    local seconds=$1
    shift
    question=$((${question-0} + 1))
    say "$* && echo answer-$question-\$((40 + 2))"
    expect_heard "$seconds" "answer-$question-42"
}

# The guest answers ping, and echoes over TCP what it is sent.
expect_network() { # ADDRESS
    expect_ok ping -c 3 -i 0.2 -W 5 "$1"
    expect_ok ping -c 1 -s 1400 -W 5 "$1"
    head -c 200K /dev/urandom >sent
    timeout 60 busybox nc "$1" 7 <sent >came_back || fail "no TCP connection with $1"
    cmp sent came_back || fail "what $1 sends back is not what it was sent"
}

# What the guest wrote is in the image, and the file system is as it should be.
expect_on_disk() { # IMAGE TEXT
    expect_ok e2fsck -fn "$1"
    expect_ok debugfs -R 'cat /written' "$1"
    expect_equal "what is in $1" "$2" "$out"
}
