# SPDX-License-Identifier: BSD-3-Clause
# A bridge, and xendevd with switches of its own: what the benchmarks of devices need. Sourced; all goes when the script ends.
# shellcheck shell=bash disable=SC2034  # the names are for those who source this
bridge=benchbr0 bridge_network=10.9.0 switch=benchsw0 switch_network=10.10
more_switches=() # as xendevd takes them
for number in {1..9}; do more_switches+=("benchsw$number=10.1$number.0.1/16"); done

work=$(mktemp -d /root/bench.XXXXXX)
cd "$work"

ip link add $bridge type bridge
ip link set $bridge up
ip address add $bridge_network.1/24 dev $bridge
xendevd --switch $switch=$switch_network.0.1/16 "${more_switches[@]/#/--switch=}" --default-bridge $bridge 2>xendevd.log </dev/null &
xendevd=$!

leave_networks() {
    kill $xendevd
    wait $xendevd || cat xendevd.log >&2
    ip link del $bridge
    rm -rf "$work"
}
trap leave_networks EXIT
until [ -S /run/chaos/xendevd.sock ]; do sleep 0.05; done
