# SPDX-License-Identifier: BSD-3-Clause
# Every Debian package the project uses, by the machine it is needed on. Sourced, never run.
# shellcheck shell=bash disable=SC2034,SC2154  # the variables are those of the script that sources this

# The machine that builds and tests: compilers, libraries, and what makes and runs the lab.
host_packages=(
    build-essential cmake ninja-build pkg-config
    clang clang-format clang-tidy libclang-rt-14-dev lld
    libxen-dev libboost-dev libboost-program-options-dev libtomlplusplus-dev nlohmann-json3-dev rapidjson-dev
    libgtest-dev libgmock-dev
    liburing-dev libmnl-dev libseccomp-dev libcap-ng-dev
    zlib1g-dev liblzma-dev libzstd-dev liblz4-dev libbz2-dev liblzo2-dev
    libtomlplusplus-dev
    dpkg-dev scdoc groff-base bash-completion
    python3 jq python3-jsonschema python3-matplotlib python3-yaml
    qemu-system-x86 seabios mmdebstrap erofs-utils cpio xz-utils kmod ca-certificates
)

# dom0 inside the lab. The libraries at the end are those a build of this project links against.
dom0_packages=(
    xen-utils-4.17 xenstore-utils
    iproute2 bridge-utils ethtool iputils-ping netcat-openbsd socat curl
    openvswitch-switch tcpdump passwd
    kmod procps strace util-linux e2fsprogs jq python3 crun busybox-static
    libboost-program-options1.74.0 libfmt9
    zlib1g liblzma5 libzstd1 liblz4-1 libbz2-1.0 liblzo2-2
    liburing2 libmnl0 libseccomp2 libcap-ng0
    libstdc++6 libasan8 libubsan1
)

# Taken apart rather than installed: only a few of their files are needed.
hypervisor_package=xen-hypervisor-4.17-amd64
kernel_package=linux-image-amd64 # the -cloud- kernel cannot be a dom0

# What dom0 gets of the kernel's modules; the rest is drivers for hardware the lab does not have.
dom0_modules=(
    arch block crypto fs lib net
    drivers/{block,char,vhost,virtio,xen} drivers/net/xen-netback
    'drivers/net/*.ko' # the software devices: tun, veth, dummy, ...
)

# What init loads, in this order and before any program runs; other modules are found by the kernel when they are used.
boot_modules=(
    virtio_pci virtio_blk erofs overlay virtio_console
    xen-evtchn xen-gntdev xen-gntalloc xen-privcmd xenfs xen-netback xen-blkback 9pnet_virtio 9p
)

# What the ramdisk of a stock Linux guest has, besides what these depend on.
guest_modules=(xen-netfront xen-blkfront ext4 crc32c_generic)
