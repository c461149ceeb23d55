#!/usr/bin/env bash
# A re-sharding of a real Redis Cluster under writes, with backups that are drilled before it, in the middle of it and after
# it: pre-move drill, mid-move drill, cutover gate, post-move drill, a problem, and the rollback to the pre-move backup. It
# ends with the timeline.
#
#   drills/migration/story.sh [FIREDRILL [FOLDER]]
#
# Servers run on loopback, from port 17401 on ($FIREDRILL_STORY_PORT), and all files lie in FOLDER
# (firedrill-work/migration, emptied first). Each command is shown before it runs; with the first exit status that is not the
# expected one the story ends, and says which.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
firedrill=$(realpath "$(command -v "${1:-firedrill}")")
folder=${2:-firedrill-work/migration}
port=${FIREDRILL_STORY_PORT:-17401}
records=${FIREDRILL_STORY_RECORDS:-3000}

for program in redis-server redis-cli; do
  command -v "$program" >/dev/null || { echo "story: $program is not installed (apt-get install redis)" >&2; exit 2; }
done
rm -rf "$folder"
mkdir -p "$folder"/drills/migration "$folder"/node-{1,2,3}
# The drill files name workloads two folders up.
cp -r "$here"/../../workloads "$folder"/workloads
cp "$here"/*.yaml "$folder"/drills/migration
cd "$folder"/drills/migration
mkdir backups
sed -i "s/17401/$port/; s/17402/$((port + 1))/; s/17403/$((port + 2))/" shop.yaml
export FIREDRILL_LEDGER=$PWD/ledger.sqlite FIREDRILL_WORK=$PWD/work

servers=()
writer=
cleanup() {
  touch quiesced
  [ -z "$writer" ] || wait "$writer" 2>/dev/null || true
  # Nothing of theirs is kept, and a signal that can be blocked may be: whoever starts the story passes its mask on.
  for server in "${servers[@]}"; do kill -KILL "$server" 2>/dev/null || true; done
  for server in "${servers[@]}"; do wait "$server" 2>/dev/null || true; done
}
trap cleanup EXIT

chapter() { printf '\n== %s\n' "$*"; }

# expect STATUS COMMAND…: shows it, runs it, and ends the story where it ends otherwise.
expect() {
  local wanted=$1 status=0
  shift
  printf '\n$ firedrill %s\n' "$*"
  "$firedrill" "$@" || status=$?
  [ "$status" -eq "$wanted" ] || { echo "story: 'firedrill $*' ended with $status instead of $wanted" >&2; exit 1; }
}

# node N COMMAND…: asks the N-th server.
node() { redis-cli -h 127.0.0.1 -p $((port + $1 - 1)) "${@:2}"; }

# until SECONDS COMMAND…: waits for a condition.
until_true() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $deadline ] || { echo "story: waited in vain for: $*" >&2; exit 1; }
    sleep 0.05
  done
}

cluster_is_ok() {
  local n
  for n in 1 2 3; do node $n cluster info | grep -q 'cluster_state:ok' || return 1; done
}

# happens STAGE [OPTIONS…]: what a migration tool publishes.
happens() { expect 0 migration event --cluster shop --migration split --stage "$1" --id "split-$1" "${@:2}" --quiet; }

# The backup of the newest cut.
newest() { "$firedrill" catalog list backups --json | sed -n 's/^ *"id" : "\(.*\)".*/\1/p' | tail -n 1; }

chapter "Production: three masters, $records records and more, and somebody who writes all the time"
for n in 1 2 3; do
  (cd ../../node-$n && exec redis-server --bind 127.0.0.1 --port $((port + n - 1)) --cluster-enabled yes --save '' \
    --appendonly no --repl-diskless-sync-delay 0 --repl-ping-replica-period 1 --cluster-node-timeout 5000 --loglevel warning) >/dev/null &
  servers+=($!)
done
for n in 1 2 3; do until_true 20 node $n ping; done
redis-cli --cluster create 127.0.0.1:{$port,$((port + 1)),$((port + 2))} --cluster-yes >/dev/null
until_true 30 cluster_is_ok
awk -v n="$records" 'BEGIN {
  for (i = 0; i < n; i++) {
    printf "SET user:%d user-%d-of-the-shop EX %d\n", i, i, 86400 + i
    if (i % 3 == 0) printf "HSET order:%d state paid total %d\n", i, i * 7
    if (i % 5 == 0) printf "RPUSH basket:%d apple pear %d\n", i, i
  }
}' | redis-cli -c -h 127.0.0.1 -p "$port" >/dev/null
{
  i=0
  while [ ! -e quiesced ]; do
    i=$((i + 1))
    echo "SET visit:$((i % 400)) $i"
    sleep 0.01
  done | redis-cli -c -h 127.0.0.1 -p "$port"
} >/dev/null 2>&1 &
writer=$!
a=$(node 1 cluster myid)
b=$(node 2 cluster myid)

chapter "Planned: the first 40 slots of the first shard are to go to the second"
expect 0 keygen --out seal
expect 0 topology discover shop.yaml
happens planned --slots 0-39 --from "$a" --to "$b"

chapter "Before the move: a backup, drilled"
expect 0 run pre-move.yaml
before=$(newest)
happens snapshotting --backup "$before"

chapter "Half of the slots move, as redis-cli moves them"
happens copying --slots 0-19 --from "$a" --to "$b"
redis-cli --cluster reshard "127.0.0.1:$port" --cluster-from "$a" --cluster-to "$b" --cluster-slots 20 --cluster-yes >/dev/null
until_true 30 cluster_is_ok

chapter "The next one by hand, and stopped in the middle of its keys"
slot=20
# Enough keys that both shards will hold some: the tag in braces alone says which slot they are in.
tag='{half2649}'
for i in 1 2 3 4 5 6; do redis-cli -c -h 127.0.0.1 -p "$port" set "$tag:$i" "half way, $i" >/dev/null; done
node 2 cluster setslot $slot importing "$a" >/dev/null
node 1 cluster setslot $slot migrating "$b" >/dev/null
keys_of() { node "$1" cluster getkeysinslot "$2" 1000 | sed '/^$/d'; } # N SLOT
migrate() { # COUNT: so many keys of the slot
  local keys
  mapfile -t keys < <(keys_of 1 $slot | head -n "$1")
  [ ${#keys[@]} -eq 0 ] || node 1 migrate 127.0.0.1 $((port + 1)) '' 0 5000 keys "${keys[@]}" >/dev/null
}
migrate 3
expect 0 topology discover shop.yaml
expect 0 run mid-move.yaml
happens catching-up --backup "$(newest)" --note "slot $slot is on both sides"

chapter "Nobody may delete what it can go back to"
expect 1 retention check backups --rule retention.yaml --trust seal.pub --at "$(date -u -d '+1 day' +%Y-%m-%dT%H:%M:%SZ)"

chapter "Writes are quiesced, and the gate decides"
touch quiesced
wait "$writer" || true
writer=
happens quiesced
expect 0 gate decide cutover-policy.yaml --stage final --key seal --format json -o decision.json
expect 0 gate verify decision.json --trust seal.pub

chapter "The rest moves: cut over"
migrate 1000
for n in 2 1 3; do node $n cluster setslot $slot node "$b" >/dev/null; done
redis-cli --cluster reshard "127.0.0.1:$port" --cluster-from "$a" --cluster-to "$b" --cluster-slots 19 --cluster-yes >/dev/null
until_true 30 cluster_is_ok
happens cut-over --slots 0-39 --from "$a" --to "$b"
expect 0 topology discover shop.yaml

chapter "After the move: a backup, drilled"
expect 0 run post-move.yaml
happens verified --backup "$(newest)"

chapter "Something goes wrong on the second shard: keys of a slot that moved are gone"
lost=0
for s in $(seq 0 39); do
  mapfile -t keys < <(keys_of 2 "$s")
  for key in "${keys[@]}"; do
    node 2 del "$key" >/dev/null
    lost=$((lost + 1))
  done
done
[ "$lost" -gt 0 ] || { echo "story: there was no key to lose" >&2; exit 1; }
echo "$lost keys deleted"
expect 1 run still-there.yaml

chapter "The rollback: the backup from before the move restores and answers as production did"
expect 0 run rollback.yaml
happens rolled-back --backup "$before" --note "$lost keys were lost after the cutover; back to the backup from before the move"

chapter "What happened"
expect 0 migration show split --cluster shop --html timeline.html
printf '\nThe timeline as a page: %s/timeline.html\n' "$PWD"
