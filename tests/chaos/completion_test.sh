#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The completion script in a real bash: what is offered in each place of the command line.
set -uo pipefail
source "$1/chaos.bash" || exit 1
failures=0

# Stands for the program: what `chaos list` prints.
chaos() {
    [ "$*" != 'flavour list' ] || { printf 'Name  Mem\nsmall 4\nlarge 64\n'; return; }
    [ "$*" = list ] || return 1
    printf 'Name                                        ID   Mem VCPUs\tState\tTime(s)\n'
    printf '%-40s %5d\n' Domain-0 0 - 7 web-1 32700 web-2 32699 db 32698
}

# expect "WORDS… LAST" "OFFERED…": the last word is the one being completed; ^ stands for an empty one.
expect() {
    local offered
    read -ra COMP_WORDS <<<"$1"
    COMP_WORDS=("${COMP_WORDS[@]//^/}")
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    COMPREPLY=()
    _chaos
    offered=${COMPREPLY[*]-}
    if [ "$offered" != "$2" ]; then
        printf 'FAILED: %s\n  expected: %s\n  offered:  %s\n' "$1" "$2" "$offered"
        failures=$((failures + 1))
    fi
}

cd "$(mktemp -d)" || exit 1
trap 'rm -rf "$PWD"' EXIT
touch 'a guest.cfg' web.cfg kernel.bin

expect 'chaos cr' 'create'
expect 'chaos net' 'network-attach network-detach network-list'
expect 'chaos network-attach web-1 br' 'bridge='
expect 'chaos network-detach d' 'db'
expect 'chaos block-attach db w' 'web.cfg'
expect 'chaos block-detach --f' '--force'
expect 'chaos un' 'unpause'
expect 'chaos dom' 'domid domname'
expect 'chaos gen' ''
expect 'chaos --st' '--state-directory'
expect 'chaos -v li' 'list'
expect 'chaos --state-directory web' 'web.cfg'
expect 'chaos --state-directory dir pa' 'pause'
expect 'chaos create w' 'web.cfg'
expect 'chaos create a' 'a guest.cfg'
expect 'chaos create --w' '--wait'
expect 'chaos create -n ^' ''
expect 'chaos create -p --json w' 'web.cfg'
expect 'chaos create web.cfg mem' 'memory='
expect 'chaos create web.cfg memory = 4 vc' 'vcpus='
expect 'chaos create web.cfg kernel = ker' 'kernel.bin'
expect 'chaos create web.cfg memory =' ''
expect 'chaos destroy ^' 'web-1 web-2 db'
expect 'chaos destroy web-1 web' 'web-1 web-2'
expect 'chaos rename d' 'db'
expect 'chaos rename db ^' ''
expect 'chaos console --d' '--dump'
expect 'chaos shutdown -w --timeout ^' ''
expect 'chaos help ren' 'rename'
expect 'chaos version ^' ''
expect 'chaos po' 'pool'
expect 'chaos pool ^' 'list create resize drain delete'
expect 'chaos pool dr' 'drain'
expect 'chaos -v pool create s' 'small'
expect 'chaos pool create small ^' ''
expect 'chaos pool create --mi' '--min'
expect 'chaos flavour s' 'show set'
expect 'chaos flavour set large w' 'web.cfg'
expect 'chaos create --flavour l' 'large'
expect 'chaos events --kind ^' ''
expect 'chaos events w' 'web-1 web-2'
expect 'chaos help fl' 'flavour'
expect 'chaos nonsense ^' ''
rm 'a guest.cfg' web.cfg
expect 'chaos create web.cfg kernel =' 'kernel.bin'
complete -p chaos >/dev/null || failures=$((failures + 1))
[ "$failures" = 0 ]
