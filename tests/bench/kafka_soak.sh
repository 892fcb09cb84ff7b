#!/usr/bin/env bash
# 50 random runs with changes of N and K, and 10 kills of the broker: each message once, none that was acknowledged lost
#
#   ./dev bench kafka_soak [RUNS [KILLS]]
#
# And what is a matter of time: known work gives a known share, and load is back within 2 s of a killed broker.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
export LOADTOP_SOAK=1 LOADTOP_SOAK_RUNS=${1:-50} LOADTOP_SOAK_KILLS=${2:-10}
python3 tests/servers/test_kafka.py -v Kafka.test_random_runs Kafka.test_known_work_gives_a_known_share \
    Kafka.test_where_it_falls_behind
exec python3 tests/servers/test_kafka_errors.py -v Outage.test_random_kills Outage.test_killed_and_back
