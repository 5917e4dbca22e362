#!/usr/bin/env bash
# Slurm and munge for the tests of the cluster workers, by Debian's packages where that is possible.
# Exit status 0: all programs are at hand; 1: they are not, and the one line printed says why.
# No service is started: tests/slurm/cluster.py runs its own daemons in a folder of its own.
set -euo pipefail

programs=(slurmctld slurmd munged sbatch)
policy=/usr/sbin/policy-rc.d

missing() {
    local program
    for program in "${programs[@]}"; do
        PATH="$PATH:/usr/sbin" command -v "$program" > /dev/null || printf '%s ' "$program"
    done
}

fail() {
    echo "no Slurm for the tests: $1"
    exit 1
}

quietly() {
    DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=120 "$@" > "$log" 2>&1 < /dev/null
}

last_error() {
    grep '^E:' "$log" | tail -n 1 || tail -n 1 "$log"
}

[[ -n $(missing) ]] || exit 0
command -v apt-get > /dev/null || fail "there is no apt-get to install slurm-wlm and munge"
[[ $(id -u) == 0 ]] || fail "only root may install slurm-wlm and munge"

log=$(mktemp)
trap 'rm -f "$log"' EXIT
if [[ ! -e $policy ]]; then
    trap 'rm -f "$log" "$policy"' EXIT
    # 101: "action forbidden by policy", Debian's word to its packages not to start their services.
    printf '#!/bin/sh\nexit 101\n' > "$policy"
    chmod +x "$policy"
fi

packages=(install -y --no-install-recommends slurm-wlm munge)
if ! quietly "${packages[@]}"; then
    # Lists of packages that are missing or out of date are the usual reason.
    quietly update || fail "$(last_error)"
    quietly "${packages[@]}" || fail "$(last_error)"
fi
left=$(missing)
[[ -z $left ]] || fail "the packages did not bring ${left% }"
