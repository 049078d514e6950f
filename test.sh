#!/bin/bash
# Builds everything and runs all tests. Peers that some tests ask (tshark, tcpdump, and Python, into
# which pyarrow and polars go below target/) are installed when that is possible. With CI=true a
# test that cannot run is a failure.
set -u -o pipefail
cd "$(dirname "$0")" || exit 1

need() {
    local missing=()
    for pair in tshark:tshark tcpdump:tcpdump; do
        command -v "${pair%%:*}" >/dev/null || missing+=("${pair##*:}")
    done
    python3 -c 'import venv, ensurepip' 2>/dev/null || missing+=(python3-venv)
    [ ${#missing[@]} -eq 0 ] && return 0
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "== installing ${missing[*]}"
        export DEBIAN_FRONTEND=noninteractive
        apt-get update -q && apt-get install -q -y --no-install-recommends "${missing[@]}" && return 0
    fi
    echo "Please install these packages, for example with apt-get: ${missing[*]}" >&2
    return 1
}
need || exit 1

log=$(mktemp)
trap 'rm -f "$log"' EXIT

echo "== building"
cargo build --release --workspace --bins || exit 1

echo "== testing"
# Codecs and libraries are tested with overflow checks, whole programs as they are shipped.
cargo test --workspace --exclude tests --no-fail-fast 2>&1 | tee "$log"
unit=$?
built=${CARGO_TARGET_DIR:-target}/release
case $built in /*) ;; *) built=$PWD/$built ;; esac
export ZSCOPE_BIN=$built/zscope ZSTACK_BIN=$built/zstack
cargo test --release --package tests --no-fail-fast -- --nocapture 2>&1 | tee -a "$log"
whole=$?

echo
echo "== summary"
passed=$(sed -n 's/^test result: .* \([0-9]*\) passed.*/\1/p' "$log" | awk '{ n += $1 } END { print n + 0 }')
grep '^SKIPPED' "$log" | sort -u
grep -E '^test .* FAILED$|^    [a-z_:]+$' "$log" | sort -u
if [ $unit -eq 0 ] && [ $whole -eq 0 ]; then
    echo "all tests passed ($passed of them)"
else
    echo "some tests FAILED"
    exit 1
fi
