#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The manuals as their reader sees them: nothing to warn about, and every verb, option and exit code in its place.
set -uo pipefail
failures=0
fail() { printf 'FAILED: %s\n' "$*"; failures=$((failures + 1)); }

read_manual() { # PAGE; the text is in $text
    local warnings
    warnings=$(groff -man -Tascii -ww -rLL=80n "$1" 2>&1 >/dev/null)
    [ -z "$warnings" ] || fail "$1: $warnings"
    text=$(groff -man -Tascii -rLL=200n -P -cbou "$1")
    [[ $text != *\\[*_]* ]] || fail "$1: an escape is left in the text"
}

read_manual "$1/chaos.cfg.5"
for key in name kernel memory type ramdisk cmdline root extra vcpus cpus cpus_soft uuid max_event_channels \
    max_grant_frames maxmem maxvcpus on_poweroff vif disk store bridge mac vdev access; do
    grep -qE "^ +(.*, )?$key\b" <<<"$text" || fail "chaos.cfg(5) does not describe $key"
done

read_manual "$1/chaos.1"
for verb in create destroy shutdown reboot pause unpause list info console network-attach network-detach network-list block-attach block-detach block-list domid domname rename events version help 'pool create' 'pool drain' 'flavour set'; do
    grep -qE "^ +chaos $verb( |$)" <<<"$text" || fail "chaos(1) does not describe $verb"
done
for option in '-n, --nr-doms N' '--wait\[=SECONDS\]' '--dry-run' '-F, --force' '--dump' '--state-directory DIR'; do
    grep -qE "^ +$option$" <<<"$text" || fail "chaos(1) does not describe $option"
done
for code in 0 1 2 3 4 5 6 7 8 9 130; do
    grep -qE "^ +$code$" <<<"$text" || fail "chaos(1) does not describe exit status $code"
done
grep -q 'generate' <<<"$text" && fail 'chaos(1) shows what is not for users'
[ "$failures" = 0 ]
