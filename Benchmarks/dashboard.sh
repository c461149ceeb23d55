#!/usr/bin/env bash
# Measures `firedrill serve` on ledgers of 1,000 and of 100,000 generated runs: how long it reads at the start, its memory, and how long
# each page takes from the request to its last byte, on loopback. Target: every page below 100 ms, at the 95th percentile of ROUNDS requests.
# Ledgers are kept in .build/bench for the next time of the same day.
#
#   Benchmarks/dashboard.sh FIREDRILL DASHBOARD_BENCH [RUNS…]      1000 and 100000 runs by default; ROUNDS=40
set -euo pipefail
export LC_ALL=C

here=$(cd "$(dirname "$0")" && pwd)
firedrill=$(realpath "${1:?the path of firedrill}")
maker=$(realpath "${2:?the path of dashboard-bench}")
shift 2
sizes=(1000 100000)
(($#)) && sizes=("$@")
rounds=${ROUNDS:-40}
store=$here/../.build/bench
mkdir -p "$store"
scratch=$(mktemp -d)
server=
clean_up() {
  [[ -z $server ]] || kill "$server" 2>/dev/null || true
  rm -rf "$scratch"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

missed=0
# page LABEL URL: prints median and 95th percentile of its time.
page() {
  local round times=()
  for ((round = 0; round < rounds + 3; round++)); do
    local took status
    read -r took status < <(curl -s -o "$scratch/page" -w '%{time_total} %{http_code}\n' "$2")
    [[ $status == 200 ]] || { echo "$2 answered $status" >&2; exit 1; }
    ((round < 3)) || times+=("$took")
  done
  local size
  size=$(wc -c <"$scratch/page")
  printf '%s\n' "${times[@]}" | sort -n | awk -v label="$1" -v size="$size" -v rounds="$rounds" '{ t[NR] = $1 } END {
    p = t[int((NR * 95 + 99) / 100)]
    printf "  %-26s median %7.1f ms   p95 %7.1f ms   %7.1f KiB   %s\n", label, t[int((NR + 1) / 2)] * 1000, p * 1000, size / 1024, p < 0.1 ? "met" : "MISSED"
    exit p >= 0.1
  }' || missed=1
}

printf 'firedrill serve: %s cores, load %s, %d requests to a page, target: p95 below 100 ms\n' "$(nproc)" \
  "$(cut -d ' ' -f 1 /proc/loadavg)" "$rounds"
for runs in "${sizes[@]}"; do
  ledger=$store/dashboard-$runs-$(date +%Y%m%d).sqlite
  if [[ ! -e $ledger ]]; then
    rm -f "$store/dashboard-$runs-"* "$ledger.new"*
    "$maker" "$ledger.new" "$runs" 10
    rm -f "$ledger.new-running"
    mv "$ledger.new" "$ledger"
  fi
  began=${EPOCHREALTIME/./}
  "$firedrill" serve --listen 127.0.0.1:0 --ledger "$ledger" --json >"$scratch/url" &
  server=$!
  until [[ -s $scratch/url ]] && grep -q '}' "$scratch/url"; do
    kill -0 "$server" 2>/dev/null || { echo 'firedrill serve ended' >&2; exit 1; }
    sleep 0.02
  done
  took=$((${EPOCHREALTIME/./} - began))
  url=$(sed -nE 's/.*"(http[^"]*)\/".*/\1/p' "$scratch/url")
  awk -v runs="$runs" -v took="$took" -v kib="$(grep -s VmRSS "/proc/$server/status" | tr -dc 0-9)" 'BEGIN {
    printf "%d runs: read in %.1f s, %.0f MiB of memory\n", runs, took / 1e6, kib / 1024 }'
  page 'clusters' "$url/"
  page 'cluster, 30 days' "$url/clusters/cluster-3"
  page 'cluster, 365 days' "$url/clusters/cluster-3?days=365"
  page 'runs of a cluster' "$url/clusters/cluster-3/runs"
  page 'run, latest' "$url/runs/cluster-$(((runs - 1) % 10))-nightly-$((runs - 1))"
  page 'run with details' "$url/runs/cluster-0-nightly-$((runs - 100))"
  page 'open findings' "$url/findings"
  page 'metrics' "$url/metrics"
  page 'api: clusters' "$url/api/v1/clusters"
  kill "$server"
  wait "$server" || true
  server=
  : >"$scratch/url"
done
exit "$missed"
