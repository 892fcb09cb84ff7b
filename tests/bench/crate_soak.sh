#!/usr/bin/env bash
# 50 random runs with resizes, duplicate keys and failed rows, and 10 kills of the server: rows reported = rows stored
#
#   ./dev bench crate_soak [RUNS [KILLS [SEED]]]
#
# And the response times of a server that stands still for a second, within 3 % of the formula.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
export CRATE_RUNS=${1:-50} CRATE_KILLS=${2:-10} CRATE_SEED=${3:-1} LOADTOP_SOAK=1
python3 tests/servers/test_crate_exact.py -v
exec python3 tests/servers/test_crate_stall.py -v
