#!/usr/bin/env bash
# All the long random series: exact counts through random resizes, pauses, patterns, kills (two hours or so)
#
#   ./dev bench soak [fuzz] [null] [scripts [N]] [redis] [crate] [cassandra] [kafka]
#   ./dev bench soak tests [N]
#
# tests: every test of e2e/ and servers/ N times (20), with a `yes` on every core beside it: whether a verdict depends
# on the clock of a busy machine. Those whose names match LOADTOP_SOAK_TESTS=REGEX only. What failed how often is said
# at the end; all that was printed is in build/soak-tests.log. Only by its name: it takes hours.
#
# scripts: N (50000) random scripts of what a backend may do, on virtual time, with all lists looked at after each turn
# (tests/unit/test_scripted_random.c). One that fails is named; SCRIPT_SEED=IT build/tests/test_scripted_random runs it alone.
#
# The others do what `./dev test` does a tenth of. LOADTOP_SEED=N begins elsewhere. Servers are started by the tests.
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

hogs=()

# One for each core; ended by their ids, also when this is broken off.
hog() {
    local i
    trap unhog EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    for ((i = 0; i < $(nproc); i++)); do
        yes >/dev/null &
        hogs+=($!)
    done
}

unhog() {
    [ ${#hogs[@]} -eq 0 ] || kill "${hogs[@]}" 2>/dev/null
    hogs=()
}

tests() { # ROUNDS
    local round log=build/soak-tests.log names=${LOADTOP_SOAK_TESTS:-.} code=0
    unset LOADTOP_SOAK # as `./dev test` has them
    : >"$log"
    hog
    for ((round = 1; round <= $1; round++)); do
        # Servers one after the other: two of them are Java.
        ctest --test-dir build -L '^e2e$' -R "$names" -j $(($(nproc) + 1)) --output-on-failure >>"$log" 2>&1
        ctest --test-dir build -L '^servers$' -R "$names" -j 1 --output-on-failure >>"$log" 2>&1
        echo "soak tests: round $round of $1 ($SECONDS s)"
    done
    unhog
    # Each line of a result: N/M Test #I: NAME ...   Passed | ***Failed | ***Timeout | ***Skipped  SECONDS sec
    awk '/Test +#[0-9]+: / && !/^ *Start / {
             sub(/^.*Test +#[0-9]+: /, "")
             ran[$1]++
             if (!/[* ]Passed / && !/\*Skipped/) failed[$1]++
         }
         END { for (name in failed) { print "soak tests: " name " failed " failed[name] " of " ran[name]; bad = 1 }
               exit bad }' "$log" || code=1
    grep -q 'Test *#' "$log" || { echo "soak tests: no test was run (see $log)" && code=1; }
    return "$code"
}

python=/usr/bin/python3
scripts() { # N
    SCRIPT_SEED=${LOADTOP_SEED:-1} SCRIPT_SEEDS=$1 build/tests/test_scripted_random
}

[ $# -gt 0 ] || set -- fuzz null scripts redis crate cassandra kafka
while [ $# -gt 0 ]; do
    what=$1
    shift
    case $what in
    tests)
        rounds=20
        if [[ ${1:-} =~ ^[1-9][0-9]*$ ]]; then rounds=$1 && shift; fi
        soak tests tests "$rounds"
        ;;
    scripts)
        seeds=50000
        if [[ ${1:-} =~ ^[1-9][0-9]*$ ]]; then seeds=$1 && shift; fi
        soak scripts scripts "$seeds"
        ;;
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
        echo "soak: no $what (fuzz null scripts redis crate cassandra kafka, tests)" >&2
        exit 2
        ;;
    esac
done
[ -z "$failed" ] || { echo "soak: FAILED:$failed" >&2 && exit 1; }
echo "soak: all of it held ($SECONDS s)"
