// exchange_account: sums and their two forms of print.
#include "simulation/exchange_account.h"

#include <cstdio>
#include <nlohmann/json.hpp>

namespace bandstand::simulation {
namespace {

nlohmann::ordered_json json_of(const AccountLine& line) {
  const auto nanos = [](base::Nanos amount) { return std::to_string(amount.value); };
  return {{"bids", line.bids},
          {"wins", line.wins},
          {"billed", line.billed},
          {"amount_nanos", nanos(line.amount)},
          {"pending", line.pending},
          {"pending_nanos", nanos(line.pending_amount)},
          {"refused", line.refused},
          {"refused_nanos", nanos(line.refused_amount)},
          {"unpriced", line.unpriced},
          {"unpriced_ceiling_nanos", nanos(line.unpriced_ceiling)},
          {"audits", line.audits},
          {"clicks", line.clicks},
          {"conversions", line.conversions},
          {"bot_clicks", line.bot_clicks}};
}

std::string row(const std::string& name, const AccountLine& line) {
  char text[256];
  std::snprintf(text, sizeof text, "%-10s %9lu %8lu %8lu %16s %7lu %14s %7lu %7lu %6lu\n", name.c_str(),
                line.bids, line.wins, line.billed, base::format_amount(line.amount).c_str(), line.pending,
                base::format_amount(line.pending_amount).c_str(), line.refused, line.clicks,
                line.conversions);
  return text;
}

}  // namespace

AccountLine& AccountLine::operator+=(const AccountLine& other) {
  bids += other.bids;
  wins += other.wins;
  billed += other.billed;
  amount += other.amount;
  pending += other.pending;
  pending_amount += other.pending_amount;
  refused += other.refused;
  refused_amount += other.refused_amount;
  unpriced += other.unpriced;
  unpriced_ceiling += other.unpriced_ceiling;
  audits += other.audits;
  clicks += other.clicks;
  conversions += other.conversions;
  bot_clicks += other.bot_clicks;
  return *this;
}

AccountLine ExchangeAccount::total() const {
  AccountLine sum;
  for (const auto& [campaign, line] : lines_) sum += line;
  return sum;
}

void ExchangeAccount::merge(const ExchangeAccount& other) {
  for (const auto& [campaign, line] : other.lines_) lines_[campaign] += line;
}

std::string ExchangeAccount::print() const {
  char head[256];
  std::snprintf(head, sizeof head, "%-10s %9s %8s %8s %16s %7s %14s %7s %7s %6s\n", "campaign", "bids",
                "wins", "billed", "amount", "pending", "amount", "refused", "clicks", "conv");
  std::string out = head;
  for (const auto& [campaign, line] : lines_) out += row(campaign, line);
  return out + row("total", total());
}

std::string ExchangeAccount::json() const {
  nlohmann::ordered_json out;
  out["campaigns"] = nlohmann::ordered_json::object();
  for (const auto& [campaign, line] : lines_) out["campaigns"][campaign] = json_of(line);
  out["total"] = json_of(total());
  return out.dump();
}

}  // namespace bandstand::simulation
