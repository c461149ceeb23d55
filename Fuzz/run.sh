#!/usr/bin/env bash
# Fuzzes the readers of foreign bytes with libFuzzer and AddressSanitizer; `make fuzz SECONDS=n` calls it.
#
#   Fuzz/run.sh SECONDS [TARGET…]     all targets by default, each for its share of the time, as many at once as there are cores
#   SEED=7 Fuzz/run.sh …              another beginning; SEED is printed, and the same seed begins the same way
#
# Seeds are made by real servers, corpora grow in .build-fuzz/corpora, and inputs that end a reader are kept in
# .build-fuzz/crashes: `.build-fuzz/debug/firedrill-fuzz TARGET FILE` does it again. Exit status 1 where there was any.
set -euo pipefail
export LC_ALL=C SWIFT_DETERMINISTIC_HASHING=1 FIREDRILL_FUZZ=1
# What lives as long as the program, such as threads and their buffers, is no leak.
export ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=0
# Swift's own backtraces read where the sanitizer allows nobody to; the sanitizer's are there.
export SWIFT_BACKTRACE=enable=no
cd "$(dirname "$0")/.."

# What a reader may take: the issue is a reader that a small file makes take more.
memory_mib=512 seconds_each=10
seconds=${1:?how many seconds}
shift
[[ $seconds =~ ^[1-9][0-9]*$ ]] || { echo "seconds are a whole number, not '$seconds'" >&2; exit 64; }
build=.build-fuzz
fuzzer=$build/debug/firedrill-fuzz
# The fuzzer without a main of its own; it comes with Swift's clang.
runtime=$(swift -print-target-info | sed -n 's/.*"runtimeResourcePath": "\(.*\)".*/\1/p')
library=$(find -L "${runtime%/*}/clang" -name 'libclang_rt.fuzzer_no_main*.a' 2>/dev/null | grep "$(uname -m)" | head -n 1)
[[ -n $library ]] || { echo "Swift's clang brings no libFuzzer here (libclang_rt.fuzzer_no_main)" >&2; exit 70; }
swift build --scratch-path $build --product firedrill-fuzz -Xlinker "$library" >"$build.log" 2>&1 ||
  { cat "$build.log" >&2; exit 70; }
rm -f "$build.log"

# In memory where that is there: some readers take files, thousands a second.
TMPDIR=$(mktemp -d -p "$([[ -d /dev/shm ]] && echo /dev/shm || echo /tmp)" firedrill-fuzz-XXXXXX)
export TMPDIR
scratch=$TMPDIR
servers=()
clean_up() {
  local pid
  for pid in "${servers[@]}"; do kill -9 "$pid" 2>/dev/null || true; done
  rm -rf "$scratch"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

# The server that was started last.
end_server() {
  kill -9 "${servers[-1]}"
  wait "${servers[-1]}" 2>/dev/null || true
  unset 'servers[-1]'
}

# keep TARGET FILE [BYTE]: a seed, perhaps behind the byte that picks a reader.
keep() {
  mkdir -p "$build/seeds/$1"
  { [[ -z ${3:-} ]] || printf "\\x$3"; cat "$2"; } >"$scratch/seed"
  cp "$scratch/seed" "$build/seeds/$1/$(sha256sum <"$scratch/seed" | cut -c1-12)"
}

# What servers of several settings write for the same commands, as snapshots and logs, and what they reply.
redis_seeds() {
  local number=0 settings port folder log
  for settings in '' '--hash-max-listpack-entries 0 --set-max-intset-entries 0 --zset-max-listpack-entries 0 --aof-use-rdb-preamble no' \
    '--rdbcompression no --cluster-enabled yes'; do
    folder=$scratch/redis-$((number += 1))
    mkdir "$folder"
    # shellcheck disable=SC2086
    redis-server --port 0 --unixsocket "$folder/s" --dir "$folder" --save '' --appendonly yes --aof-timestamp-enabled yes \
      --enable-debug-command local --daemonize no --logfile "$folder/log" $settings &
    servers+=($!)
    until [[ $(redis-cli -s "$folder/s" ping 2>/dev/null) == PONG ]]; do
      kill -0 "${servers[-1]}" 2>/dev/null || { cat "$folder/log" >&2; return 70; }
      sleep 0.02
    done
    if [[ $settings == *cluster* ]]; then redis-cli -s "$folder/s" cluster addslotsrange 0 16383 >/dev/null; fi
    redis-cli -s "$folder/s" <Fuzz/commands.redis >/dev/null
    # A stored log, whole, and then one with a snapshot at its beginning.
    for log in "$folder"/appendonlydir/*.aof; do keep aof "$log"; done
    keep texts "$folder/appendonlydir/appendonly.aof.manifest" 06
    redis-cli -s "$folder/s" save >/dev/null
    keep rdb "$folder/dump.rdb"
    { cat "$folder/dump.rdb" "$folder"/appendonlydir/*.incr.aof; } >"$scratch/log"
    keep aof "$scratch/log"
    if [[ $settings == *cluster* ]]; then
      keep texts "$folder/nodes.conf" 05
      redis-cli -s "$folder/s" cluster nodes >"$scratch/nodes"
      keep texts "$scratch/nodes" 05
    fi
    redis-cli -s "$folder/s" info >"$scratch/info"
    keep texts "$scratch/info" 0b
    end_server
  done
  # Replies of both protocols, as they come from the socket.
  for words in 'HELLO 3' 'PING'; do
    port=$((20000 + RANDOM % 20000))
    redis-server --port $port --bind 127.0.0.1 --save '' --dir "$scratch" --logfile "$scratch/log" &
    servers+=($!)
    until [[ $(redis-cli -p $port ping 2>/dev/null) == PONG ]]; do
      kill -0 "${servers[-1]}" 2>/dev/null || return 70
      sleep 0.02
    done
    redis-cli -p $port <Fuzz/commands.redis >/dev/null
    exec 3<>/dev/tcp/127.0.0.1/$port
    printf '%s\r\n' "$words" 'HGETALL h' 'ZRANGE z 0 -1 WITHSCORES' 'SMEMBERS i' 'XRANGE s - +' 'XINFO STREAM s FULL' 'GET none' \
      'LRANGE l 0 -1' 'COMMAND COUNT' 'LOLWUT VERSION 1' 'NOSUCH' 'ZSCORE z b' 'CONFIG GET save' 'CLIENT TRACKING ON' 'QUIT' >&3
    cat <&3 >"$scratch/replies"
    exec 3>&-
    keep resp "$scratch/replies" 0a
    end_server
  done
}

# Files that people write, and those of their tools.
file_seeds() {
  local file
  while IFS= read -r file; do keep yaml "$file"; done < <(find drills workloads -name '*.yaml' -o -name '*.yml')
  printf '0-5460,5462\n' >"$scratch/text"
  keep texts "$scratch/text" 08
  printf '@schema=9;@time=1769832000000;customers=8812;orders=1.5;sessions=-;texts=%sa%%20b' "'" >"$scratch/text"
  keep texts "$scratch/text" 09
  printf '2026-11-23T00:15:53.123Z' >"$scratch/text"
  keep texts "$scratch/text" 0a
  if command -v minisign >/dev/null; then
    minisign -G -W -p "$scratch/key.pub" -s "$scratch/key" >/dev/null
    minisign -S -s "$scratch/key" -m "$scratch/text" -x "$scratch/signature" >/dev/null
    keep keys "$scratch/signature" 04
    keep keys "$scratch/key.pub" 05
  fi
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=fuzz -days 30 -keyout "$scratch/ca.key" \
    -out "$scratch/ca.pem" 2>/dev/null
  keep keys "$scratch/ca.pem" 01
  openssl cms -sign -binary -in "$scratch/text" -signer "$scratch/ca.pem" -inkey "$scratch/ca.key" -outform DER -out "$scratch/cms"
  keep keys "$scratch/cms" 02
}

if [[ ! -e $build/seeds/made ]]; then
  rm -rf "$build/seeds"
  redis_seeds
  file_seeds
  "$fuzzer" seeds "$build/seeds" >"$scratch/seeds.log" 2>&1 || { cat "$scratch/seeds.log" >&2; exit 70; }
  touch "$build/seeds/made"
fi

targets=("$@")
((${#targets[@]})) || mapfile -t targets < <("$fuzzer" targets)
cores=$(nproc)
share=$((seconds * (cores < ${#targets[@]} ? cores : ${#targets[@]}) / ${#targets[@]}))
((share > 0)) || share=1
seed=${SEED:-$((RANDOM * 32768 + RANDOM + 1))}
printf '%d targets, %d s each, %d at once, at most %d MiB and %d s for an input; SEED=%d\n' \
  "${#targets[@]}" $share "$cores" $memory_mib $seconds_each "$seed"

# fuzz TARGET: for its share of the time; what it says goes into a file.
fuzz() {
  local corpus=$build/corpora/$1 crashes=$build/crashes/$1
  local length=16384
  [[ $1 == evidence ]] && length=65536
  mkdir -p "$corpus" "$crashes" "$build/seeds/$1"
  local status=0
  "$fuzzer" "$1" "$corpus" "$build/seeds/$1" -seed="$seed" -max_total_time=$share \
    -max_len=$length -timeout=$seconds_each -rss_limit_mb=$memory_mib -print_final_stats=1 \
    -artifact_prefix="$crashes/" >"$scratch/$1.log" 2>&1 || status=$?
  echo $status >"$scratch/$1.status"
}
for target in "${targets[@]}"; do
  while (($(jobs -rp | wc -l) >= cores)); do wait -n || true; done
  fuzz "$target" &
done
wait

failed=()
printf '%-10s %12s %10s %10s %8s\n' target inputs 'inputs/s' 'peak MiB' edges
for target in "${targets[@]}"; do
  value() { sed -n "s/^stat::$1: *//p" "$scratch/$target.log" | tail -n 1; }
  printf '%-10s %12s %10s %10s %8s\n' "$target" "$(value number_of_executed_units)" "$(value average_exec_per_sec)" \
    "$(value peak_rss_mb)" "$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$scratch/$target.log" | tail -n 1)"
  if [[ $(cat "$scratch/$target.status") != 0 ]]; then
    failed+=("$target")
    grep -E '^(==.*ERROR|SUMMARY|Test unit written|artifact_prefix|.*Fatal error)' "$scratch/$target.log" | sed 's/^/  /' || true
    cp "$scratch/$target.log" "$build/crashes/$target/last.log"
  fi
done
if ((${#failed[@]})); then
  echo "inputs that end a reader: $(find "$build/crashes" -type f ! -name last.log | sort | tr '\n' ' ')"
  exit 1
fi
echo "no crash, no hang, nothing beyond $memory_mib MiB"
