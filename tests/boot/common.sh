# SPDX-License-Identifier: BSD-3-Clause
# What the boot tests share: telling what is done, expecting what comes of it, and proving that nothing is left.
# Sourced by run.sh of each case, which runs as root in dom0. The first broken expectation ends the case.
# shellcheck disable=SC2034  # out, err, status and the like are read by the cases
set -uo pipefail
export LC_ALL=C.UTF-8

case_directory=$(dirname "$(readlink -f "${BASH_SOURCE[1]}")")
images=/usr/lib/chaos/unikernels
list_event_channels=/usr/lib/xen-4.17/bin/lsevtchn
work=$(mktemp -d /root/boot-test.XXXXXX)
cd "$work" || exit 1

# Exit codes of chaos; chaos(1) lists them.
failure=1 usage=2 configuration=3 host=4 no_such_guest=5 name_taken=6 out_of_memory=7 guest_failed=8 timed_out=9
interrupted=130

step() { printf '== %s (at %d s)\n' "$*" "$SECONDS"; }

# What Xen tells of guests, such as why one was shut down, it keeps to itself unless it is told to log that.
xenhypfs write /params/guest_loglvl none/all 2>/dev/null

# How each guest is, why it stopped if it did, and the last of what it said.
tell_guests() {
    local guest
    echo '-- guests that stopped'
    chaos list --json 2>/dev/null | jq -r '.guests[] | select(.shutdown_reason) | "\(.name): \(.shutdown_reason)"'
    for guest in $(chaos list --json 2>/dev/null | jq -r '[.guests[] | select(.made_by_chaos and .name)][:4][].name'); do
        printf -- '-- the last of the console of %s\n' "$guest"
        timeout 5 chaos console --dump "$guest" 2>&1 </dev/null | tail -n 20
    done
}

fail() {
    printf 'FAILED: %s\n' "$*"
    printf '%s\n' '-- domains as Xen has them' "$(timeout 5 xl list 2>&1)" '-- domains as chaos has them' "$(chaos list 2>&1)"
    tell_guests
    printf '%s\n' '-- files' "$(find /run/chaos 2>&1)" \
        '-- the last of the hypervisor'"'"'s log' "$("$(dirname "${BASH_SOURCE[0]}")/hypervisor_log.py" 40 2>&1)"
    exit 1
}

# Reads a file into a variable, without the NUL bytes that mean nothing to a shell and the newlines at its end. Forks
# nothing: on emulated hardware that is most of what a test costs.
read_file() { # VARIABLE FILE
    local part text=''
    while IFS= read -r -d '' part; do text+=$part; done <"$2"
    text+=$part
    while [[ $text == *$'\n' ]]; do text=${text%$'\n'}; done
    printf -v "$1" %s "$text"
}

# Runs a command; what it printed is in $out and $err, its exit status in $status.
run() {
    "$@" >"$work/.out" 2>"$work/.err" </dev/null
    status=$?
    read_file out "$work/.out"
    read_file err "$work/.err"
    ran=$*
}

tell_run() { printf 'ran:      %s\nstatus:   %s\nstdout:   %s\nstderr:   %s\n' "$ran" "$status" "$out" "$err"; }

expect_status() { # STATUS COMMAND...; STATUS may be "failure" for any that is not success
    local expected=$1
    shift
    run "$@"
    [ "$status" = "$expected" ] && return
    tell_run
    fail "exit status $expected was expected, $status was seen"
}

expect_ok() { expect_status 0 "$@"; }

# The command fails with that status and says why, in words that hold each of the texts.
expect_refusal() { # STATUS 'TEXT|TEXT...' COMMAND...
    local expected=$1 texts=$2 text
    shift 2
    expect_status "$expected" "$@"
    [ -z "$out" ] || { tell_run; fail 'nothing was expected on standard output'; }
    IFS='|' read -ra texts <<<"$texts"
    for text in "${texts[@]}"; do expect_text "$err" "$text"; done
}

expect_text() { # WHERE TEXT
    [[ $1 == *"$2"* ]] && return
    tell_run
    fail "'$2' was expected in: $1"
}

expect_equal() { # WHAT EXPECTED SEEN
    [ "$2" = "$3" ] && return
    fail "$1: '$2' was expected, '$3' was seen"
}

# A jq expression that has to hold for the JSON in $out.
expect_json() { # EXPRESSION [JQ ARGUMENT...]
    local expression=$1
    shift
    jq -e "$@" "$expression" <<<"$out" >"$work/.jq" 2>&1 && return
    tell_run
    fail "'$expression' was expected to hold for what was printed; jq: $(cat "$work/.jq")"
}

# Waits until a command succeeds.
wait_for() { # SECONDS COMMAND...
    local deadline=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ "$SECONDS" -lt "$deadline" ] || fail "gave up waiting for: $*"
        sleep 0.05
    done
}

# The state letters that list shows of a guest, such as -b----.
state_of() { chaos list "$1" 2>/dev/null | awk 'NR == 2 { print $5 }'; }
has_state() { [[ $(state_of "$1") == *"$2"* ]]; } # GUEST LETTER

write_config() { # NAME APPLICATION MEMORY [LINE...]: writes NAME.cfg
    local name=$1 application=$2 memory=$3
    shift 3
    printf '%s\n' "name = \"$name\"" "kernel = \"$images/$application\"" "memory = $memory" "$@" >"$name.cfg"
}

# --- nothing may be left ---
# Compared are: the domains Xen counts, the memory Xen has free and promised, the event channels of dom0, and the
# files of chaos. Xen frees a dead domain's last pages a moment later (after the other CPUs have let go of it), so
# the state is looked at again for some seconds before it counts.

# Xen's own small allocator takes whole pages from the free memory and keeps a few when they are empty again.
memory_tolerance_kib=64

# Reads it into $state_now, one fact per line, and $free_kib.
look_at_host() {
    local info fact
    local -a channels files
    info=$(chaos info --json)
    mapfile -t channels < <("$list_event_channels" 0)
    shopt -s nullglob dotglob
    files=(/run/chaos/guests/* /run/chaos/names/*)
    shopt -u nullglob dotglob
    [[ $info =~ \"free_memory_kib\":\ ([0-9]+) ]] && free_kib=${BASH_REMATCH[1]} || fail "chaos info says: $info"
    state_now="event channels of dom0: ${#channels[@]}"
    for fact in domains claimed_memory_kib; do
        [[ $info =~ \"$fact\":\ ([0-9]+) ]] && state_now+=$'\n'"$fact: ${BASH_REMATCH[1]}"
    done
    for fact in "${files[@]}"; do state_now+=$'\n'"file: $fact"; done
}

# Takes down what the host is like now, after a first guest has made Xen and chaos allocate what they keep.
remember_host() {
    write_config first noop 4
    expect_ok chaos create --wait first.cfg
    expect_ok chaos destroy first
    sleep 0.3
    remember_host_as_it_is
}
remember_host_as_it_is() {
    look_at_host
    state_before=$state_now
    free_before=$free_kib
}

nothing_left() {
    look_at_host
    # More than before: then what was taken down had a dead domain's last pages missing. They count from now on.
    [ "$free_kib" -le "$free_before" ] || free_before=$free_kib
    lost_kib=$((free_before - free_kib))
    [ "$state_now" = "$state_before" ] && [ "$lost_kib" -le "$memory_tolerance_kib" ]
}

expect_nothing_left() { # AFTER WHAT
    local deadline=$((SECONDS + 8))
    until nothing_left; do
        [ "$SECONDS" -lt "$deadline" ] && { sleep 0.05; continue; }
        diff <(echo "$state_before") <(echo "$state_now") | sed -n 's/^</before: /p; s/^>/after:  /p'
        fail "after $1 the host is not what it was; of its free memory $lost_kib KiB are missing"
    done
}

finish() {
    printf 'all held, in %d s\n' "$SECONDS"
    exit 0
}
