#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Makes what every lab boots from, once: Xen, dom0's kernel, a small initramfs and dom0's root, in a cache directory.
#
# Usage: lab/image.sh [--refresh | --if-made]
#   prints the directory; --refresh asks apt whether Xen or the kernel moved on, --if-made prints nothing if there is none
#
# The directory is named after a hash of this script and the package lists, so a changed list makes a new image.
set -Eeuo pipefail
lab=$(dirname "$(readlink -f "$0")")
cache=$lab/../build/lab
source "$lab/packages.sh"

say() { printf 'lab: %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }

# The package the kernel metapackage stands for today, such as linux-image-6.1.0-40-amd64.
kernel_image() { apt-cache show "$kernel_package" | sed -n 's/^Depends: \(linux-image-[^ ,]*\).*/\1/p' | head -n 1; }

# What apt would install now; an image made from older ones is replaced by --refresh.
candidates() {
    apt-cache show "$hypervisor_package" | sed -n 's/^Version: /xen /p' | head -n 1
    apt-cache show "$(kernel_image)" | sed -n 's/^Version: /kernel /p' | head -n 1
}

# The Debian archives this machine itself uses, in the one-line format.
debian_sources() {
    apt-get indextargets --format 'deb $(SITE) $(RELEASE) $(COMPONENT)' \
        'Created-By: Packages' 'Origin: Debian' 'Architecture: amd64' | sort -u
}

# Writes the ELF kernel packed inside a bzImage, so that Xen need not unpack it at every boot.
unpack_bzimage() { # BZIMAGE ELF
    local setup_sectors offset length
    setup_sectors=$(od -An -tu1 -j 497 -N 1 "$1")
    offset=$(od -An -tu4 -j 584 -N 4 "$1")
    length=$(od -An -tu4 -j 588 -N 4 "$1")
    length=$((length - 4)) # the last four bytes are the unpacked size
    head -c "$(((setup_sectors + 1) * 512 + offset + length))" "$1" | tail -c "$length" | xz -dc --single-stream >"$2"
    # Four megabytes of scratch, used on bare metal only, that keep the zeros before them in the file.
    objcopy -R .init.scratch "$2"
}

download() { # DIRECTORY PACKAGE...: unpacks packages there without installing them
    local into=$1 package
    shift
    (cd "$work/debs" && apt-get download -q -o APT::Sandbox::User=root "$@" >&2)
    for package; do dpkg -x "$work/debs/${package}"_*.deb "$into"; done
}

make_root() {
    local root=$work/root include
    include=$(IFS=, && echo "${dom0_packages[*]}")
    debian_sources >"$work/sources.list"
    mmdebstrap --quiet --mode=root --variant=minbase --include="$include" \
        --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
        --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/info/*' \
        --customize-hook='rm -rf "$1"/var/lib/apt/lists/* "$1"/var/cache/* "$1"/var/log/* "$1"/usr/share/qemu' \
        bookworm "$root" "$work/sources.list" >&2
    mkdir -p "$root"/{mnt/share,var/log/xen,var/lib/xen/dump,var/cache,root}
    echo lab >"$root/etc/hostname"
    printf '127.0.0.1 localhost lab\n' >"$root/etc/hosts"
    rm -f "$root/etc/resolv.conf"
    # What Debian's sysusers.d would make of xendevd's file.
    chroot "$root" useradd --system --home-dir /nonexistent --shell /usr/sbin/nologin xendevd
}

add_kernel() {
    local root=$work/root release tree
    release=$(basename "$work"/kernel/boot/vmlinuz-*) && release=${release#vmlinuz-}
    local from=$work/kernel/lib/modules/$release to=$root/lib/modules/$release
    mkdir -p "$to/kernel"
    cp "$from"/modules.{builtin,builtin.modinfo,order} "$to/"
    (cd "$from/kernel" && for tree in "${dom0_modules[@]}"; do cp -r --parents $tree "$to/kernel/"; done)
    depmod -b "$root" "$release"
    mkdir -p "$root/boot"
    cp "$work/kernel/boot/vmlinuz-$release" "$root/boot/vmlinuz"
    unpack_bzimage "$root/boot/vmlinuz" "$work/image/vmlinux"
    gunzip -c "$work"/hypervisor/boot/xen-4*.gz >"$work/image/xen"

    # The initramfs holds modules, named in the order of loading, and init, which run.sh adds.
    local initramfs=$work/initramfs number=100 module file
    mkdir -p "$initramfs"/{dev,packages,memory,root,modules}
    for module in "${boot_modules[@]}"; do
        modprobe -d "$root" -S "$release" --show-depends "$module"
    done | sed -n 's/^insmod //p' | awk '!seen[$1]++ { print $1 }' | while read -r file; do
        # Without its signature, whose check takes longer than all the rest of loading.
        objcopy --strip-debug "$file" "$initramfs/modules/$((number++))-${file##*/}"
    done
    (cd "$initramfs" && find . | LC_ALL=C sort | cpio -o -H newc --quiet) >"$work/image/initramfs.cpio"
}

# A ramdisk for a stock Linux guest: busybox, the drivers of Xen's devices and ext4, and what lab/guest says.
add_guest_ramdisk() {
    local root=$work/root guest=$work/guest release module file
    release=$(basename "$root"/lib/modules/*)
    local modules=$guest/lib/modules/$release
    mkdir -p "$guest"/{dev,proc,sys} "$modules" "$root/usr/share/chaos-lab"
    cp -r "$lab/guest/." "$guest/"
    cp "$root/bin/busybox" "$guest/bin/"
    ln -s poweroff "$guest/sbin/reboot"
    ln -s ../bin/busybox "$guest/sbin/modprobe" # the one that the kernel runs
    cp "$root/lib/modules/$release"/modules.{builtin,builtin.modinfo,order} "$modules/"
    for module in "${guest_modules[@]}"; do
        modprobe -d "$root" -S "$release" --show-depends "$module"
    done | sed -n 's/^insmod //p' | sort -u | while read -r file; do
        objcopy --strip-debug "$file" "$modules/${file##*/}"
    done
    depmod -b "$guest" "$release"
    rm -f "$modules"/modules.{builtin*,order,*.bin} # busybox reads the text
    (cd "$guest" && find . | LC_ALL=C sort | cpio -o -H newc --quiet | gzip -9) \
        >"$root/usr/share/chaos-lab/busybox-initramfs.cpio.gz"
}

key=$(find "$lab/image.sh" "$lab/packages.sh" "$lab/guest" -type f | LC_ALL=C sort | xargs cat | sha256sum | cut -c 1-12)
mkdir -p "$cache"
cache=$(readlink -f "$cache")
image=$cache/image-$key
if [ "${1-}" = --if-made ]; then
    [ ! -e "$image/versions" ] || echo "$image"
    exit
fi
exec {lock}>"$cache/lock"
flock "$lock"
if [ -e "$image/versions" ] && { [ "${1-}" != --refresh ] || [ "$(candidates)" = "$(cat "$image/versions")" ]; }; then
    echo "$image"
    exit
fi

[ "$(id -u)" = 0 ] || fail "making the dom0 image takes root"
for tool in mmdebstrap mkfs.erofs cpio depmod objcopy xz; do
    command -v "$tool" >/dev/null || fail "$tool is missing; run ./dev setup"
done
[ -n "$(kernel_image)" ] || apt-get update -q >&2 || fail "apt-get update failed; is the machine online?"
work=$(mktemp -d "$cache/making.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'fail "making the dom0 image failed; the reason is above"' ERR
mkdir -p "$work"/{debs,kernel,hypervisor,image}
say "making the dom0 image, once (about a minute)"
say "  Xen and the kernel"
download "$work/kernel" "$(kernel_image)"
download "$work/hypervisor" "$hypervisor_package"
say "  dom0's root from Debian's packages"
make_root
add_kernel
add_guest_ramdisk
say "  packing"
mkfs.erofs --quiet "$work/image/root.erofs" "$work/root" >&2
candidates >"$work/image/versions"
rm -rf "$image"
mv "$work/image" "$image"
ls -dt "$cache"/image-*/ | tail -n +3 | xargs -r rm -rf # what a run in progress has open stays until it ends
say "  done: $image ($(du -sh "$image" | cut -f 1))"
echo "$image"
