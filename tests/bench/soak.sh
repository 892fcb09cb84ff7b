#!/usr/bin/env bash
# All the long random series: exact counts through random resizes, pauses, patterns, kills (an hour or so)
#
#   ./dev bench soak [redis] [null] [crate] [cassandra] [kafka]
#
# What `./dev test` does a tenth of. LOADTOP_SEED=N begins elsewhere. Servers are started by the tests.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit
export LOADTOP_SOAK=1 LOADTOP_SOAK_RUNS=${LOADTOP_SOAK_RUNS:-50}
failed=""

soak() { # NAME COMMAND...
    local name=$1 began=$SECONDS
    shift
    echo "=== soak $name: $*"
    if "$@"; then
        echo "=== soak $name ok ($((SECONDS - began)) s)"
    else
        echo "=== soak $name FAILED ($((SECONDS - began)) s)"
        failed+=" $name"
    fi
}

python=/usr/bin/python3
[ $# -gt 0 ] || set -- null redis crate cassandra kafka
for what in "$@"; do
    case $what in
    null)
        soak accounting "$python" tests/e2e/test_accounting.py
        soak steady "$python" tests/e2e/test_steady.py
        ;;
    redis)
        soak redis "$python" tests/servers/test_redis_exact.py
        soak redis-outage "$python" tests/servers/test_redis_outage.py
        soak redis-tls "$python" tests/servers/test_redis_tls.py
        ;;
    crate) soak crate bash tests/bench/crate_soak.sh ;;
    cassandra) soak cassandra bash tests/bench/cassandra_soak.sh ;;
    kafka) soak kafka bash tests/bench/kafka_soak.sh ;;
    *)
        echo "soak: no $what (null redis crate cassandra kafka)" >&2
        exit 2
        ;;
    esac
done
[ -z "$failed" ] || { echo "soak: FAILED:$failed" >&2 && exit 1; }
echo "soak: all of it held ($SECONDS s)"
