#!/usr/bin/env bash
# kill_server: kills the server with SIGKILL under the live exchange, again and again, and compares the books at the end.
# Usage: tests/chaos/kill_server.sh [PROGRAM] [KILLS] [SECONDS_BETWEEN]. Loopback only; ends by itself.
# kill -9 keeps the page cache: what it tests is the recovery of a process, not the loss of power (see log_test for that).
set -euo pipefail
program=${1:-build/bin/bandstand}
kills=${2:-10}
pause=${3:-3}
dir=$(mktemp -d)
public=127.0.0.1:$((20000 + RANDOM % 10000))
admin=127.0.0.1:$((30000 + RANDOM % 10000))
trap 'kill -9 $(cat "$dir/pid") 2>/dev/null || true; rm -rf "$dir"' EXIT

start() {
  "$program" serve --data "$dir/data" --listen "$public" --admin "$admin" >>"$dir/server.log" 2>&1 &
  echo $! >"$dir/pid"
}

start
sleep 1
"$program" simulate --server "$public" --seconds $((kills * pause + 5)) --rate 150 --account "$dir/account.json" >"$dir/world.txt" 2>&1 &
world=$!
for i in $(seq "$kills"); do
  sleep "$pause"
  kill -9 "$(cat "$dir/pid")"
  wait "$(cat "$dir/pid")" 2>/dev/null || true
  start
done
wait "$world"
python3 - "$dir/account.json" "$admin" <<'PY'
import json, sys, urllib.request
account = json.load(open(sys.argv[1]))["campaigns"]
billed = differs = total = 0
for campaign, line in sorted(account.items()):
    url = f"http://{sys.argv[2]}/api/v1/campaigns/{campaign}/balance"
    balance = json.load(urllib.request.urlopen(url))
    ledger = int(balance["media_cost"]) + int(balance["house_loss"])
    exchange = int(line["amount_nanos"])
    billed += line["billed"]
    total += exchange
    if ledger != exchange:
        differs += 1
        print(f"campaign {campaign}: ledger {ledger}, exchange {exchange}, pending {line.get('pending')}")
print(f"{billed} impressions billed, {total} nanos, {differs} campaigns differ")
sys.exit(1 if differs or billed == 0 else 0)
PY
