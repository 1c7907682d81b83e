#!/usr/bin/env bash
# model_day: a creative model's whole way on a running server in real time: a first day is played, a model is trained on its log and
# judged, published, asked in shadow, by a tenth, by all, while the second day is played; no bid request may stay unanswered.
# Usage: tests/chaos/model_day.sh [PROGRAM] [LAB] [SECONDS_A_DAY] [REQUESTS_A_SECOND]. Loopback only; ends by itself.
set -euo pipefail
program=${1:-build/bin/bandstand}
lab=${2:-build/bin/bandstand-lab}
day=${3:-120}
rate=${4:-400}
dir=$(mktemp -d)
public=127.0.0.1:$((20000 + RANDOM % 10000))
admin=127.0.0.1:$((30000 + RANDOM % 10000))
trap 'kill $(cat "$dir/pid") 2>/dev/null || true; wait; rm -rf "$dir"' EXIT

"$program" simulate learning --write-catalogue "$dir/catalogue.json"
cat >"$dir/bandstand.toml" <<TOML
listen = "$public"
admin = "$admin"
data_dir = "$dir/data"
catalogue = "$dir/catalogue.json"
vendor_id = 1
[[exchanges]]
name = "alpha"
[[exchanges]]
name = "beta"
bill_on = "impression"
[matcher]
click_window_s = 5
conversion_window_s = 10
[log]
sample_no_bid = 1
TOML
"$program" serve --config "$dir/bandstand.toml" >"$dir/server.log" 2>&1 &
echo $! >"$dir/pid"
sleep 1

play() {
  "$program" simulate --server "$public" --catalogue "$dir/catalogue.json" --seconds "$day" --rate "$rate" --seed "$1" --json >"$dir/day$1.json"
}
model() { "$program" model "$@" --server "$admin"; }

play 1
sleep 6
"$lab" train creative --config "$dir/bandstand.toml" --out "$dir/model" | tail -5
code=0
"$program" evaluate --format bandstand --config "$dir/bandstand.toml" --log "$dir/data" --model "$dir/model" --json >"$dir/evaluation.json" || code=$?
python3 -c 'import json, sys; e = json.load(open(sys.argv[1])); print("gate:", e["verdict"]); [print("  " + r) for r in e["reasons"]]' "$dir/evaluation.json"

play 2 &
world=$!
model publish creative "$dir/model" | head -1
head -c 5000 "$dir/model" >"$dir/damaged"
if model publish creative "$dir/damaged" 2>"$dir/refused"; then echo "a damaged model was taken"; exit 1; fi
cat "$dir/refused"
why=(--evaluation "$dir/evaluation.json")
if [ "$code" -ne 0 ]; then
  if model rollout creative 1 live "${why[@]}" 2>"$dir/refused"; then echo "the gate let a model by that it could not judge"; exit 1; fi
  cat "$dir/refused"
  why=(--override "the way itself is tested")
fi
for rollout in shadow percent:10 live; do
  model rollout creative 1 "$rollout" "${why[@]}" >/dev/null
  sleep $((day / 5))
done
wait "$world"
model list
python3 - "$dir/day1.json" "$dir/day2.json" "$admin" <<'PY'
import json, sys, urllib.request
lost = 0
for day, path in ((1, sys.argv[1]), (2, sys.argv[2])):
    world = json.load(open(path))["world"]
    sides = [world["exchanges"][name] for name in world["exchanges"]] if isinstance(world["exchanges"], dict) else world["exchanges"]
    requests = sum(s["requests"] for s in sides)
    unanswered = sum(s.get("no_answer", 0) + s.get("malformed", 0) for s in sides)
    people = world["people"]
    print(f"day {day}: {requests} requests, {unanswered} without an answer, expected click rate {people['expected_clicks'] / max(1, people['impressions']):.5f}")
    lost += unanswered
text = urllib.request.urlopen(f"http://{sys.argv[3]}/metrics").read().decode()
print("\n".join(line for line in text.splitlines() if line.startswith("bandstand_model")))
sys.exit(1 if lost else 0)
PY
