# SPDX-License-Identifier: BSD-3-Clause
# The toolstacks that are compared: what each needs, how its guests are described, and how one is made. Another one is a few
# lines here and a name in render/series.py. Sourced by common.sh, when bridge, switch and xendevd are there.
# shellcheck shell=bash disable=SC2034,SC2154

chaosd_socket=/run/chaos/chaosd.sock

# Why a stack cannot be measured on this host, or nothing.
why_not() { # STACK
    case $1 in
        *split | lightvm) command -v chaosd >/dev/null || { echo 'chaosd is not installed'; return; } ;;
    esac
    case $1 in
        chaos_xs*) chaos create --dry-run name=x memory=4 kernel=$unikernels/noop 'store="xenstore"' >/dev/null 2>&1 ||
            echo 'this chaos has no store="xenstore"' ;;
    esac
}

# Sets, for a stack and a guest (noop, daytime, linux): the file `template`; `command` and `destroy`, which make and end a
# guest; `by_category` and `preload` where there is a client that says where its time goes. start_stack() may set `request`.
describe() { # STACK GUEST
    local stack=$1 guest=$2 text
    guest_network=10.9 request='' preload='' by_category=()
    template=$work/template
    text="name = \"guest-@N@\"
type = \"pvh\"
"
    case $guest in
        linux) text+="memory = 128
kernel = \"/boot/vmlinuz\"
ramdisk = \"/usr/share/chaos-lab/busybox-initramfs.cpio.gz\"
cmdline = \"console=hvc0 quiet\"
" ;;
        *) text+="memory = 4
kernel = \"$unikernels/$guest\"
" ;;
    esac
    # An address only where somebody is there to use it.
    if [ "$guest" = daytime ]; then
        case $stack in
            xl | chaos_xs*) text+="vif = ['bridge=$bridge']
" ;;
            *_bridge) text+="vif = ['bridge=$bridge,ip=@ADDRESS@/24']
" ;;
            *) guest_network=$switch_network text+="vif = ['bridge=$switch,ip=@ADDRESS@/16']
" ;;
        esac
    fi
    case $stack in
        chaos_xs*) text+='store = "xenstore"
' ;;
    esac
    case $stack in
        xl)
            # Left to itself, xl gives a guest of 4 MiB a paging pool that Xen finds too small.
            command=(/usr/sbin/xl create @FILE@)
            [ "$guest" = linux ] || command+=(shadow_memory=1)
            destroy=(/usr/sbin/xl destroy)
            by_category=("${command[@]}") preload=$figures/libxl_calls.so ;;
        *)
            command=(/usr/bin/chaos create @FILE@)
            destroy=(/usr/bin/chaos destroy)
            by_category=("$figures/chaos_by_category" create @FILE@) ;;
    esac
    printf %s "$text" >"$template"
}

# The same guest as the body of a request to chaosd, in the file `request`.
write_request() {
    local number=424242 address=$guest_network.42.42
    sed -e "s/@N@/$number/" -e "s/@ADDRESS@/$address/" "$template" >example.cfg
    chaos create --dry-run --json example.cfg | jq -c '{config: .guests[0].config}' |
        sed -e "s/$number/@N@/" -e "s/$address/@ADDRESS@/" >"$work/request"
    request=$work/request
}

# What has to run beside the bridge, the switch and xendevd: for those with a split toolstack chaosd, with a pool of so
# many shells (default 4) for the guest that was described.
start_stack() { # STACK [SHELLS]
    local shells=${2-4}
    case $1 in *split | lightvm) ;; *) return 0 ;; esac
    write_request
    {
        printf '[flavours.figure]\n'
        sed -e '/^name = /d' -e '/^cmdline = /d' -e 's/,ip=@ADDRESS@[^'\'']*//' "$template"
        printf '[pools.figure]\nmin = %s\nmax = %s\n' "$shells" "$shells"
    } >chaos.toml
    chaosd --config "$work/chaos.toml" 2>chaosd.log </dev/null &
    chaosd=$!
    until [ -S $chaosd_socket ]; do
        kill -0 $chaosd 2>/dev/null || { cat chaosd.log >&2; fail 'chaosd ended'; }
        sleep 0.05
    done
    wait_for_pool "$shells"
}

wait_for_pool() { # SHELLS
    local deadline=$((SECONDS + 60))
    until [ "$(curl -s --unix-socket $chaosd_socket http://localhost/v1/pools/figure | jq .depth)" = "$1" ]; do
        [ $SECONDS -lt $deadline ] || { cat chaosd.log >&2; fail "chaosd's pool never had $1 shells"; }
        sleep 0.1
    done
}

stop_stack() {
    [ "${chaosd-}" ] || return 0
    kill "$chaosd"
    wait "$chaosd" || cat chaosd.log >&2
    chaosd=''
}
