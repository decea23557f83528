#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Fetches what guests are built from besides this repository: lwIP, as Debian's source package has it.
#
# Usage: lab/sources.sh     prints the directory, which holds `lwip`
#
# The package lists and the package are read into the cache directory, under the keys this machine's own apt trusts; the
# machine's own lists stay as they are.
set -Eeuo pipefail
lab=$(dirname "$(readlink -f "$0")")
lwip_version=2.1.3+dfsg1-2

say() { printf 'sources: %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }

# Where this machine gets its Debian packages, it gets their sources.
debian_sources() {
    apt-get indextargets --format 'deb-src $(SITE) $(RELEASE) $(COMPONENT)' \
        'Created-By: Packages' 'Origin: Debian' 'Architecture: amd64' | sort -u
}

mkdir -p "$lab/../build/lab"
cache=$(readlink -f "$lab/../build/lab")/sources
if [ -e "$cache/lwip-$lwip_version" ]; then
    echo "$cache"
    exit
fi
command -v dpkg-source >/dev/null || fail "dpkg-source is missing; run ./dev setup"
mkdir -p "$cache"
exec {lock}>"$cache/lock"
flock "$lock"
work=$(mktemp -d "$cache/making.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'fail "fetching the sources failed; the reason is above"' ERR

say "fetching lwIP $lwip_version from Debian's source package"
mkdir -p "$work"/{lists/partial,archives/partial,lwip}
debian_sources >"$work/sources.list"
[ -s "$work/sources.list" ] || fail "apt knows no Debian archive; run apt-get update"
options=(-q -o Dir::Etc::sourcelist="$work/sources.list" -o Dir::Etc::sourceparts=/dev/null
    -o Dir::State::lists="$work/lists" -o Dir::Cache::archives="$work/archives"
    -o Dir::Cache::pkgcache='' -o Dir::Cache::srcpkgcache='' -o APT::Sandbox::User=root)
apt-get "${options[@]}" update >&2
(cd "$work" && apt-get "${options[@]}" source --download-only "lwip=$lwip_version" >&2)
# apt checked the description against the archive's signature, and the files against it; the packager's own key is
# not among those of the archive.
dpkg-source --no-check -x "$work"/lwip_*.dsc "$work/lwip-$lwip_version" >&2
rm -rf "$cache"/lwip "$cache/lwip-$lwip_version"
mv "$work/lwip-$lwip_version" "$cache/"
ln -s "lwip-$lwip_version" "$cache/lwip"
echo "$cache"
