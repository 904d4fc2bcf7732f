#!/usr/bin/env bash
# Fuzzes each target for so many seconds (60 unless told): tests/fuzz/run.sh 600. What it found that is new stays under target/fuzz, and the next
# run starts from it; an input that fails a check is kept in target/fuzz/failed, and its name is printed.
# A nightly toolchain and cargo-fuzz are fetched where they are not there.
set -euo pipefail
seconds=${1:-60}
cd "$(dirname "${BASH_SOURCE[0]}")"
root=$(cd ../.. && pwd)
export CARGO_TARGET_DIR=$root/target/fuzz
export PATH=$root/target/tools/bin:$PATH
kept=$root/target/fuzz

if ! rustup run nightly rustc --version >/dev/null 2>&1; then
    rustup toolchain install nightly --profile minimal
fi
if ! command -v cargo-fuzz >/dev/null; then
    cargo install cargo-fuzz --locked --root "$root/target/tools" --target-dir "$root/target/tools/build"
fi
mkdir -p "$kept/failed" "$kept"/corpus/{terminal,cuts,records}
python3 seeds.py ../../crates/transcript/tests/recorded/sessions.z "$kept/corpus/cuts"
cp seeds/records/* "$kept/corpus/records/"
# Without a sanitizer: the crates forbid unsafe code.
cargo +nightly fuzz build --fuzz-dir . --sanitizer none
for target in terminal cuts records; do
    dictionary=()
    if [[ -f $target.dict ]]; then
        dictionary=(-dict="$target.dict")
    fi
    printf '\n-- %s\n' "$target"
    "$kept/x86_64-unknown-linux-gnu/release/$target" "$kept/corpus/$target" "${dictionary[@]}" -artifact_prefix="$kept/failed/$target-" \
        -max_total_time="$seconds" -max_len=6000 -timeout=20 -rss_limit_mb=1024 -verbosity=0 -print_funcs=0 -print_final_stats=1
done
