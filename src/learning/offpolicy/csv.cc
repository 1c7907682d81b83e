// csv: the header says what is known; rows fill the columns.
#include "learning/offpolicy/csv.h"

#include <cmath>
#include <unordered_map>

#include "base/result.h"
#include "base/spelling.h"

namespace bandstand::learning {
namespace {

constexpr double kMax = 1e100;  // squares of weighted rewards stay finite
constexpr double kPropensityMin = 1e-12;
constexpr double kSumTolerance = 1e-3;  // probabilities are often printed with few digits
constexpr std::size_t kActionsMax = 100'000;

/// Where the columns of one policy are.
struct PolicyPlaces {
  std::optional<std::size_t> logged = {};
  std::optional<std::size_t> bid = {};
  std::vector<std::size_t> distribution = {};  ///< one an action, in the order of the target's columns

  [[nodiscard]] bool empty() const { return !logged && !bid && distribution.empty(); }
};

struct Places {
  std::size_t action = 0, propensity = 0, reward = 0;
  std::vector<std::size_t> context = {};
  PolicyPlaces target = {};
  PolicyPlaces incumbent = {};
};

std::string_view after_colon(std::string_view name) { return name.substr(name.find(':') + 1); }

Loaded<bool> place_column(const CsvRows& rows, std::size_t column, Places& out) {
  const std::string& name = rows.header()[column];
  for (const auto& [policy, places] : {std::pair<std::string, PolicyPlaces*>{"target", &out.target},
                                       std::pair<std::string, PolicyPlaces*>{"incumbent", &out.incumbent}}) {
    if (name == policy) places->logged = column;
    if (name == policy + "_bid") places->bid = column;
    if (name.starts_with(policy + ":")) places->distribution.push_back(column);
    if (name == policy || name == policy + "_bid" || name.starts_with(policy + ":")) return true;
  }
  if (name.starts_with("x:")) {
    out.context.push_back(column);
    return true;
  }
  const std::vector<std::string> known{"action",    "propensity", "reward",       "target",
                                       "incumbent", "target_bid", "incumbent_bid"};
  if (name == known[0] || name == known[1] || name == known[2]) return true;
  const std::string meant = base::nearest(name, known);
  return problem(rows.place() + "column " + std::to_string(column + 1) + ": '" + name +
                 "' is no column of this format" +
                 (meant.empty() ? "; features are called x:NAME" : "; did you mean '" + meant + "'?"));
}

/// The two policies have to be known in the same way.
Loaded<bool> check_policies(const CsvRows& rows, Places& places) {
  const PolicyPlaces& target = places.target;
  const int forms = (target.logged ? 1 : 0) + (target.bid ? 1 : 0) + (target.distribution.empty() ? 0 : 1);
  if (forms != 1) {
    return problem(rows.place() +
                   "the policy has to be given in one form: a column 'target', or one 'target:ACTION' for "
                   "each action, or "
                   "'target_bid'");
  }
  PolicyPlaces& incumbent = places.incumbent;
  if (incumbent.empty()) return true;
  std::vector<std::size_t> ordered;
  for (const std::size_t column : target.distribution) {
    const auto same = rows.find("incumbent:" + std::string(after_colon(rows.header()[column])));
    if (same) ordered.push_back(*same);
  }
  if (incumbent.logged.has_value() != target.logged.has_value() ||
      incumbent.bid.has_value() != target.bid.has_value() || ordered.size() != target.distribution.size() ||
      ordered.size() != incumbent.distribution.size()) {
    return problem(rows.place() +
                   "the incumbent has to be given in the form of the target, with the same actions");
  }
  incumbent.distribution = ordered;
  return true;
}

Loaded<Places> find_places(const CsvRows& rows) {
  Places out;
  for (std::size_t column = 0; column < rows.header().size(); ++column) {
    if (const auto placed = place_column(rows, column, out); !placed) return problem(placed.error());
  }
  for (const auto& [name, to] : {std::pair{"action", &out.action}, std::pair{"propensity", &out.propensity},
                                 std::pair{"reward", &out.reward}}) {
    const auto column = rows.need(name);
    if (!column) return problem(column.error());
    *to = *column;
  }
  if (const auto checked = check_policies(rows, out); !checked) return problem(checked.error());
  return out;
}

/// Fills a PolicyLog row by row.
class Filler {
 public:
  Filler(const CsvRows& rows, const Places& places, PolicyLog& log) : places_(places), log_(log) {
    log_.rounds.features = places.context.size();
    if (!places.incumbent.empty() && !log_.incumbent) log_.incumbent.emplace();
    for (const std::size_t column : places.target.distribution)
      names_.emplace(after_colon(rows.header()[column]), static_cast<std::uint32_t>(names_.size()));
    names_are_known_ = !names_.empty();
  }

  Loaded<bool> take(const CsvRows& rows) {
    const bool numbers = places_.target.bid.has_value();
    const auto propensity = rows.number(places_.propensity, 0, numbers ? kMax : 1);
    if (!propensity) return problem(propensity.error());
    if (*propensity < kPropensityMin) {
      return problem(rows.fault(places_.propensity,
                                "above 0 (1e-12 at least): what was done cannot have been impossible"));
    }
    const auto reward = rows.number(places_.reward, -kMax, kMax);
    if (!reward) return problem(reward.error());
    if (const auto taken = take_action(rows, numbers); !taken) return taken;
    log_.rounds.propensity.push_back(*propensity);
    log_.rounds.reward.push_back(*reward);
    for (const std::size_t column : places_.context) {
      const auto x = rows.number(column, -kMax, kMax);
      if (!x) return problem(x.error());
      log_.rounds.context.push_back(*x);
    }
    if (const auto taken = take_policy(rows, places_.target, log_.target); !taken) return taken;
    if (log_.incumbent) return take_policy(rows, places_.incumbent, *log_.incumbent);
    return true;
  }

  [[nodiscard]] std::size_t actions() const { return names_.size(); }

 private:
  Loaded<bool> take_action(const CsvRows& rows, bool is_number) {
    if (is_number) {
      const auto bid = rows.number(places_.action, -kMax, kMax);
      if (!bid) return problem(bid.error());
      log_.rounds.bid.push_back(*bid);
      return true;
    }
    const std::string name(rows.field(places_.action));
    if (names_are_known_ && !names_.contains(name))
      return problem(rows.fault(places_.action, "an action with a column 'target:...'"));
    const auto [found, is_new] = names_.emplace(name, static_cast<std::uint32_t>(names_.size()));
    if (names_.size() > kActionsMax)
      return problem(rows.fault(places_.action, "one of the first 100000 actions: a bid needs 'target_bid'"));
    log_.rounds.action.push_back(found->second);
    return true;
  }

  Loaded<bool> take_policy(const CsvRows& rows, const PolicyPlaces& places, PolicyColumns& out) {
    if (places.bid) {
      const auto bid = rows.number(*places.bid, -kMax, kMax);
      if (!bid) return problem(bid.error());
      out.bid.push_back(*bid);
      return true;
    }
    if (places.logged) {
      const auto p = rows.number(*places.logged, 0, 1);
      if (!p) return problem(p.error());
      out.logged.push_back(*p);
      return true;
    }
    double sum = 0;
    for (const std::size_t column : places.distribution) {
      const auto p = rows.number(column, 0, 1);
      if (!p) return problem(p.error());
      out.distribution.push_back(*p);
      sum += *p;
    }
    if (std::abs(sum - 1) > kSumTolerance) {
      return problem(rows.place() + "columns '" + rows.header()[places.distribution.front()] +
                     "' and on: probabilities add up to " + std::to_string(sum) + ", not 1");
    }
    out.logged.push_back(
        out.distribution[out.distribution.size() - places.distribution.size() + log_.rounds.action.back()]);
    return true;
  }

  const Places& places_;
  PolicyLog& log_;
  std::unordered_map<std::string, std::uint32_t> names_;
  bool names_are_known_ = false;
};

}  // namespace

Loaded<PolicyLog> load_policy_csv(std::span<const std::string> paths) {
  PolicyLog out;
  std::optional<Places> places;
  std::optional<Filler> filler;
  std::vector<std::string> header;
  for (const std::string& path : paths) {
    auto rows = CsvRows::open(path);
    if (!rows) return problem(rows.error());
    if (!places) {
      auto found = find_places(*rows);
      if (!found) return problem(found.error());
      places = std::move(*found);
      header = rows->header();
      filler.emplace(*rows, *places, out);
    } else if (rows->header() != header) {
      return problem(rows->place() + "the header differs from that of " + paths.front());
    }
    for (;;) {
      const auto more = rows->next();
      if (!more) return problem(more.error());
      if (!*more) break;
      if (const auto taken = filler->take(*rows); !taken) return problem(taken.error());
    }
  }
  if (out.rounds.size() == 0)
    return problem((paths.empty() ? std::string("no file") : paths.front()) + ": no rounds in it");
  if (!places->target.bid) out.rounds.actions = filler->actions();
  return out;
}

}  // namespace bandstand::learning
