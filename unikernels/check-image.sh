#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Looks whether unikernel images keep what they promise to toolstacks: check-image.sh IMAGE...
#
# Each carries both ELF notes, enters inside its code, needs no memory below 64 KiB or above 256 KiB less the pages a
# toolstack takes; noop is at most 16 KiB long.
set -eu

readelf=${READELF:-readelf}
noop_limit=16384
first_address=$((0x10000))
end_address=$((0x40000 - 8 * 4096))
failures=0

# Fields of a little-endian word list, as `readelf -x` prints it: word N of section .notes.
note_word() {
    "$readelf" -x .notes "$1" | awk -v n="$2" '/^  0x/ { for (i = 2; i <= 5; i++) w[k++] = $i }
        END { x = w[n]; print substr(x,7,2) substr(x,5,2) substr(x,3,2) substr(x,1,2) }'
}

expect() { # what it is, what it should be, what it is
    if [ "$2" != "$3" ]; then
        echo "$image: $1 should be $2 but is $3" >&2
        failures=$((failures + 1))
    fi
}

for image in "$@"; do
    # Name size 4, descriptor 8, type 18 (XEN_ELFNOTE_PHYS32_ENTRY), "Xen"; name size 5, descriptor 4, type 1, "noxs".
    expect "the Xen note" "00000004 00000008 00000012 006e6558" \
        "$(note_word "$image" 0) $(note_word "$image" 1) $(note_word "$image" 2) $(note_word "$image" 3)"
    expect "the noxs note" "00000005 00000004 00000001 73786f6e 00010000" \
        "$(note_word "$image" 6) $(note_word "$image" 7) $(note_word "$image" 8) $(note_word "$image" 9) $(note_word "$image" 11)"
    entry=$((0x$(note_word "$image" 4)))
    expect "the ELF entry" "$(printf '0x%x' "$entry")" "$("$readelf" -hW "$image" | awk '/Entry point/ { print $NF }')"
    expect "the number of PT_NOTE segments" 1 "$("$readelf" -lW "$image" | grep -c '^  NOTE ')"

    code_seen=no
    segments=$("$readelf" -lW "$image" | awk '$1 == "LOAD" { print $4, $5, $6, $7 $8 }')
    while read -r address file_size memory_size flags; do
        begin=$((address))
        end=$((begin + memory_size))
        if [ $begin -lt $first_address ] || [ $end -gt $end_address ] || [ $((file_size)) -gt $((memory_size)) ]; then
            expect "every segment" "within 0x10000 and $(printf '0x%x' $end_address)" "$address and $memory_size bytes long"
        fi
        case $flags in
        RE*) [ $entry -lt $begin ] || [ $entry -ge $end ] || code_seen=yes ;;
        esac
    done <<END
$segments
END
    expect "the entry within a segment that is code and not writable" yes $code_seen

    size=$(wc -c <"$image")
    if [ "$(basename "$image")" = noop ] && [ "$size" -gt $noop_limit ]; then
        expect "the size of noop" "at most $noop_limit" "$size"
    fi
    [ $failures -gt 0 ] || printf '  ok     %s, %d bytes\n' "$(basename "$image")" "$size"
done
[ $failures -eq 0 ]
