// fraud_world: a local Bandstand, the world around it, and a wire tap between them that knows the truth.
#include "app/fraud_world.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <limits>

#include "agents/creative/response_model.h"
#include "app/serve.h"
#include "app/simulate.h"
#include "app/wiring.h"
#include "base/check.h"
#include "simulation/demo_catalogue.h"
#include "simulation/local_bandstand.h"

namespace bandstand::app {
namespace {

using agents::fraud::Reason;
using agents::fraud::Verdict;
using simulation::AttackKind;

constexpr std::string_view kPolicies[] = {"none", "rules", "score", "learned", "oracle"};
constexpr std::size_t kWindow = 50;
constexpr double kDetected = .9;

std::shared_ptr<const agents::fraud::FraudLists> lists_of_the_world() {
  auto lists = std::make_shared<agents::fraud::FraudLists>();
  lists->crawlers = agents::fraud::CrawlerList::compile(agents::fraud::default_crawler_patterns());
  agents::fraud::AddressListsBuilder builder;
  builder.add_reserved();
  for (const auto& prefix : simulation::data_centre_prefixes()) {
    const agents::fraud::Ipv4 first = std::uint32_t{prefix[0]} << 24 | std::uint32_t{prefix[1]} << 16;
    builder.add(agents::fraud::Block<agents::fraud::Ipv4>{first, first | 0xFFFF},
                agents::fraud::AddressLabel::data_center);
  }
  lists->addresses = builder.build();
  return lists;
}

/// What the tap tells the agent, and hears from it.
struct Wire {
  bool fraud = false;
  agents::fraud::FraudAnswer answer;
  agents::fraud::FraudFeatures features{};
  float probability = 0;
};

/// Stands before the fraud agent: knows nothing, all, or what the agent knows.
class Tapped final : public agents::fraud::FraudAgent {
 public:
  Tapped(std::unique_ptr<FraudAgent> inner, FraudPolicy policy, Wire& wire)
      : inner_(std::move(inner)),
        watching_(dynamic_cast<agents::fraud::FraudLearned*>(inner_.get())),
        policy_(policy),
        wire_(wire) {}

  base::Result<domain::Decided<agents::fraud::FraudAnswer>> decide(const agents::fraud::FraudInput& input,
                                                                   agents::AgentContext& context) override {
    auto out = inner_->decide(input, context);
    if (!out) return out;
    if (policy_ == FraudPolicy::none) out->value = {};
    if (policy_ == FraudPolicy::oracle)
      out->value = {wire_.fraud ? Verdict::invalid : Verdict::valid, Reason::none, 0};
    wire_.answer = out->value;
    if (watching_ != nullptr) {
      wire_.features = watching_->last_features();
      wire_.probability = watching_->last_probability();
    }
    return out;
  }

 private:
  std::unique_ptr<FraudAgent> inner_;
  agents::fraud::FraudLearned* watching_;
  FraudPolicy policy_;
  Wire& wire_;
};

class TappedTeam final : public serving::ShardTeam {
 public:
  TappedTeam(std::unique_ptr<ShardTeam> inner, FraudPolicy policy, Wire& wire) : inner_(std::move(inner)) {
    auto& seat = inner_->team().fraud.baseline;
    seat = std::make_unique<Tapped>(std::move(seat), policy, wire);
  }
  orchestrator::Team& team() override { return inner_->team(); }
  void adopt(const serving::Published& published) override { inner_->adopt(published); }

 private:
  std::unique_ptr<ShardTeam> inner_;
};

/// From when on nine of the next 50 in ten were refused, for the first time: what happened before is what got through.
class Detection {
 public:
  void saw(double at_s, bool refused) {
    if (first_s_ < 0) first_s_ = at_s;
    last_.emplace_back(at_s, refused);
    refused_ += refused ? 1 : 0;
    if (last_.size() > kWindow) {
      refused_ -= last_.front().second ? 1 : 0;
      last_.pop_front();
    }
    if (detected_s_ < 0 && last_.size() == kWindow && static_cast<double>(refused_) >= kDetected * kWindow)
      detected_s_ = last_.front().first;
  }
  [[nodiscard]] double after_s() const {
    return detected_s_ < 0 ? std::numeric_limits<double>::infinity() : detected_s_ - first_s_;
  }
  [[nodiscard]] double at_s() const {
    return detected_s_ < 0 ? std::numeric_limits<double>::infinity() : detected_s_;
  }

 private:
  std::deque<std::pair<double, bool>> last_;  // when, and whether it was refused
  std::size_t refused_ = 0;
  double first_s_ = -1, detected_s_ = -1;
};

/// Between the world and Bandstand: writes down the truth beside the answer.
class Tap final : public simulation::Transport {
 public:
  Tap(simulation::LocalBandstand& local, const FraudWorldOptions& options, base::WallTime start, Wire& wire,
      FraudWorldResult& result)
      : local_(local), options_(options), start_(start), wire_(wire), result_(result) {}

  void advance_to(base::WallTime now) override { local_.advance_to(now); }

  bool bid(const simulation::BidCall& call, simulation::AnswerHandler& handler) override {
    wire_ = {};
    wire_.fraud = call.attack != 0;
    const bool taken = local_.bid(call, handler);
    const bool refused =
        wire_.answer.verdict == Verdict::invalid || wire_.answer.verdict == Verdict::suspicious;
    count(call, refused);
    const double at_s = seconds(call.due);
    if (!call.listed && at_s >= options_.attack_at_s)
      scored.emplace_back(wire_.probability, call.attack != 0);
    if (options_.rows && !call.listed && at_s >= 60)
      result_.rows.push_back({wire_.features, static_cast<AttackKind>(call.attack)});
    return taken;
  }

  bool get(const simulation::GetCall& call, simulation::AnswerHandler& handler) override {
    if (call.address.empty()) return local_.get(call, handler);
    const std::uint64_t before = local_.control().totals().suspicious;
    const bool taken = local_.get(call, handler);
    local_.look_around();
    const bool marked = local_.control().totals().suspicious > before;
    if (call.attack == 0) {
      ++result_.valid_events;
      result_.valid_events_marked += marked ? 1 : 0;
    } else {
      ++result_.attacks[call.attack].events;
      result_.attacks[call.attack].events_marked += marked ? 1 : 0;
    }
    return taken;
  }

  [[nodiscard]] double seconds(base::WallTime at) const {
    return static_cast<double>((at - start_).count()) * 1e-9;
  }

  std::array<Detection, simulation::kAttackKinds> detection;
  std::vector<std::pair<float, bool>> scored;

 private:
  void count(const simulation::BidCall& call, bool refused) {
    if (call.attack == 0) {
      ++result_.valid;
      if (!refused) return;
      ++result_.valid_refused;
      ++result_.valid_refused_by[static_cast<std::size_t>(wire_.answer.reason)];
      return;
    }
    AttackResult& attack = result_.attacks[call.attack];
    if (call.listed) {
      ++attack.listed;
      attack.listed_refused += refused ? 1 : 0;
      return;
    }
    ++attack.requests;
    attack.refused += refused ? 1 : 0;
    detection[call.attack].saw(seconds(call.due), refused);
  }

  simulation::LocalBandstand& local_;
  const FraudWorldOptions& options_;
  base::WallTime start_;
  Wire& wire_;
  FraudWorldResult& result_;
};

serving::ServingSettings settings_of(const FraudWorldOptions& options) {
  serving::ServingSettings settings = demo_settings(options.seconds);
  settings.publish_every = std::chrono::seconds(30);  // models are large and the traffic is thin
  settings.users_max = 1u << 15;
  settings.rates.width = 1u << 12;
  settings.decision_ring_bytes = 1u << 20;
  settings.recent_decisions = 16;
  settings.log_sample_no_bid = 1'000;
  settings.watch.enabled =
      options.policy == FraudPolicy::score || options.policy == FraudPolicy::learned || options.rows;
  settings.watch.blocks = options.policy == FraudPolicy::score;
  settings.watch.parties = 1u << 16;
  settings.watch.bids = 1u << 15;
  if (options.policy == FraudPolicy::learned) settings.watch.model = options.model;
  return settings;
}

simulation::WorldOptions world_of(const FraudWorldOptions& options) {
  simulation::WorldOptions world = demo_world(options.seed, options.seconds, options.requests_per_second);
  world.traffic.day_night_ratio = 2;
  world.population.crawler_share = world.population.click_bot_share = 0;
  world.population.carrier_share = .15;
  for (const AttackKind kind : options.attacks) {
    simulation::AttackOptions attack;
    attack.kind = kind;
    attack.intensity = options.intensity;
    attack.from = base::Duration{std::llround(options.attack_at_s * 1e9)};
    world.attacks.push_back(attack);
  }
  return world;
}

double units(base::Nanos nanos) { return static_cast<double>(nanos.value) * 1e-9; }

void read_results(simulation::LocalBandstand& local, simulation::World& world, Tap& tap,
                  FraudWorldResult& result) {
  const auto& control = local.control();
  for (const auto& campaign : control.catalogue().campaigns) result.budget += units(campaign.budget);
  result.reward = units(control.totals().reward);
  result.imbalance = control.imbalance();
  result.differences = compare_books(control.journal().ledger(), world.account()).size();
  result.watch_bytes = control.traffic_watch().bytes();
  for (const auto& item : control.catalogue().line_items)
    result.click_rates.push_back(
        agents::creative::sigmoid(control.response_model().line_item(item.id.value).intercept));
  const auto& report = world.report();
  result.human_rate =
      report.click_probability / static_cast<double>(std::max<std::uint64_t>(1, report.human_impressions));
  result.auc = area_under_curve(tap.scored);
  for (std::size_t kind = 0; kind < simulation::kAttackKinds; ++kind)
    result.attacks[kind].detected_s = tap.detection[kind].after_s();
  for (const auto& bill : report.attack_bills) {
    const auto kind = static_cast<std::size_t>(bill.kind);
    result.attacks[kind].spend += units(bill.amount);
    if (tap.seconds(bill.at) <= tap.detection[kind].at_s())
      result.attacks[kind].spend_before += units(bill.amount);
  }
}

}  // namespace

std::string_view name_of(FraudPolicy policy) noexcept { return kPolicies[static_cast<std::size_t>(policy)]; }

std::optional<FraudPolicy> fraud_policy_named(std::string_view name) noexcept {
  for (std::size_t i = 0; i < std::size(kPolicies); ++i) {
    if (kPolicies[i] == name) return static_cast<FraudPolicy>(i);
  }
  return std::nullopt;
}

double area_under_curve(std::vector<std::pair<float, bool>>& scored) {
  std::sort(scored.begin(), scored.end());
  double ranks = 0, positives = 0;
  for (std::size_t i = 0; i < scored.size();) {
    std::size_t end = i;
    double here = 0;
    while (end < scored.size() && scored[end].first == scored[i].first) here += scored[end++].second ? 1 : 0;
    ranks += here * (static_cast<double>(i + end + 1) / 2);
    positives += here;
    i = end;
  }
  const double negatives = static_cast<double>(scored.size()) - positives;
  return positives == 0 || negatives == 0
             ? .5
             : (ranks - positives * (positives + 1) / 2) / (positives * negatives);
}

FraudWorldResult run_fraud_world(const FraudWorldOptions& options) {
  const serving::ServingSettings settings = settings_of(options);
  const simulation::WorldOptions world_options = world_of(options);
  simulation::DemoCatalogueOptions demo;
  demo.seed = options.seed;
  demo.requests_per_second = options.requests_per_second;
  demo.seconds = options.seconds;
  const serving::LoadedCatalogue loaded =
      parse_catalogue(simulation::demo_catalogue_json(demo), "(sample catalogue)", settings);
  BANDSTAND_CHECK(loaded.catalogue != nullptr);
  TeamNames names;
  names.fraud_lists = lists_of_the_world();
  if (settings.watch.enabled) names.fraud = options.policy == FraudPolicy::learned ? "learned" : "score";
  Wire wire;
  simulation::LocalBandstand local(
      settings,
      [&](const serving::ServingSettings& s) {
        return std::make_unique<TappedTeam>(make_team(s, names), options.policy, wire);
      },
      loaded.catalogue, loaded.text, world_options.start, std::chrono::milliseconds(250));
  simulation::World world(world_options, loaded.catalogue);
  FraudWorldResult result;
  Tap tap(local, options, world_options.start, wire, result);
  const base::WallTime end = world_options.start + base::Duration{std::llround(options.seconds * 1e9)};
  world.run_until(end, tap);
  world.stop_traffic();
  for (int i = 1; i <= 600 && !world.settled(); ++i) world.run_until(end + std::chrono::seconds(i), tap);
  local.settle();
  read_results(local, world, tap, result);
  return result;
}

}  // namespace bandstand::app
