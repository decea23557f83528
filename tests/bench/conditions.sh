# SPDX-License-Identifier: BSD-3-Clause
# Says as a JSON line under which conditions something was measured. Sourced.
# shellcheck shell=bash

property() { cat "/sys/hypervisor/$1"; }

print_conditions() { # CLOCK
    local xenstored=none name
    for name in xenstored oxenstored; do
        if pidof "$name" >/dev/null; then xenstored=$name; fi
    done
    printf '{"bench": "conditions", "xen": "%s.%s%s", "linux": "%s", "xenstored": "%s", "clock": "%s", "cpus": %s, "date": "%s"}\n' \
        "$(property version/major)" "$(property version/minor)" "$(property version/extra)" \
        "$(uname -r)" "$xenstored" "$1" "$(xl info nr_cpus 2>/dev/null || echo 0)" "$(date -u +%FT%TZ)"
}
