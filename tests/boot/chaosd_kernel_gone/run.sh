#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A kernel that is replaced, goes, is no kernel any more, and comes back, while its pool is in use.
source "$(dirname "$0")/../common.sh"
source "$(dirname "$0")/../daemon.sh"
remember_host
mkdir boot
cp "$images/noop" boot/kernel
printf '[flavours.web]\nmemory = 4\nkernel = "%s"\n[pools.web]\nmax = 4\n' "$PWD/boot/kernel" >chaos.toml
start_chaosd --config "$PWD/chaos.toml"
wait_for_pool 20 web '.depth == 4'
make() { # NAME -> $code and $out
    api POST /v1/guests '{"config":{"name":"'"$1"'","kernel":"'"$PWD/boot/kernel"'","memory_kib":4096,"on_crash":"preserve"},
        "wait_ms":20000}'
}

step 'replaced: no guest runs the old one'
cp "$images/crash" boot/other
mv boot/other boot/kernel
make crashes
expect_equal 'a guest of the new kernel' 201 "$code"
wait_for 10 has_state crashes c
expect_ok chaos destroy crashes
wait_for_pool 20 web '.depth == 4'
make crashes
expect_equal 'another, out of the pool' true "$(jq .hit <<<"$out")"
wait_for 10 has_state crashes c
expect_ok chaos destroy crashes
cp "$images/noop" boot/other
mv boot/other boot/kernel
make one
expect_equal 'a guest of the old kernel, which is new again' 201 "$code"
sleep 1
has_state one b || fail "a guest that does nothing was expected to wait, its state is $(state_of one)"
expect_ok chaos destroy one

step 'gone: the pool says so, and forgets its shells'
rm boot/kernel
wait_for_pool 20 web '.depth == 0 and ((.trouble // "") | contains("boot/kernel"))'
make none
[ "$code" = 422 ] || [ "$code" = 400 ] || { tell_run; fail "a refusal was expected, $code was seen"; }

step 'no kernel at all'
echo 'this is none' >boot/kernel
wait_for_pool 20 web '.depth == 0 and ((.trouble // "") | contains("boot/kernel"))'

step 'back: the pool fills itself again'
cp "$images/noop" boot/other
mv boot/other boot/kernel
wait_for_pool 20 web '.depth == 4 and .trouble == null'
make two
expect_equal 'a guest out of the pool' true "$(jq .hit <<<"$out")"
expect_ok chaos destroy two
kill_chaosd TERM
expect_nothing_left 'chaosd'
finish
