// world_report: arithmetic and print.
#include "simulation/world_report.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "simulation/world.h"

namespace bandstand::simulation {
namespace {

const double kBucketLog = std::log(1.02);
constexpr double kLowestNs = 1'000;

double share(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

double mean_cpm(base::Nanos sum, std::uint64_t count) {
  return count == 0 ? 0 : static_cast<double>(sum.value) / static_cast<double>(count) * 1e-6;
}

double ms(base::Duration d) { return static_cast<double>(d.count()) * 1e-6; }

template <class... Args>
void line(std::string& out, const char* format, Args... args) {
  char text[320];
  std::snprintf(text, sizeof text, format, args...);
  out += text;
  out += '\n';
}

nlohmann::ordered_json json_of(const ExchangeReport& e) {
  nlohmann::ordered_json statuses = nlohmann::ordered_json::object();
  for (const auto& [status, count] : e.by_status) statuses[std::to_string(status)] = count;
  return {{"requests", e.requests},
          {"not_taken", e.not_taken},
          {"no_answer", e.no_answer},
          {"answers", e.answers},
          {"late", e.late},
          {"malformed", e.malformed},
          {"by_status", statuses},
          {"impressions", e.impressions},
          {"responses_with_bids", e.responses_with_bids},
          {"bids", e.bids},
          {"wins", e.wins},
          {"bid_rate", share(e.responses_with_bids, e.answers)},
          {"win_rate", share(e.wins, e.bids)},
          {"losses", e.losses},
          {"rendered", e.rendered},
          {"mean_bid_cpm", mean_cpm(e.bid_sum, e.bids)},
          {"mean_win_cpm", mean_cpm(e.win_sum, e.wins)}};
}

}  // namespace

void LatencyHistogram::add(base::Duration latency) {
  const double ns = std::max(static_cast<double>(latency.count()), kLowestNs);
  const auto bucket = static_cast<std::size_t>(std::log(ns / kLowestNs) / kBucketLog);
  ++buckets_[std::min(bucket, buckets_.size() - 1)];
  ++count_;
}

base::Duration LatencyHistogram::quantile(double q) const {
  if (count_ == 0) return base::Duration{0};
  const auto rank = static_cast<std::uint64_t>(q * static_cast<double>(count_ - 1));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    seen += buckets_[i];
    if (seen > rank) {
      return base::Duration{
          static_cast<std::int64_t>(kLowestNs * std::exp(kBucketLog * static_cast<double>(i + 1)))};
    }
  }
  return base::Duration{0};
}

ExchangeReport WorldReport::total() const {
  ExchangeReport sum;
  for (const ExchangeReport& e : exchange) {
    sum.requests += e.requests;
    sum.not_taken += e.not_taken;
    sum.no_answer += e.no_answer;
    sum.answers += e.answers;
    sum.late += e.late;
    sum.malformed += e.malformed;
    for (const auto& [status, count] : e.by_status) sum.by_status[status] += count;
    for (const auto& [loss, count] : e.losses) sum.losses[loss] += count;
    sum.impressions += e.impressions;
    sum.responses_with_bids += e.responses_with_bids;
    sum.bids += e.bids;
    sum.wins += e.wins;
    sum.rendered += e.rendered;
    sum.bid_sum += e.bid_sum;
    sum.win_sum += e.win_sum;
  }
  return sum;
}

std::string WorldReport::print() const {
  std::string out;
  line(out, "world time        %.1f s", seconds);
  for (std::size_t i = 0; i < exchange.size(); ++i) {
    const ExchangeReport& e = exchange[i];
    line(out, "%-8s requests  %lu (answered %lu, not taken %lu, no answer %lu, late %lu, malformed %lu)",
         std::string(kExchangeNames[i]).c_str(), e.requests, e.answers, e.not_taken, e.no_answer, e.late,
         e.malformed);
    line(out,
         "         bids      %lu on %lu impressions, bid rate %.3f, win rate %.3f, mean bid %.3f CPM, mean "
         "price %.3f CPM",
         e.bids, e.impressions, share(e.responses_with_bids, e.answers), share(e.wins, e.bids),
         mean_cpm(e.bid_sum, e.bids), mean_cpm(e.win_sum, e.wins));
    std::string losses;
    for (const auto& [reason, count] : e.losses) losses += " " + reason + "=" + std::to_string(count);
    if (!losses.empty()) line(out, "         losses   %s", losses.c_str());
  }
  std::string statuses;
  for (const auto& [status, count] : total().by_status)
    statuses += " " + std::to_string(status) + "=" + std::to_string(count);
  line(out, "answers          %s", statuses.c_str());
  line(out, "bid latency       p50 %.3f ms, p99 %.3f ms, p99.9 %.3f ms", ms(bid_latency.quantile(.5)),
       ms(bid_latency.quantile(.99)), ms(bid_latency.quantile(.999)));
  statuses.clear();
  for (const auto& [status, count] : notices_by_status)
    statuses += " " + std::to_string(status) + "=" + std::to_string(count);
  line(out, "notices          %s; lost %lu, late %lu, twice %lu, acknowledgement lost %lu; p99 %.3f ms",
       statuses.c_str(), notices_lost, notices_late, notices_duplicated, acknowledgements_lost,
       ms(notice_latency.quantile(.99)));
  const double best = click_probability_best > 0 ? 1 - click_probability / click_probability_best : 0;
  line(out, "people            %lu impressions, %lu clicks (%.3f %%), expected %.1f, creative regret %.2f %%",
       human_impressions, human_clicks, 100 * share(human_clicks, human_impressions), click_probability,
       100 * best);
  line(out, "bots              %lu impressions, %lu clicks", bot_impressions, bot_clicks);
  return out + account.print();
}

std::string WorldReport::json() const {
  nlohmann::ordered_json out;
  out["seconds"] = seconds;
  for (std::size_t i = 0; i < exchange.size(); ++i)
    out["exchanges"][std::string(kExchangeNames[i])] = json_of(exchange[i]);
  out["total"] = json_of(total());
  const auto latency = [](const LatencyHistogram& h) {
    return nlohmann::ordered_json{{"count", h.count()},
                                  {"p50_ms", ms(h.quantile(.5))},
                                  {"p99_ms", ms(h.quantile(.99))},
                                  {"p999_ms", ms(h.quantile(.999))}};
  };
  out["bid_latency"] = latency(bid_latency);
  out["notice_latency"] = latency(notice_latency);
  for (std::size_t i = 0; i < kNoticeKinds; ++i)
    out["notices"]["sent"][name_of(static_cast<NoticeKind>(i))] = notices[i];
  for (const auto& [status, count] : notices_by_status)
    out["notices"]["by_status"][std::to_string(status)] = count;
  out["notices"]["lost"] = notices_lost;
  out["notices"]["late"] = notices_late;
  out["notices"]["duplicated"] = notices_duplicated;
  out["notices"]["acknowledgements_lost"] = acknowledgements_lost;
  out["people"] = {{"impressions", human_impressions},
                   {"clicks", human_clicks},
                   {"expected_clicks", click_probability},
                   {"expected_clicks_best", click_probability_best}};
  out["bots"] = {{"impressions", bot_impressions}, {"clicks", bot_clicks}};
  out["account"] = nlohmann::ordered_json::parse(account.json());
  return out.dump(2);
}

}  // namespace bandstand::simulation
