#!/usr/bin/env bash
# 50 random runs with changes of N and K, and 10 kills of the broker: each message once, none that was acknowledged lost
#
#   ./dev bench kafka_soak [RUNS [KILLS]]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
export LOADTOP_SOAK_RUNS=${1:-50} LOADTOP_SOAK_KILLS=${2:-10}
python3 tests/servers/test_kafka.py -v Kafka.test_random_runs
exec python3 tests/servers/test_kafka_errors.py -v Outage.test_random_kills
