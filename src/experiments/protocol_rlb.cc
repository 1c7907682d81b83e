// protocol_rlb: budgets times policies.
#include "experiments/protocol_rlb.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "base/words.h"
#include "experiments/bidding_policies.h"

namespace bandstand::experiments {
namespace {

constexpr double kTableBytesMax = 4e9;
constexpr std::int64_t kHeadStartEpisodes = 10;

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  for (;;) {
    const std::size_t comma = text.find(',', begin);
    parts.push_back(text.substr(begin, comma - begin));
    if (comma == std::string::npos) return parts;
    begin = comma + 1;
  }
}

std::optional<double> read_positive(std::string_view text) {
  double value = 0;
  if (!base::read_number(text, value) || !(value > 0) || !std::isfinite(value)) return {};
  return value;
}

double lin_b0(const RlbProtocol& protocol, double share, const agents::bid::Landscape& law,
              double cost_per_auction) {
  for (const auto& [tuned_share, b0] : protocol.lin_b0) {
    if (std::abs(tuned_share / share - 1) < 1e-9) return b0;
  }
  return static_cast<double>(budget_bid(law, cost_per_auction));
}

}  // namespace

Loaded<std::vector<BudgetShare>> parse_budgets(const std::string& text) {
  std::vector<BudgetShare> budgets;
  for (const std::string& part : split(text)) {
    const std::size_t slash = part.find('/');
    const auto above = read_positive(std::string_view(part).substr(0, slash));
    const auto below = slash == std::string::npos ? std::optional(1.0)
                                                  : read_positive(std::string_view(part).substr(slash + 1));
    if (!above || !below) return problem("--budget: '" + part + "' is not a share such as 1/32 or 0.25");
    budgets.push_back({part, *above / *below});
  }
  return budgets;
}

Loaded<std::vector<std::string>> parse_policies(const std::string& text,
                                                const std::vector<std::string>& known) {
  if (text == "all") return known;
  std::vector<std::string> names = split(text);
  for (const std::string& name : names) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    std::string list;
    for (const std::string& each : known) list += " " + each;
    return problem("--policies: no policy '" + name + "'; there are:" + list);
  }
  return names;
}

const std::vector<std::string>& rlb_policy_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all = bidder_names();
    all.emplace_back("clairvoyant");
    return all;
  }();
  return names;
}

Loaded<std::vector<PolicyRun>> run_rlb_protocol(const CampaignInfo& info,
                                                std::span<const RecordedAuction> auctions,
                                                std::span<const BudgetShare> budgets,
                                                std::span<const std::string> policies,
                                                const RlbProtocol& protocol) {
  const std::vector<double> mass = info.price_law();
  const agents::bid::Landscape law(agents::bid::PriceGrid::linear(1, kPriceMax + 1), mass);
  const auto is_table_policy = [](const std::string& name) { return name == "rlb" || name == "ss_mdp"; };
  std::vector<PolicyRun> runs;
  for (const BudgetShare& budget : budgets) {
    // In this order of operations, as the published program has it; another gives a budget that is smaller by
    // one.
    const double cost_mean = static_cast<double>(info.cost) / static_cast<double>(info.impressions);
    const auto amount =
        static_cast<std::int64_t>(cost_mean * budget.share * static_cast<double>(protocol.episode));
    const double rate = static_cast<double>(amount) / static_cast<double>(protocol.episode);
    const std::vector<EpisodeResult> optimum = replay_clairvoyant(auctions, protocol.episode, amount);

    std::optional<RlbTable> table;
    if (std::any_of(policies.begin(), policies.end(), is_table_policy)) {
      const double bytes = 8.0 * static_cast<double>(protocol.episode) * static_cast<double>(amount + 1);
      if (bytes > kTableBytesMax) {
        return problem("--policies: the table of rlb and ss_mdp would need " +
                       std::to_string(static_cast<std::int64_t>(bytes / 1e9)) + " GB at budget " +
                       budget.label + "; leave them out or shorten --episode");
      }
      table.emplace(mass, info.theta_mean(), static_cast<int>(protocol.episode), static_cast<int>(amount));
    }
    const auto head = static_cast<std::size_t>(kHeadStartEpisodes * protocol.episode);
    const PolicySetup setup{.info = &info,
                            .law = &law,
                            .budget = amount,
                            .auctions = protocol.episode,
                            .lin_b0 = lin_b0(protocol, budget.share, law, rate),
                            .rlb = table ? &*table : nullptr,
                            .head_start = auctions.first(std::min(head, auctions.size())),
                            .seed = protocol.seed};
    for (const std::string& policy : policies) {
      PolicyRun run{.policy = policy, .budget = budget, .lin_b0 = setup.lin_b0, .episodes = {}, .optimum = optimum};
      if (policy == "clairvoyant") {
        run.episodes = optimum;
      } else {
        const auto bidder = make_bidder(policy, setup);
        const base::MonoTime start = protocol.clock != nullptr ? protocol.clock->mono() : base::MonoTime{};
        run.episodes = replay_episodes(auctions, protocol.episode, amount, protocol.ties, *bidder);
        const base::MonoTime end = protocol.clock != nullptr ? protocol.clock->mono() : base::MonoTime{};
        run.ns = static_cast<double>((end - start).count()) / static_cast<double>(auctions.size());
      }
      runs.push_back(std::move(run));
    }
  }
  return runs;
}

}  // namespace bandstand::experiments
