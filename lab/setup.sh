#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Installs the Debian packages that are missing, makes the lab's dom0 image and fetches lwIP. With nothing to do it is done
# at once.
set -euo pipefail
lab=$(dirname "$(readlink -f "$0")")
source "$lab/packages.sh"

help() {
    cat <<'HELP'
Usage: dev setup [--refresh]

Makes a Debian 12 machine ready: installs what is missing of the packages listed in lab/packages.sh (as root), and
makes the image the lab boots from and fetches what guests are built from, in build/lab. Once that is done, it finds
so and ends.

  --refresh   ask Debian's archive first whether Xen or the kernel have moved on, and make the image anew if so
  -h, --help  print this
HELP
}
fail() { printf 'dev setup: %s\n' "$*" >&2; exit 1; }

refresh=()
case ${1-} in
    '') ;;
    --refresh) refresh=(--refresh) ;;
    -h | --help) help; exit ;;
    *) printf 'dev setup: unknown option %s (see dev setup --help)\n' "$1" >&2; exit 2 ;;
esac

[ "$(uname -m)" = x86_64 ] || fail "this needs an x86-64 machine"
command -v apt-get >/dev/null && grep -q '^VERSION_CODENAME=bookworm' /etc/os-release || fail "this needs Debian 12 (bookworm)"

installed=$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' "${host_packages[@]}" 2>/dev/null |
    sed -n 's/ installed$//p') || true
mapfile -t missing < <(printf '%s\n' "${host_packages[@]}" | grep -vxF -e "$installed" || true)

# Programs built here run in dom0: its Xen must be the one whose headers are installed.
image=$("$lab/image.sh" --if-made)
if [ ${#missing[@]} -eq 0 ] && [ -n "$image" ] &&
    ! grep -qxF "xen $(dpkg-query -W -f '${Version}' libxen-dev)" "$image/versions"; then
    missing=(libxen-dev) refresh=(--refresh)
fi

if [ ${#missing[@]} -gt 0 ] || [ ${#refresh[@]} -gt 0 ]; then
    [ "$(id -u)" = 0 ] || fail "run me as root, or install these packages: ${missing[*]}"
    export DEBIAN_FRONTEND=noninteractive
    echo "setup: reading Debian's package lists" >&2
    apt-get update -q >&2 || fail "apt-get update failed; is the machine online?"
fi
if [ ${#missing[@]} -gt 0 ]; then
    echo "setup: installing ${missing[*]}" >&2
    apt-get install -q -y -o Dpkg::Use-Pty=0 --no-install-recommends "${missing[@]}" </dev/null >&2 || fail "apt-get could not install the packages"
fi
"$lab/image.sh" "${refresh[@]}" >/dev/null || fail "the dom0 image could not be made"
"$lab/sources.sh" >/dev/null || fail "the sources of lwIP could not be fetched"
echo "setup: ready" >&2
