# SPDX-License-Identifier: BSD-3-Clause
# A command that is killed, or fails, at a chosen system call, with strace; and what may be left of it.
# Sourced by cases, after common.sh.
# shellcheck disable=SC2034,SC2154  # shared with the cases and common.sh

# Sets $calls to a command's system calls, as "NAME NUMBER": the how manieth call of that name it is. Left out are those
# that start the program: the first that counts opens a path which holds `first`.
list_system_calls() { # FIRST COMMAND...
    local first=$1
    shift
    strace -qq -o trace "$@" >/dev/null 2>&1 || fail "strace of $*"
    mapfile -t calls < <(awk -F'(' -v first="$first" '{ count[$1]++ }
        $1 == "openat" && index($0, first) { begun = 1 }
        begun && $1 ~ /^[a-z]/ && $1 != "exit_group" { print $1, count[$1] }' trace)
    [ ${#calls[@]} -ge 10 ] || fail "more system calls were expected than ${calls[*]}"
    spared=0
}

# Runs a command and does something to it at that call.
tamper() { # WHAT-AS-STRACE-CALLS-IT NAME NUMBER COMMAND...
    local action=$1 name=$2 number=$3
    shift 3
    { # bash reports a violent death by itself
        strace -qqq -o /dev/null -e "trace=$name" -e "inject=$name:$action:when=$number" "$@" >.out 2>.err </dev/null
    } 2>/dev/null
    status=$?
    read_file out .out
    read_file err .err
    ran="$* (with $action at $name number $number)"
}

kill_at() { # NAME NUMBER COMMAND...
    tamper signal=SIGKILL "$@"
    # Some calls are not made every time: waiting takes as many looks as it takes.
    case $status in 137) ;; 0) spared=$((spared + 1)) ;; *) tell_run && fail 'it was expected to be killed' ;; esac
}

# The call fails as it might on a host in trouble. The command has to go on, or say why it does not. False, and nothing is run, for
# a call that cannot fail.
fail_at() { # NAME NUMBER COMMAND...
    local error
    status=0
    case $1 in
        openat | signalfd4) error=EMFILE ;;
        ioctl | mmap | brk | poll) error=ENOMEM ;;
        write | pwrite64 | linkat | symlinkat | renameat) error=ENOSPC ;;
        flock) error=ENOLCK ;;
        getrandom) return 1 ;; # cannot fail: no kernel that Xen runs on is without it
        # Linux closes a descriptor whatever it then reports. strace can only leave the call out, and a lock that the
        # descriptor holds would stay: a program that takes it again waits for itself.
        close) return 1 ;;
        munmap | rt_sigprocmask | clock_*) error=EINVAL ;;
        *) error=EIO ;;
    esac
    tamper "error=$error" "$@"
    [ "$status" -ge 0 ] && [ "$status" -lt 10 ] || { tell_run && fail 'an end in order was expected'; }
    [ "$status" = 0 ] || expect_text "$err" 'chaos: '
}

tell_calls() {
    echo "   tried at each of ${#calls[@]} system calls; $spared were not met a second time"
    [ $((spared * 10)) -le ${#calls[@]} ] || fail 'most system calls were expected to be met again'
}

# After a list, every domain has a record, every record a domain, every name a record. Sets $guests to how many.
expect_tidy() { # AFTER WHAT
    local rows row records names
    run chaos list
    [ "$status" = 0 ] || { tell_run && fail "list was expected to work after $1"; }
    mapfile -t rows <<<"$out"
    guests=$((${#rows[@]} - 2)) # without the heading and dom0
    for row in "${rows[@]}"; do [[ $row != -* ]] || fail "after $1 a domain was left without a record: $row"; done
    shopt -s nullglob
    records=(/run/chaos/guests/*) names=(/run/chaos/names/*)
    shopt -u nullglob
    [ "$guests $guests" = "${#records[@]} ${#names[@]}" ] ||
        fail "after $1 there are $guests guests, but the records ${records[*]} and the names ${names[*]}"
}
