#!/usr/bin/env bash
# Measures Firedrill against the tools that people have, on the same generated files, in one run:
#   read    firedrill fingerprint dump.rdb     against  redis-check-rdb dump.rdb                target: at most 0.5 of its time
#   formats the same, as each server at hand writes the same content, and with other settings and values
#   hash    the hashing of firedrill check     against  openssl dgst -sha256 on all cores      target: at most 1.1
#   drill   firedrill run, from file to verdict against  a bare redis-server loading the file  target: at most 2.0
#   memory  the peak of firedrill check                                                         target: below 128 MiB
#   replay  firedrill replay, answers digested, against  redis-benchmark, at pipelining 1, 16, 64   target: at least 0.9 of its rate
# Both sides are timed in turn, round by round; medians are compared. Files are kept in .build/bench for the next time.
#
# Beside the medians stand the fastest rounds and the processor time of all threads, which a loaded machine disturbs less.
#
#   Benchmarks/run.sh FIREDRILL [MiB…]        sizes of the files, 1024 and 200 by default; ROUNDS=5; FORMATS=100, their size in MiB
#   ONLY='read formats' Benchmarks/run.sh …   some of it: read formats hash drill memory replay
set -euo pipefail
export LC_ALL=C

here=$(cd "$(dirname "$0")" && pwd)
firedrill=$(realpath "${1:?the path of firedrill}")
shift
sizes=(1024 200)
(($#)) && sizes=("$@")
rounds=${ROUNDS:-5}
formats=${FORMATS:-100}
cores=$(nproc)
store=$here/../.build/bench
mkdir -p "$store"
store=$(cd "$store" && pwd)
scratch=$(mktemp -d)
servers=()
clean_up() {
  local pid
  for pid in "${servers[@]}"; do kill -9 "$pid" 2>/dev/null || true; done
  rm -rf "$scratch"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

now() { printf '%s' "${EPOCHREALTIME/./}"; } # microseconds

program=redis-server settings=() values=mixed # what serves, how it is set, and what generate.lua makes
# serve FOLDER: a server on FOLDER/socket that holds FOLDER/dump.rdb, if there is one; its process id in $server.
serve() {
  "$program" --port 0 --unixsocket "$1/socket" --dir "$1" --save '' --repl-diskless-sync-delay 0 --loglevel warning \
    --logfile "$1/log" "${settings[@]}" &
  server=$!
  servers+=("$server")
  local tries=0
  until [[ $(redis-cli -s "$1/socket" ping 2>/dev/null) == PONG ]]; do
    kill -0 "$server" 2>/dev/null && ((tries++ < 60000)) || { cat "$1/log" >&2; exit 1; }
    sleep 0.01
  done
}
# stop PID: ends a server that serve started.
stop() {
  kill "$1"
  wait "$1" 2>/dev/null || true
  local pid rest=()
  for pid in "${servers[@]}"; do [[ $pid == "$1" ]] || rest+=("$pid"); done
  servers=("${rest[@]}")
}

# generate FOLDER FIRST MiB: FOLDER/dump.rdb of about so many MiB, with keys from number FIRST on.
generate() {
  [[ -e $1/complete ]] && return
  rm -rf "$1"
  mkdir -p "$1"
  serve "$1"
  local key end=$(($2 + $3 * 1350))
  for ((key = $2; key < end; key += 5000)); do
    redis-cli -s "$1/socket" --eval "$here/generate.lua" , "$key" $((end - key < 5000 ? end - key : 5000)) \
      "$values" >/dev/null
  done
  redis-cli -s "$1/socket" save >/dev/null
  stop "$server"
  rm -f "$1/socket"
  touch "$1/complete"
}

# seal NAME FOLDER…: captures the files of FOLDERs, served by a server each, as one backup in the catalog $store/NAME.
seal() {
  local name=$1 folder started=()
  shift
  [[ -e $store/$name/complete ]] && return
  printf '  capturing %s\n' "$name"
  rm -rf "${store:?}/$name"
  mkdir -p "$store/$name"
  {
    printf 'cluster: bench\nengine: redis\nmode: standalone\nnodes:\n'
    for folder in "$@"; do printf '  - %s/socket\n' "$folder"; done
    printf 'capture: {cut: coherent, max_pause: 60s, from: masters}\n'
    printf 'answers: {profile: %s/../workloads/read-mostly.yaml, operations: 2000, budget: 5s}\n' "$here"
  } >"$store/$name/cluster.yaml"
  for folder in "$@"; do
    serve "$folder"
    started+=("$server")
  done
  "$firedrill" keygen --quiet --out "$store/$name/seal"
  "$firedrill" capture "$store/$name/cluster.yaml" --to "$store/$name/catalog" --key "$store/$name/seal" --quiet
  for server in "${started[@]}"; do stop "$server"; done
  for folder in "$@"; do rm -f "$folder/socket"; done
  touch "$store/$name/complete"
}
backup_of() { ls -d "$store/$1"/catalog/*/ | head -n 1; }

lowest() { printf '%s\n' "$@" | sort -n | head -n 1; }
median() { printf '%s\n' "$@" | sort -n | sed -n "$((($# + 1) / 2))p"; }

# The time on processors, of all threads of all commands that ended, in $spent (µs).
processor_time() {
  times >"$scratch/times"
  spent=$(awk 'END { split($1 "m" $2, t, /[ms]+/); printf "%d", (60 * (t[1] + t[3]) + t[2] + t[4]) * 1e6 }' "$scratch/times")
}

# compare LABEL TARGET OURS PEER: times both functions in turn and prints medians and ratio. A function may set $took (µs) to
# what it measured itself.
compare() {
  local label=$1 target=$2 ours=() peers=() our_time=() peer_time=() round side began before
  local load
  load=$(cut -d ' ' -f 1 /proc/loadavg)
  for ((round = 0; round <= rounds; round++)); do
    for side in "$3" "$4"; do
      took=
      processor_time
      before=$spent
      began=$(now)
      "$side"
      [[ -n $took ]] || took=$(($(now) - began))
      processor_time
      ((round)) || continue # the first round only warms the page cache
      if [[ $side == "$3" ]]; then
        ours+=("$took")
        our_time+=($((spent - before)))
      else
        peers+=("$took")
        peer_time+=($((spent - before)))
      fi
    done
  done
  awk -v label="$label" -v a="$(median "${ours[@]}")" -v b="$(median "${peers[@]}")" -v target="$target" \
    -v low_a="$(lowest "${ours[@]}")" -v low_b="$(lowest "${peers[@]}")" -v load="$load" -v cores="$cores" \
    -v time_a="$(lowest "${our_time[@]}")" -v time_b="$(lowest "${peer_time[@]}")" 'BEGIN {
    printf "%-38s %9.3f s %9.3f s   ratio %5.2f   target %.1f   %s", label, a / 1e6, b / 1e6, a / b, target, a / b <= target ? "met" : "MISSED"
    printf "   fastest %.3f/%.3f=%.2f", low_a / 1e6, low_b / 1e6, low_a / low_b
    if (time_b > 0) printf "   processor %.2f/%.2f s", time_a / 1e6, time_b / 1e6
    # Our own two threads are a load of two.
    if (load > cores + 1) printf "   (loaded: %s)", load
    print ""
  }'
}

expect() { # expect STATUS… -- COMMAND…: runs it in silence; any other exit status ends the measuring, with what was said.
  local allowed=() status=0
  while [[ $1 != -- ]]; do
    allowed+=("$1")
    shift
  done
  shift
  "$@" >"$scratch/out" 2>&1 || status=$?
  [[ " ${allowed[*]} " == *" $status "* ]] && return
  printf 'exit status %d of: %s\n' "$status" "$*" >&2
  cat "$scratch/out" >&2
  exit 1
}

# What is timed.
fingerprint() { expect 0 -- "$firedrill" fingerprint "$file" --json; }
check_rdb() { expect 0 -- "${checker:-redis-check-rdb}" "$file"; }
check_backup() { "$firedrill" check "$backup" --trust "$key" --ledger "$scratch/ledger" --json; }
hash_phase() {
  expect 0 -- check_backup
  took=$(tr -d ' \n' <"$scratch/out" | grep -oE '"elapsed_ms":[0-9.e-]+,"phase":"integrity"' | head -n 1 |
    awk -F '[:,]' '{ printf "%d", $2 * 1000 }')
  [[ -n $took ]] || { echo 'no integrity phase in what firedrill check says' >&2; exit 1; }
}
openssl_cores() { printf '%s\0' "$backup"*.rdb | xargs -0 -n 1 -P "$cores" openssl dgst -sha256 >/dev/null; }
drill() { expect 0 2 -- "$firedrill" run "$scratch/drill.yaml" --ledger "$scratch/ledger" --json; }
bare_load() {
  local folder=$scratch/bare began
  mkdir -p "$folder"
  ln -sf "$file" "$folder/dump.rdb"
  began=$(now)
  serve "$folder"
  took=$(($(now) - began))
  stop "$server"
}

peak_memory() { # of firedrill check, as the kernel keeps it, read until the process has ended
  check_backup >"$scratch/out" 2>&1 &
  local pid=$! peak=0 line child
  while kill -0 "$pid" 2>/dev/null; do
    for child in "$pid" $(cat /proc/"$pid"/task/*/children 2>/dev/null); do
      line=$(grep -s VmHWM "/proc/$child/status" | tr -dc 0-9) || true
      [[ -n $line ]] && ((line > peak)) && peak=$line
    done
    sleep 0.02
  done
  wait "$pid" || { cat "$scratch/out" >&2; exit 1; }
  awk -v label="memory, peak of check, $1 MiB" -v kib="$peak" 'BEGIN {
    printf "%-38s %9.1f MiB                              target 128   %s\n", label, kib / 1024, kib / 1024 < 128 ? "met" : "MISSED"
  }'
}

# One client of each on one unix socket: GETs of 100-byte values, a million (a fifth without pipelining).
replay_count() { if (($1 == 1)); then echo 200000; else echo 1000000; fi; }
replay_rate() { # of firedrill, a second: from opening its connection to the last digest
  expect 0 -- "$firedrill" replay "$scratch/gets.yaml" --at "redis+unix://$scratch/replay/socket" --full-speed \
    --connections 1 --pipelining "$1" --operations "$(replay_count "$1")" --json
  rate=$(sed -nE 's/^  "rate_per_second" : ([0-9.]+).*/\1/p' "$scratch/out")
}
benchmark_rate() {
  rate=$(redis-benchmark -s "$scratch/replay/socket" -t get -d 100 -r 4000 -c 1 -P "$1" -n "$(replay_count "$1")" --csv |
    tail -n 1 | cut -d '"' -f 4)
}
compare_rates() { # PIPELINING: both in turn, round by round; medians
  local ours=() peers=() round rate
  for ((round = 0; round <= rounds; round++)); do
    replay_rate "$1"
    ((round)) && ours+=("$rate")
    benchmark_rate "$1"
    ((round)) && peers+=("$rate")
  done
  awk -v label="replay, pipelining $1, answers digested" -v a="$(median "${ours[@]}")" -v b="$(median "${peers[@]}")" 'BEGIN {
    printf "%-38s %9d/s %9d/s   ratio %5.2f   target %.1f   %s\n", label, a, b, a / b, 0.9, (a / b >= 0.9 ? "met" : "MISSED")
  }'
}

printf '%s cores, %s, %s, load %s, %d rounds\n' "$cores" "$(redis-server --version | grep -oE 'v=[0-9.]+')" \
  "$(openssl version | cut -d ' ' -f 1-2)" "$(cut -d ' ' -f 1 /proc/loadavg)" "$rounds"
only=" ${ONLY:-read formats hash drill memory replay} "
asked() { [[ $only == *" $1 "* ]]; }
needs_backups=
for part in hash drill memory; do asked "$part" && needs_backups=yes; done

for mib in "${sizes[@]}"; do
  printf 'generating %s MiB\n' "$mib"
  generate "$store/$mib" 0 "$mib"
  [[ $needs_backups ]] || continue
  seal "sealed-$mib" "$store/$mib"
  # For the hashes as many files as there are cores: one file is one sequential computation, for everybody.
  parts=()
  for ((part = 0; part < cores; part++)); do
    generate "$store/$mib-part$part" $((part * 100000000)) $((mib / cores))
    parts+=("$store/$mib-part$part")
  done
  seal "sealed-$mib-parts" "${parts[@]}"
done

# compare_format LABEL VALUES [SETTING…]: what $program writes, against the checker that it is under another name.
compare_format() {
  local label=$1 folder
  values=$2
  settings=("${@:3}")
  folder=$store/formats/$(tr -c '[:alnum:].\n' - <<<"$label, $formats")
  mkdir -p "$store/formats"
  generate "$folder" 0 "$formats"
  values=mixed settings=()
  file=$folder/dump.rdb
  compare "$label" 0.5 fingerprint check_rdb
}
# The same content as each server at hand writes it; then, of the server in PATH, with other settings and other values.
compare_formats() {
  local server name
  for server in "$(command -v redis-server)" "$here"/../.build/servers/*-server; do
    [[ -x $server ]] || continue
    name=$("$server" --version | sed -E 's/^([A-Za-z]+).*v=([0-9]+\.[0-9]+).*/\1 \2/' | tr '[:upper:]' '[:lower:]')
    program=$server
    checker=$scratch/${name%% *}-check-rdb
    ln -sf "$server" "$checker"
    compare_format "$name" mixed
  done
  program=redis-server checker=redis-check-rdb
  compare_format 'redis, uncompressed' mixed --rdbcompression no
  compare_format 'redis, without checksum' mixed --rdbchecksum no
  compare_format 'redis, values of 8 bytes' small
  compare_format 'redis, values of 256 KiB' large
}

printf '\n%-38s %11s %11s\n' '' firedrill peer
for mib in "${sizes[@]}"; do
  asked read || continue
  file=$store/$mib/dump.rdb
  compare "read and fingerprint, $mib MiB" 0.5 fingerprint check_rdb
done
asked formats && compare_formats
for mib in "${sizes[@]}"; do
  asked hash || continue
  backup=$(backup_of "sealed-$mib-parts")
  key=$store/sealed-$mib-parts/seal.pub
  compare "hash, $cores files, $mib MiB" 1.1 hash_phase openssl_cores
done
for mib in "${sizes[@]}"; do
  asked drill || continue
  file=$store/$mib/dump.rdb
  cat >"$scratch/drill.yaml" <<YAML
drill: bench
cluster: $store/sealed-$mib/cluster.yaml
catalog: $store/sealed-$mib/catalog
trust: [$store/sealed-$mib/seal.pub]
workload: $here/../workloads/read-mostly.yaml
YAML
  drill
  level=$(sed -nE 's/^  "level" : "([a-z]+)".*/\1/p' "$scratch/out")
  compare "whole drill to '$level', $mib MiB" 2.0 drill bare_load
done
for mib in "${sizes[@]}"; do
  asked memory || continue
  backup=$(backup_of "sealed-$mib")
  key=$store/sealed-$mib/seal.pub
  peak_memory "$mib"
done
asked replay || exit 0
mkdir -p "$scratch/replay"
serve "$scratch/replay"
redis-benchmark -s "$scratch/replay/socket" -t set -d 100 -r 4000 -P 16 -n 100000 -q >/dev/null
printf 'workload: gets\nengine: redis\nmix: [{verb: get}]\n' >"$scratch/gets.yaml"
for pipelining in 1 16 64; do compare_rates "$pipelining"; done
stop "$server"
