#!/usr/bin/env bash
# Reports of a sample organisation, and an answer as a page, looked at in a real browser: see check.mjs. Installs what is missing of Chromium and
# Node where apt-get can, and axe-core below target/. Screenshots and PDFs stay in target/browser/shots.
#
#   tests/browser/run.sh [WHODID]     WHODID: the binary, target/debug/whodid unless given
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
whodid=$(realpath "${1:-target/debug/whodid}")
work=target/browser
AXE_VERSION=4.14.1

packages=()
command -v chromium >/dev/null || [[ -n ${CHROMIUM:-} ]] || packages+=(chromium)
command -v node >/dev/null || packages+=(nodejs)
command -v npm >/dev/null || packages+=(npm)
if ((${#packages[@]})); then
    sudo=$([[ $(id -u) == 0 ]] || echo sudo)
    $sudo apt-get -o Acquire::Retries=3 update
    DEBIAN_FRONTEND=noninteractive $sudo apt-get -o Acquire::Retries=3 install -y --no-install-recommends "${packages[@]}"
fi
mkdir -p "$work"
npm install --prefix "$work" --no-save --no-audit --no-fund "axe-core@$AXE_VERSION"

rm -rf "$work/demo" "$work/report" "$work/shots"
"$whodid" demo --dir "$work/demo" >"$work/demo.txt"
lake=$work/demo/lake
day=$("$whodid" --lake "$lake" --format jsonl sql -c "SELECT CAST(dt AS VARCHAR) AS day FROM events GROUP BY dt ORDER BY count(*) DESC LIMIT 1" | sed 's/.*"day":"\([0-9-]*\)".*/\1/')
"$whodid" --lake "$lake" report --date "$day" --lang ja,en --out "$work/report"
thing=$("$whodid" --lake "$lake" --format jsonl sql -c "SELECT key FROM mentions WHERE form = 'arn' AND NOT read_only AND NOT failed AND exact GROUP BY key ORDER BY count(*) DESC, key LIMIT 1" | sed 's/.*"key":"\([^"]*\)".*/\1/')
"$whodid" --lake "$lake" --format html -E "$thing" >"$work/answer.html"
AXE=$work/node_modules/axe-core/axe.min.js node tests/browser/check.mjs "$work/shots" "$work/report/report.ja.html" "$work/report/report.en.html" "$work/answer.html"
