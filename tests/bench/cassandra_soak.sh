#!/usr/bin/env bash
# 30 random runs on a real Cassandra with a kill, 100,000 rows by each pattern, 30 kills: counts exact, rows their own
#
#   ./dev bench cassandra_soak [RUNS [KILLS [SEED]]]
#
# Three tests in their long form: each pattern inserts exactly 100,000 rows with distinct keys; RUNS random runs of
# 30,000 rows with changes of pattern, depth and threads, the server killed in one of them; and KILLS more kills.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
export CASSANDRA_ROWS=100000 CASSANDRA_RUNS=${1:-30} CASSANDRA_RUN_ROWS=30000 CASSANDRA_KILLS=${2:-30} \
    CASSANDRA_SEED=${3:-1} PYTHONPATH=tests/e2e${PYTHONPATH:+:$PYTHONPATH}
code=0
for name in cassandra_random cassandra cassandra_faults; do
    echo "== test_$name"
    /usr/bin/python3 -W ignore "tests/servers/test_$name.py" -v || code=1
done
exit "$code"
