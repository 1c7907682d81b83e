// decision_log: bids and events in the order of their time, through the matcher.
#include "app/decision_log.h"

#include <algorithm>

#include "log/read_topic.h"
#include "protocol/event/event_codec.h"

namespace bandstand::app {
namespace {

using base::WallTime;

base::Result<std::vector<domain::Event>> read_events(log::Log& log) {
  std::vector<domain::Event> out;
  BANDSTAND_TRY_VOID(log::read_topic(log, "events", 256, [&](const log::Record& record) {
    if (auto event = protocol::event::decode_event(record.value)) out.push_back(*event);
  }));
  std::stable_sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.at < b.at; });
  return out;
}

/// The ledger charges a bill, and an impression where that is what bills; the clearing price is then in the event.
bool is_charged(const domain::Event& event) {
  if (event.suspicious) return false;
  return event.kind == domain::EventKind::bill || (event.kind == domain::EventKind::impression && event.price.value > 0);
}

}  // namespace

base::Result<DecisionLog> read_decision_log(log::Log& log, const serving::ServingSettings& settings, const TeamNames& names,
                                            const DecisionLogHooks& hooks) {
  BANDSTAND_TRY(replayer, DecisionReplayer::open(log, settings, names));
  replayer->on_team = hooks.on_team;
  DecisionLog out;
  std::vector<domain::BidFacts> bids;
  for (const auto id : replayer->ids()) {
    const auto replayed = replayer->replay(id);
    if (replayed.verdict != DecisionReplayer::Verdict::same) {
      ++out.unreadable;
      continue;
    }
    out.catalogue = replayed.catalogue;
    if (hooks.on_decision) hooks.on_decision(replayed.bids);
    if (replayed.bids.empty()) continue;
    ++out.decisions;
    bids.insert(bids.end(), replayed.bids.begin(), replayed.bids.end());
  }
  std::stable_sort(bids.begin(), bids.end(), [](const auto& a, const auto& b) { return a.at_time < b.at_time; });
  BANDSTAND_TRY(events, read_events(log));
  outcomes::MatcherOptions options = settings.matcher;
  options.bids_max = std::max(options.bids_max, bids.size());
  outcomes::Matcher matcher(options);
  auto event = events.begin();
  WallTime end{};
  const auto take_events = [&](WallTime until) {
    for (; event != events.end() && event->at <= until; ++event) {
      if (!event->test) matcher.on_event(*event, is_charged(*event), out.outcomes);
      end = event->at;
    }
  };
  for (const auto& facts : bids) {
    take_events(facts.at_time);
    matcher.tick(facts.at_time, out.outcomes);
    matcher.on_bid(facts, out.outcomes);
    end = facts.at_time;
  }
  while (event != events.end()) {
    const WallTime at = event->at;
    take_events(at);
    matcher.tick(at, out.outcomes);
  }
  matcher.tick(end, out.outcomes);
  return out;
}

}  // namespace bandstand::app
