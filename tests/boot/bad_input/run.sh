#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Configurations, settings, kernels and ramdisks as wrong as they come: each is refused with what is wrong and where.
source "$(dirname "$0")/../common.sh"
remember_host
write_config good noop 4
# `chaos create --dry-run` finds nearly all of it without a hypervisor; here everything goes all the way.
refused() { expect_refusal $configuration "$1" chaos create --wait "${@:2}"; }

step 'configuration files that are none'
refused 'missing.cfg|No such file' missing.cfg
refused '/root|no regular file' /root
mkfifo fifo.cfg
refused 'fifo.cfg|no regular file' fifo.cfg
refused '/dev/zero|no regular file' /dev/zero
: >empty.cfg
refused 'empty.cfg|name is missing' empty.cfg
head -c 20000 /dev/urandom >random.cfg
refused 'random.cfg' random.cfg
{ cat good.cfg && printf 'cmdline = "a\0b"\n'; } >zero.cfg
refused 'zero.cfg:4' zero.cfg
head -c 50M /dev/zero >huge.cfg
refused 'huge.cfg' huge.cfg
rm huge.cfg
printf 'name = "unfinished\n' >quote.cfg
refused 'quote.cfg:1' quote.cfg
printf 'name = "a"\nmemory = [ 4,\n' >list.cfg
refused 'list.cfg' list.cfg

step 'keys and values that cannot be right'
while IFS='@' read -r setting words; do
    printf '%s\n' "$setting" | cat good.cfg - >wrong.cfg
    refused "wrong.cfg:4|$words" wrong.cfg
    refused "$words" good.cfg "$setting"
done <<'SETTINGS'
vcpus = 0@vcpus|1|128
vcpus = 129@vcpus|128
vcpus = "many"@vcpus|many
vcpus = -1@vcpus
memory = 0@memory
memory = "255K"@memory|256
memory = "10Q"@memory|10Q
memory = 99999999999999999999@memory
name = "a/b"@name|a/b
name = "-a"@name
name = ""@name
name = "1234"@name
kernel = ""@kernel
type = "hvm"@type|device model
type = "vax"@type|vax|pvh
disk = [ "a" ]@disk|vdev
vif = [ "mac=1" ]@vif|mac
vnc = 1@vnc|device model
vpcus = 2@vpcus|vcpus
uuid = "1-2-3"@uuid
on_crash = "explode"@on_crash|preserve
max_event_channels = 0@max_event_channels
max_grant_frames = 65@max_grant_frames|64
cpus = "256"@cpus
cpus = "1-"@cpus
maxmem = 8@maxmem
SETTINGS
refused 'cmdline' good.cfg "cmdline=$(head -c 2048 /dev/zero | tr '\0' a)"
expect_refusal $usage 'nr-doms' chaos create -n 0 good.cfg
expect_refusal $usage 'nr-doms' chaos create -n 99999 good.cfg
expect_refusal $usage 'wait' chaos create --wait=soon good.cfg
expect_refusal $usage 'FILE' chaos create
expect_refusal $usage 'creat|create' chaos creat good.cfg
expect_nothing_left 'wrong configurations'

step 'kernels that are none'
kernel_refused() { refused "$1" good.cfg "kernel=$2" "${@:3}"; }
kernel_refused 'missing|No such file' "$work/missing"
kernel_refused 'a directory' /root
kernel_refused 'a pipe' "$work/fifo.cfg"
kernel_refused 'a device' /dev/zero
kernel_refused 'empty.cfg' "$work/empty.cfg"
kernel_refused 'random.cfg' "$work/random.cfg"
kernel_refused 'PVH' /usr/bin/true
good=$images/noop
# What is behind the last segment, the names of sections and the like, nobody needs.
segments_end=$(python3 -c '
import struct, sys
elf = open(sys.argv[1], "rb").read()
table, count = struct.unpack_from("<Q", elf, 32)[0], struct.unpack_from("<H", elf, 56)[0]
headers = [struct.unpack_from("<IIQQQQ", elf, table + 56 * number) for number in range(count)]
print(max(offset + size for kind, _, offset, _, _, size in headers if kind == 1))' "$good")
for length in 1 4 16 63 64 65 100 120 200 300 $((segments_end / 2)) $((segments_end - 1)); do
    head -c "$length" "$good" >cut
    kernel_refused "$work/cut" "$work/cut"
done
patch_kernel() { # FILE OFFSET BYTES-IN-OCTAL: the good kernel with other bytes there
    cp "$good" "$1"
    # shellcheck disable=SC2059  # the octal escapes are the format
    printf "$3" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}
while read -r offset bytes what; do
    patch_kernel "$what" "$offset" "$bytes"
    kernel_refused "$work/$what" "$work/$what"
done <<'PATCHES'
0 \177ELG other-magic
4 \001 of-32-bit
5 \002 big-endian
16 \001\000 not-an-executable
18 \050\000 for-another-machine
32 \377\377\377\377\377\377\377\177 program-headers-beyond-the-end
54 \001\000 program-headers-too-small
56 \377\377 too-many-program-headers
56 \000\000 no-program-headers
PATCHES
kernel_refused "$work" "$work"

step 'hostile kernels: bytes of the headers flipped; each works or is refused, and nothing is left'
accepted=0
for ((offset = 0; offset < 340; offset += 9)); do
    old=$(od -An -tu1 -j "$offset" -N 1 "$good")
    patch_kernel patched "$offset" "\\$(printf %o $((old ^ 255)))"
    run chaos create -p good.cfg "kernel=$work/patched"
    case $status in
        0) accepted=$((accepted + 1)) && expect_ok chaos destroy good ;;
        "$configuration") expect_text "$err" "$work/patched" ;;
        *) tell_run && fail "with byte $offset of its kernel flipped, create was expected to work or refuse" ;;
    esac
done
echo "   $accepted of 38 were accepted"
expect_nothing_left 'hostile kernels'

step 'kernels and ramdisks that do not fit into the memory'
head -c 8M /dev/urandom >ramdisk
kernel_refused 'memory' "$good" "ramdisk=$work/ramdisk"
kernel_refused 'memory' /boot/vmlinuz memory=4
kernel_refused 'missing|No such file' "$good" "ramdisk=$work/missing"
kernel_refused 'a directory' "$good" ramdisk=/root
expect_refusal $configuration 'PV' chaos create good.cfg type=pv
expect_refusal $usage 'noxs|ready' chaos create --wait good.cfg kernel=/boot/vmlinuz memory=256
expect_nothing_left 'what does not fit'

step 'files of /run/chaos damaged from outside'
expect_ok chaos create --wait good.cfg
id=$(chaos domid good)
cp "/run/chaos/guests/$id.json" saved
expect_ok chaos create --wait good.cfg name=sound
for damage in '' '{' '[]' '{"version":99}' 'null' "$(head -c 300 saved)"; do
    printf '%s' "$damage" >"/run/chaos/guests/$id.json"
    expect_ok chaos list
    expect_equal 'rows of the others' 'Domain-0 sound' "$(awk '$1 ~ /^[A-Zs]/ && NR > 1 { print $1 }' <<<"$out" | xargs)"
    expect_refusal $failure "/run/chaos/guests/$id.json" chaos destroy good
done
expect_ok chaos destroy sound
cp saved "/run/chaos/guests/$id.json"
run chaos list --json good
expect_json '.guests[0].name == "good"'
expect_ok chaos destroy good
ln -s nonsense /run/chaos/names/good
expect_ok chaos create --wait good.cfg
expect_ok chaos destroy good
printf nonsense >/run/chaos/next-domain
expect_ok chaos create --wait good.cfg
expect_ok chaos destroy good
expect_nothing_left 'damaged files'
finish
