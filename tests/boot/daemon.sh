# SPDX-License-Identifier: BSD-3-Clause
# What the boot tests of chaosd share: starting and ending it, talking to it, and waiting for its pools.
# Sourced after common.sh.
# shellcheck shell=bash disable=SC2154,SC2034  # shared with the cases and common.sh

chaosd_log=$work/chaosd.log
chaosd_socket=/run/chaos/chaosd.sock

# One request; what came back is in $out, its HTTP status in $code.
api() { # METHOD PATH [JSON]
    local body=()
    [ $# -lt 3 ] || body=(--data "$3")
    run curl --silent --show-error --max-time 60 --unix-socket "$chaosd_socket" --request "$1" "${body[@]}" \
        --write-out '\n%{http_code}' "http://chaosd$2"
    code=${out##*$'\n'}
    out=${out%$'\n'*}
    ran="$1 $2 ${3-}"
    [ "$status" = 0 ] || code=none
}
expect_code() { # CODE METHOD PATH [JSON]
    local expected=$1
    shift
    api "$@"
    [ "$code" = "$expected" ] && return
    tell_run
    tell_chaosd_log
    fail "HTTP $expected was expected, $code was seen"
}
chaosd_answers() { api GET /v1/host && [ "$code" = 200 ]; }

start_chaosd() { # OPTION...
    chaosd "$@" 2>>"$chaosd_log" </dev/null &
    chaosd_pid=$!
    wait_for 20 chaosd_answers
}
# Ends it the hard way; `kill_chaosd TERM` politely.
kill_chaosd() { # [SIGNAL]
    kill -s "${1:-KILL}" "$chaosd_pid"
    { wait "$chaosd_pid"; } 2>/dev/null
    status=$?
}
tell_chaosd_log() {
    echo '-- what chaosd said last'
    tail -n 15 "$chaosd_log"
}

pool_has() { # FLAVOUR DEPTH
    api GET "/v1/pools/$1"
    [ "$code" = 200 ] && [ "$(jq .depth <<<"$out")" = "$2" ]
}
pool_is() { # FLAVOUR EXPRESSION: a jq expression that holds for the pool
    api GET "/v1/pools/$1"
    [ "$code" = 200 ] && jq -e "$2" <<<"$out" >/dev/null
}
wait_for_pool() { # SECONDS FLAVOUR EXPRESSION
    local deadline=$((SECONDS + $1))
    until pool_is "$2" "$3"; do
        [ "$SECONDS" -lt "$deadline" ] || { tell_run; tell_chaosd_log; fail "pool $2 did not come to: $3"; }
        sleep 0.1
    done
}
body_of() { # NAME KERNEL MEMORY-KIB [JSON MEMBERS OF CONFIG] [JSON MEMBERS OF THE REQUEST]
    printf '{"config":{"name":"%s","kernel":"%s","memory_kib":%s%s}%s}' "$1" "$images/$2" "$3" "${4-}" "${5-}"
}
