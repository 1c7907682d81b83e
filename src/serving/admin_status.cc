// admin_status: sampling and the two answers.
#include "serving/admin_status.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/check.h"
#include "serving/admin_json.h"
#include "serving/explain_words.h"

namespace bandstand::serving {
namespace {

using nlohmann::ordered_json;

constexpr base::Duration kSampleEvery =
    std::chrono::milliseconds(900);  // of a timer of a second, which may be early
constexpr std::size_t kCampaignsShown = 100;
constexpr std::size_t kAnomaliesShown = 100;
constexpr std::string_view kRequests = "bandstand_bid_requests_total";
constexpr std::string_view kDecides = "bandstand_decide_requests_total";
constexpr std::string_view kLatency = "bandstand_bid_request_duration_seconds";
constexpr std::string_view kAgentTime = "bandstand_agent_duration_seconds";
constexpr std::string_view kFallbacks = "bandstand_agent_fallback_total";
constexpr std::string_view kNoBids = "bandstand_no_bids_total";

double seconds_between(const StatusSample& from, const StatusSample& to) {
  return std::chrono::duration<double>(to.at - from.at).count();
}

/// `part` of `whole`, or null where there is no whole.
ordered_json share(std::int64_t part, std::int64_t whole) {
  return whole > 0 ? ordered_json(static_cast<double>(part) / static_cast<double>(whole))
                   : ordered_json(nullptr);
}

ordered_json us_or_null(double ns) { return ns < 0 ? ordered_json(nullptr) : ordered_json(ns / 1e3); }

ordered_json per_second(std::int64_t count, double seconds) {
  return seconds > 0 ? ordered_json(static_cast<double>(count) / seconds) : ordered_json(nullptr);
}

ordered_json traffic_json(const StatusHistory& history) {
  const StatusSample& now = history.newest();
  const StatusSample& then = history.window_start();
  ordered_json out;
  out["requests"] = now.requests;
  out["requests_per_s"] = per_second(now.requests - then.requests, seconds_between(then, now));
  out["bid_rate"] = share(now.requests_with_bid - then.requests_with_bid, now.requests - then.requests);
  out["win_rate"] = share(now.bids_won - then.bids_won, now.bids - then.bids);
  out["bids"] = now.bids;
  out["bids_won"] = now.bids_won;
  out["outcomes"] = ordered_json::object();
  for (const auto& outcome : history.values_of(kRequests, "outcome")) {
    out["outcomes"][outcome] = history.total(kRequests, "outcome", outcome);
  }
  out["no_bids"] = ordered_json::array();
  for (const auto& code : history.values_of(kNoBids, "nbr")) {
    const auto count = history.total(kNoBids, "nbr", code);
    if (count == 0) continue;
    const auto reason = static_cast<domain::NoBid>(code == "other" ? 0 : std::stoi(code));
    out["no_bids"].push_back({{"nbr", code},
                              {"name", domain::name_of(reason)},
                              {"words", std::string(words_of(reason))},
                              {"count", count}});
  }
  return out;
}

ordered_json latency_json(const StatusHistory& history) {
  const auto edges = history.edges_of(kLatency);
  const Buckets& now = history.newest().latency;
  const Buckets& then = history.window_start().latency;
  return {{"p50_us", us_or_null(quantile_of(edges, now, then, .5))},
          {"p99_us", us_or_null(quantile_of(edges, now, then, .99))},
          {"p50_us_since_start", us_or_null(quantile_of(edges, now, {}, .5))},
          {"p99_us_since_start", us_or_null(quantile_of(edges, now, {}, .99))}};
}

ordered_json agents_json(const StatusHistory& history) {
  ordered_json out = ordered_json::array();
  const auto edges = history.edges_of(kAgentTime);
  const auto& names = history.values_of(kAgentTime, "agent");
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto& now = history.newest().agents[i];
    const auto& then = history.window_start().agents[i];
    std::int64_t total = 0;
    std::int64_t recent = 0;
    for (std::size_t b = 0; b < now.buckets.size(); ++b) {
      total += now.buckets[b];
      recent += now.buckets[b] - then.buckets[b];
    }
    if (total == 0 && now.fallbacks == 0) continue;
    ordered_json reasons = ordered_json::object();
    for (const auto& reason : history.values_of(kFallbacks, "reason")) {
      const auto count = history.total(kFallbacks, "agent", names[i], "reason", reason);
      if (count > 0) reasons[reason] = count;
    }
    out.push_back({{"agent", names[i]},
                   {"calls", total},
                   {"mean_us", recent > 0 ? ordered_json(static_cast<double>(now.time_ns - then.time_ns) /
                                                         1e3 / static_cast<double>(recent))
                                          : ordered_json(nullptr)},
                   {"p99_us", us_or_null(quantile_of(edges, now.buckets, then.buckets, .99))},
                   {"fallbacks", now.fallbacks},
                   {"fallback_share", share(now.fallbacks - then.fallbacks, recent)},
                   {"fallback_reasons", std::move(reasons)}});
  }
  return out;
}

ordered_json money_json(const Control& control) {
  using ledger::Account;
  base::Nanos funded, available, leased, charged, late, house_loss;
  for (const auto& book : control.journal().ledger().campaigns()) {
    funded += book.funded();
    available += book.of(Account::available);
    leased += book.of(Account::lease);
    charged += book.charged();
    late += book.of(Account::late);
    house_loss += book.of(Account::house_loss);
  }
  return {{"imbalance", nanos_text(control.imbalance())},
          {"funded", nanos_text(funded)},
          {"available", nanos_text(available)},
          {"leased", nanos_text(leased)},
          {"charged", nanos_text(charged)},
          {"late", nanos_text(late)},
          {"house_loss", nanos_text(house_loss)},
          {"reward", nanos_text(control.totals().reward)}};
}

ordered_json outcomes_json(const Control& control) {
  const ControlTotals& totals = control.totals();
  const auto& counts = control.matcher().counts();
  return {{"wins", totals.wins},
          {"bills", totals.bills},
          {"losses", totals.losses},
          {"clicks", totals.clicks},
          {"conversions", totals.conversions},
          {"duplicates", totals.duplicates},
          {"conflicts", totals.conflicts},
          {"refused", totals.refused_notices},
          {"suspicious", totals.suspicious},
          {"matched", counts.matched},
          {"repeated", counts.repeated},
          {"late", counts.late},
          {"unmatched", counts.unmatched},
          {"unresolved", counts.unresolved}};
}

/// What the watches flag, at most kAnomaliesShown.
ordered_json anomalies_json(const Control& control) {
  const auto& catalogue = control.catalogue();
  ordered_json out = ordered_json::array();
  for (const auto& flag : control.anomalies().flags()) {
    if (out.size() == kAnomaliesShown) break;
    std::string name;
    if (flag.subject == outcomes::Subject::exchange) {
      const auto& exchanges = control.settings().exchanges;
      if (flag.id < exchanges.size()) name = exchanges[flag.id].name;
    } else if (const auto found = catalogue.campaign_index.find(flag.id); found != catalogue.campaign_index.end()) {
      name = catalogue.campaigns[found->second].name;
    }
    out.push_back({{"subject", name_of(flag.subject)},
                   {"id", flag.id},
                   {"name", name},
                   {"watch", name_of(flag.watch)},
                   {"state", name_of(flag.reading.state)},
                   {"deviations", flag.reading.z},
                   {"usual", flag.reading.usual},
                   {"since_ms", flag.since.millis()}});
  }
  return out;
}

/// The campaigns with the largest budgets: the page shows those, /api/v1/campaigns shows all.
ordered_json campaigns_shown(const Control& control, base::WallTime wall) {
  const auto& campaigns = control.catalogue().campaigns;
  std::vector<std::uint32_t> order(campaigns.size());
  for (std::uint32_t i = 0; i < order.size(); ++i) order[i] = i;
  const std::size_t shown = std::min(order.size(), kCampaignsShown);
  const auto larger = [&](std::uint32_t a, std::uint32_t b) {
    return campaigns[a].budget != campaigns[b].budget ? campaigns[a].budget > campaigns[b].budget
                                                      : campaigns[a].id < campaigns[b].id;
  };
  std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(shown), order.end(), larger);
  ordered_json out = ordered_json::array();
  for (std::size_t i = 0; i < shown; ++i) out.push_back(campaign_json(control, order[i], wall));
  return out;
}

}  // namespace

double quantile_of(std::span<const std::int64_t> edges, const Buckets& now, const Buckets& before, double q) {
  BANDSTAND_CHECK(now.size() == edges.size() + 1 && (before.empty() || before.size() == now.size()));
  std::int64_t count = 0;
  for (std::size_t i = 0; i < now.size(); ++i) count += now[i] - (before.empty() ? 0 : before[i]);
  if (count <= 0) return -1;
  const double wanted = q * static_cast<double>(count);
  double seen = 0;
  for (std::size_t i = 0; i < edges.size(); ++i) {
    const auto here = static_cast<double>(now[i] - (before.empty() ? 0 : before[i]));
    if (here > 0 && seen + here >= wanted) {
      const double low = i == 0 ? 0 : static_cast<double>(edges[i - 1]);
      return low + (static_cast<double>(edges[i]) - low) * (wanted - seen) / here;
    }
    seen += here;
  }
  return static_cast<double>(edges.back());
}

StatusHistory::StatusHistory(std::span<const telemetry::MetricSet* const> sets) : sets_(sets) {
  BANDSTAND_CHECK(!sets.empty());
}

std::size_t StatusHistory::find(std::string_view family) const {
  const auto families = sets_.front()->families();
  std::size_t i = 0;
  while (i < families.size() && family != families[i]->description().name) ++i;
  BANDSTAND_CHECK(i < families.size());  // names in this file are those of telemetry/catalogue.h
  return i;
}

std::int64_t StatusHistory::total(std::string_view family) const {
  const std::size_t index = find(family);
  std::int64_t sum = 0;
  for (const auto* set : sets_) {
    const telemetry::Family& one = *set->families()[index];
    for (std::size_t row = 0; row < one.rows(); ++row) sum += one.read(row);
  }
  return sum;
}

std::int64_t StatusHistory::total(std::string_view family, std::string_view label,
                                  std::string_view value) const {
  return total(family, label, value, {}, {});
}

std::int64_t StatusHistory::total(std::string_view family, std::string_view label, std::string_view value,
                                  std::string_view label_2, std::string_view value_2) const {
  const std::size_t index = find(family);
  const auto& labels = sets_.front()->families()[index]->labels();
  std::int64_t sum = 0;
  for (const auto* set : sets_) {
    const telemetry::Family& one = *set->families()[index];
    for (std::size_t row = 0; row < one.rows(); ++row) {
      const std::size_t inner = labels.size() > 1 ? labels[1].values.size() : 1;
      const auto reads = [&](std::string_view name, std::string_view wanted) {
        if (name.empty()) return true;
        if (labels[0].name == name) return labels[0].values[row / inner] == wanted;
        return labels.size() > 1 && labels[1].name == name && labels[1].values[row % inner] == wanted;
      };
      if (reads(label, value) && reads(label_2, value_2)) sum += one.read(row);
    }
  }
  return sum;
}

std::int64_t StatusHistory::largest(std::string_view family) const {
  const std::size_t index = find(family);
  std::int64_t most = 0;
  for (const auto* set : sets_) most = std::max(most, set->families()[index]->read(0));
  return most;
}

const std::vector<std::string>& StatusHistory::values_of(std::string_view family,
                                                         std::string_view label) const {
  const auto& labels = sets_.front()->families()[find(family)]->labels();
  const auto found =
      std::find_if(labels.begin(), labels.end(), [&](const auto& one) { return one.name == label; });
  BANDSTAND_CHECK(found != labels.end());
  return found->values;
}

std::span<const std::int64_t> StatusHistory::edges_of(std::string_view family) const {
  return sets_.front()->families()[find(family)]->edges();
}

Buckets StatusHistory::buckets_of(std::string_view family, std::size_t row, std::int64_t& sum) const {
  const std::size_t index = find(family);
  Buckets out(edges_of(family).size() + 1);
  sum = 0;
  for (const auto* set : sets_) {
    const telemetry::Family& one = *set->families()[index];
    for (std::size_t i = 0; i < out.size(); ++i) out[i] += one.read(row, i);
    sum += one.read(row, out.size());
  }
  return out;
}

void StatusHistory::sample(const Control& control, base::MonoTime now, base::WallTime wall) {
  StatusSample sample;
  sample.at = now;
  sample.wall = wall;
  sample.requests = total(kRequests) + total(kDecides);
  sample.requests_with_bid = total(kRequests, "outcome", "bid") + total(kDecides, "outcome", "filled");
  sample.bids = static_cast<std::int64_t>(control.matcher().counts().bids);
  sample.bids_won = static_cast<std::int64_t>(control.totals().bids_won);
  sample.reward = control.totals().reward;
  std::int64_t sum = 0;
  sample.latency = buckets_of(kLatency, 0, sum);
  const auto& agents = values_of(kAgentTime, "agent");
  for (std::size_t i = 0; i < agents.size(); ++i) {
    StatusSample::AgentSums one;
    one.fallbacks = total(kFallbacks, "agent", agents[i]);
    one.buckets = buckets_of(kAgentTime, i, one.time_ns);
    sample.agents.push_back(std::move(one));
  }
  newest_ = std::move(sample);
  if (!samples_.empty() && now - samples_.back().at < kSampleEvery) return;
  samples_.push_back(newest_);
  if (samples_.size() > kSamples) samples_.pop_front();
}

std::string StatusHistory::history_json() const {
  ordered_json out = {{"points", ordered_json::array()}};
  const auto edges = edges_of(kLatency);
  for (std::size_t i = 1; i < samples_.size(); ++i) {
    const StatusSample& now = samples_[i];
    const StatusSample& then = before(i, kRateSamples);
    const StatusSample& last = samples_[i - 1];
    out["points"].push_back(
        {{"at_ms", now.wall.millis()},
         {"requests_per_s", per_second(now.requests - last.requests, seconds_between(last, now))},
         {"p50_us", us_or_null(quantile_of(edges, now.latency, then.latency, .5))},
         {"p99_us", us_or_null(quantile_of(edges, now.latency, then.latency, .99))},
         {"bid_rate", share(now.requests_with_bid - then.requests_with_bid, now.requests - then.requests)},
         {"win_rate", share(now.bids_won - then.bids_won, now.bids - then.bids)},
         {"reward", nanos_text(now.reward)}});
  }
  return to_text(out);
}

std::string status_json(const Control& control, const StatusHistory& history, base::Duration uptime,
                        bool ready, std::string_view version) {
  const StatusSample& now = history.newest();
  const ControlTotals& totals = control.totals();
  const ServedVersions served = control.versions();
  ordered_json out;
  out["at_ms"] = now.wall.millis();
  out["uptime_s"] = std::chrono::duration<double>(uptime).count();
  out["ready"] = ready;
  out["window_s"] = seconds_between(history.window_start(), now);
  out["traffic"] = traffic_json(history);
  out["latency"] = latency_json(history);
  out["agents"] = agents_json(history);
  out["money"] = money_json(control);
  out["outcomes"] = outcomes_json(control);
  out["anomalies"] = anomalies_json(control);
  out["decisions"] = {{"logged", totals.decisions_logged},
                      {"dropped", totals.decisions_dropped},
                      {"kept", control.recent_decisions().size()}};
  out["brownout_level"] = history.largest("bandstand_brownout_level");
  out["killed"] = kill_json(control)["switches"].size();
  out["versions"] = {{"program", std::string(version)}, {"catalogue", hex_text(served.catalogue)},
                     {"pacing", served.pacing},         {"creative", served.creative},
                     {"market", served.market},         {"oversight", served.oversight}};
  out["line_items"] = control.catalogue().line_items.size();
  out["campaigns_total"] = control.catalogue().campaigns.size();
  out["campaigns"] = campaigns_shown(control, now.wall);
  return to_text(out);
}

}  // namespace bandstand::serving
