#!/usr/bin/env bash
# All the long random series: exact counts through random resizes, pauses, patterns, kills (two hours or so)
#
#   ./dev bench soak [fuzz] [null] [redis] [crate] [cassandra] [kafka]
#
# What `./dev test` does a tenth of. LOADTOP_SEED=N begins elsewhere. Servers are started by the tests.
#
# fuzz: 100,000 mutations of each kind of file (FUZZ_MUTATIONS=N), then all fuzzers, 30 minutes together
# (LOADTOP_SOAK_FUZZ_SECONDS=N). What they find stays in .cache/fuzz, reduced to what adds something, and is where
# the next run begins; an input that fails is named, and belongs into tests/fuzz/corpus with its mend.
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

# Saved runs, themes, scenarios with targets.conf, the history, and points for `fit`.
mutate() { # NAME
    ./dev build --preset fuzz --target "fuzz_$1" && FUZZ_MUTATIONS=${FUZZ_MUTATIONS:-100000} \
        LSAN_OPTIONS=suppressions=$PWD/tests/lsan.supp "build-fuzz/tests/fuzz_$1" "tests/fuzz/corpus/$1"
}

# The folder of what was found becomes the least set of inputs that reaches as much.
reduce() { # FUZZER FOLDER
    rm -rf "$2.new" && mkdir -p "$2.new" && "$1" -merge=1 -rss_limit_mb=1024 -verbosity=0 "$2.new" "$2" 2>/dev/null &&
        rm -rf "$2" && mv "$2.new" "$2"
}

fuzz() { # NAME SECONDS
    local fuzzer=build-fuzz/tests/libfuzz_$1 folders=(".cache/fuzz/$1") code=0
    mkdir -p "${folders[0]}"
    [ ! -d "tests/fuzz/corpus/$1" ] || folders+=("tests/fuzz/corpus/$1")
    LSAN_OPTIONS=suppressions=$PWD/tests/lsan.supp "$fuzzer" -max_total_time="$2" -rss_limit_mb=1024 -timeout=60 \
        -verbosity=0 -print_final_stats=1 -artifact_prefix="build-fuzz/$1-" "${folders[@]}" || code=$?
    [ "$code" -eq 0 ] || echo "soak: fuzz_$1 failed on $(ls -t "build-fuzz/$1-"* | head -1)" >&2
    reduce "$fuzzer" "${folders[0]}" || true
    return "$code"
}

fuzz_all() {
    local fuzzers name
    for name in run_json theme yaml history csv; do
        soak "mutations-$name" mutate "$name"
    done
    soak fuzzers ./dev build --preset fuzz --target fuzzers
    fuzzers=(build-fuzz/tests/libfuzz_*)
    for name in "${fuzzers[@]##*/libfuzz_}"; do
        soak "fuzz-$name" fuzz "$name" $((${LOADTOP_SOAK_FUZZ_SECONDS:-1800} / ${#fuzzers[@]}))
    done
}

python=/usr/bin/python3
[ $# -gt 0 ] || set -- fuzz null redis crate cassandra kafka
for what in "$@"; do
    case $what in
    fuzz) fuzz_all ;;
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
        echo "soak: no $what (fuzz null redis crate cassandra kafka)" >&2
        exit 2
        ;;
    esac
done
[ -z "$failed" ] || { echo "soak: FAILED:$failed" >&2 && exit 1; }
echo "soak: all of it held ($SECONDS s)"
