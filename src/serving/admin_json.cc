// admin_json: campaigns, balances, kill switches.
#include "serving/admin_json.h"

#include "serving/explain_names.h"
#include "serving/explain_words.h"
#include "serving/kill_switches.h"

namespace bandstand::serving {
namespace {

using nlohmann::ordered_json;

const char* name_of_pacing(domain::Pacing pacing) {
  switch (pacing) {
    case domain::Pacing::even: return "even";
    case domain::Pacing::asap: return "asap";
    case domain::Pacing::front_loaded: return "front_loaded";
  }
  return "unknown";
}

std::string unpack(std::uint64_t packed) {
  std::string out;
  for (; packed != 0; packed >>= 8) out += static_cast<char>(packed & 0xff);
  return out;
}

ordered_json time_json(base::WallTime at) {
  return at.ns == 0 ? ordered_json(nullptr) : ordered_json(at.seconds());
}

}  // namespace

std::string hex_text(std::uint64_t value) { return hex(value); }

ordered_json campaign_json(const Control& control, std::uint32_t index, base::WallTime now) {
  const domain::Campaign& campaign = control.catalogue().campaigns[index];
  const auto report = control.pacer().report(index, now);
  ordered_json out;
  out["id"] = campaign.id.value;
  out["name"] = campaign.name;
  out["advertiser"] = control.catalogue().advertisers[campaign.advertiser].name;
  out["currency"] = unpack(campaign.currency);
  out["active"] = campaign.active;
  out["pacing"] = name_of_pacing(campaign.pacing);
  out["start_s"] = time_json(campaign.start);
  out["end_s"] = time_json(campaign.end);
  out["budget"] = nanos_text(report.budget);
  out["planned"] = nanos_text(report.planned);
  out["spent"] = nanos_text(report.spent);
  out["mu"] = report.mu;
  out["open"] = report.open;
  out["closed_because"] = report.open ? ordered_json(nullptr) : ordered_json(domain::name_of(report.why));
  out["closed_words"] = report.open ? ordered_json(nullptr) : ordered_json(std::string(words_of(report.why)));
  return out;
}

ordered_json balance_json(const ledger::CampaignBook& book, ledger::BudgetDay today) {
  using ledger::Account;
  const ledger::DayBook day = book.on(today);
  ordered_json out;
  out["id"] = book.id.value;
  out["paused"] = book.paused;
  out["funded"] = nanos_text(book.funded());
  out["available"] = nanos_text(book.of(Account::available));
  out["leased"] = nanos_text(book.of(Account::lease));
  out["charged"] = nanos_text(book.charged());
  out["late"] = nanos_text(book.of(Account::late));
  out["refunded"] = nanos_text(book.of(Account::refund));
  out["fees"] = nanos_text(book.of(Account::fees));
  out["media_cost"] = nanos_text(book.of(Account::media_cost));
  out["house_loss"] = nanos_text(book.of(Account::house_loss));
  out["exchange_payable"] = nanos_text(base::Nanos{} - book.of(Account::exchange_payable));
  out["lifetime_limit"] = nanos_text(book.lifetime);
  out["daily_limit"] = nanos_text(book.daily);
  out["today"] = {{"day", today.value},
                  {"charged", nanos_text(day.charged)},
                  {"leased", nanos_text(day.leased)},
                  {"late", nanos_text(day.late)}};
  out["counts"] = {{"wins", book.counts.wins},           {"settled", book.counts.settled},
                   {"losses", book.counts.losses},       {"refunds", book.counts.refunds},
                   {"late", book.counts.late},           {"house", book.counts.house},
                   {"conflicts", book.counts.conflicts}, {"after_loss", book.counts.after_loss},
                   {"clamped", book.counts.clamped}};
  return out;
}

ordered_json kill_json(const Control& control) {
  const auto& kill = control.kill_switches();
  ordered_json switches = ordered_json::array();
  const auto add = [&](KillScope scope, ordered_json id) {
    switches.push_back({{"scope", name_of(scope)}, {"id", std::move(id)}});
  };
  if (kill.everything) add(KillScope::everything, nullptr);
  for (const auto exchange : kill.exchanges.items()) {
    const auto& exchanges = control.settings().exchanges;
    add(KillScope::exchange,
        exchange < exchanges.size() ? ordered_json(exchanges[exchange].name) : ordered_json(exchange));
  }
  for (const auto id : kill.advertisers.items()) add(KillScope::advertiser, id.value);
  for (const auto id : kill.campaigns.items()) add(KillScope::campaign, id.value);
  for (const auto id : kill.line_items.items()) add(KillScope::line_item, id.value);
  for (const auto id : kill.creatives.items()) add(KillScope::creative, id.value);
  return {{"switches", std::move(switches)}};
}

ordered_json models_json(const ModelShelf& shelf) {
  ordered_json out = {{"agents", ordered_json::array()}};
  for (std::size_t i = 0; i < kModelAgents; ++i) {
    const auto agent = static_cast<ModelAgent>(i);
    const ServedModel& served = (*shelf.served())[i];
    ordered_json models = ordered_json::array(), changes = ordered_json::array();
    for (const auto& entry : shelf.seat(agent).models) {
      const auto training = ordered_json::parse(entry.training, nullptr, false);
      models.push_back({{"version", entry.version},
                        {"at_s", time_json(entry.at)},
                        {"model", entry.id},
                        {"kind", entry.kind},
                        {"bytes", entry.bytes},
                        {"training", training.is_discarded() ? ordered_json(nullptr) : training}});
    }
    for (const auto& change : shelf.seat(agent).changes) {
      changes.push_back({{"version", change.version},
                         {"at_s", time_json(change.at)},
                         {"rollout", print_rollout(change.rollout)},
                         {"reason", change.reason}});
    }
    out["agents"].push_back({{"agent", name_of(agent)},
                             {"version", served.version},
                             {"rollout", print_rollout(served.rollout)},
                             {"models", std::move(models)},
                             {"changes", std::move(changes)}});
  }
  return out;
}

}  // namespace bandstand::serving
