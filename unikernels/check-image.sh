#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Looks whether unikernel images keep what they promise to toolstacks: check-image.sh IMAGE...
#
# Each carries both ELF notes, enters inside its code, lies above its stack and page tables, and leaves half of a
# 256 KiB guest free. noop is at most 16 KiB long, daytime, which has a network, 160 KiB.
set -eu

readelf=${READELF:-readelf}
size_limit() { # image
    case $(basename "$1") in
    noop) echo 16384 ;;
    *) echo 163840 ;;
    esac
}
first_address=$((0x8000))
end_address=$((0x20000))
failures=0

expect() { # what, how it should be, how it is
    if [ "$2" != "$3" ]; then
        echo "$image: $1: should be $2 but is $3" >&2
        failures=$((failures + 1))
    fi
}

# The .notes section as hexadecimal bytes, one string.
notes_of() {
    "$readelf" -x .notes "$1" 2>/dev/null | awk '/^  0x/ { printf "%s%s%s%s", $2, $3, $4, $5 }'
}

# The bytes of a little-endian 32-bit number, from "30000100" to 0x00010030.
number() {
    echo "$1" | sed 's/^\(..\)\(..\)\(..\)\(..\)$/0x\4\3\2\1/'
}

check_segments() { # image, entry
    code_seen=no
    "$readelf" -lW "$1" | awk '$1 == "LOAD" { print $4, $6, $7 $8 }' >"$list"
    while read -r begin size flags; do
        begin=$((begin))
        end=$((begin + size))
        if [ $begin -lt $first_address ] || [ $end -gt $end_address ]; then
            expect "segment" "within $first_address and $end_address" "from $begin to $end"
        fi
        if [ "$flags" = RE ] && [ $(($2)) -ge $begin ] && [ $(($2)) -lt $end ]; then
            code_seen=yes
        fi
    done <"$list"
    expect "entry within read-only code" yes $code_seen
}

list=$(mktemp)
trap 'rm -f "$list"' EXIT

for image in "$@"; do
    notes=$(notes_of "$image")
    case $notes in
    # Sizes 4 and 8, type 18, "Xen", the entry; sizes 5 and 4, type 1, "noxs", version 1.1.
    040000000800000012000000"58656e00"????????00000000"050000000400000001000000"6e6f787300000000"01000100")
        entry=$(number "$(echo "$notes" | cut -c 33-40)")
        expect "ELF entry" "$((entry))" "$(($("$readelf" -hW "$image" | awk '/Entry point/ { print $NF }')))"
        check_segments "$image" "$entry"
        ;;
    *) expect "notes" "those of Xen and of noxs 1.1" "${notes:-none}" ;;
    esac

    size=$(wc -c <"$image")
    if [ "$size" -gt "$(size_limit "$image")" ]; then
        expect "size" "at most $(size_limit "$image") bytes" "$size"
    fi
    echo "$image: $size bytes"
done
if [ $failures -gt 0 ]; then
    echo "$failures checks failed" >&2
    exit 1
fi
