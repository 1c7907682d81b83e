// creative_world: the standard creative world: known click rates, so that regret against the clairvoyant can be measured.
//
// One line item, 10 creatives, each with a headline (of 5), an image (of 4) and a colour (of 3). Users have one of 8 topics and
// one of 2 devices. The logit of a click is
//   base + headline (sd 0.20) + image (sd 0.20) + colour (sd 0.10) + own (sd 0.15) + topic x headline (sd 0.20) + device (0.2)
// so that choosing at random loses about a third of the clicks, as in Chapelle and Li (2011, table 2: 31.95 %). Responses are
// known `delay` impressions later; a model is published every `publish_every`.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

#include "agents/creative/creative_rules.h"
#include "agents/creative/creative_tracker.h"
#include "domain/topic.h"

namespace bandstand::agents::creative {

struct WorldOptions {
  double base_rate = 0.05;
  double effect = 1.0;        ///< scales the effects of headline, image, colour and self
  double suits = 0.10;        ///< sd of topic x headline
  int impressions = 50'000;
  int delay = 1000;
  int publish_every = 500;
};

struct WorldResult {
  double regret = 0;       ///< 1 - expected clicks / clairvoyant's
  double calibration = 0;  ///< predicted / expected clicks of what was shown, second half
};

/// What became of a creative of line item 1, whose ids count from 1, that was shown and won.
inline domain::Outcome outcome_of(const ResponseContext& response, std::uint32_t creative, bool clicked) {
  domain::Outcome outcome;
  outcome.kind = domain::Outcome::Kind::response;
  outcome.won = true;
  outcome.clicked = clicked;
  outcome.facts.line_item = {1};
  outcome.facts.creative = {creative + 1};
  outcome.facts.device = static_cast<std::uint8_t>(response.auction.device.type);
  outcome.facts.placement = domain::topic_of(response.impression.tag_id);
  outcome.facts.user_topic = response.user_topic;
  outcome.facts.user_topic_weight = response.user_topic_weight;
  return outcome;
}

/// A world is played once: its traffic goes on where it was.
class CreativeWorld {
 public:
  static constexpr std::uint32_t kCreatives = 10;
  static constexpr int kHeadlines = 5, kImages = 4, kColours = 3, kTopics = 8;

  struct Moment {
    ResponseContext response;
    std::uint32_t topic = 0;  ///< 0..kTopics-1
    bool phone = false;
  };
  struct Shown {
    std::uint32_t creative = 0;
    double click_rate = 0;  ///< predicted; 0 where the policy predicts nothing
  };

  CreativeWorld(std::uint64_t seed, WorldOptions options) : options_(options), rng_(seed) {
    auto catalogue = std::make_shared<domain::Catalogue>();
    catalogue->advertisers.emplace_back();
    catalogue->campaigns.emplace_back();
    domain::LineItem item;
    item.id = {1};
    const auto draw = [&](int count, double sd) {
      std::vector<double> effects(static_cast<std::size_t>(count));
      for (double& effect : effects) effect = sd * rng_.normal();
      return effects;
    };
    const auto headline = draw(kHeadlines, 0.25 * options.effect);
    const auto image = draw(kImages, 0.20 * options.effect);
    const auto colour = draw(kColours, 0.10 * options.effect);
    const auto suits = draw(kTopics * kHeadlines, options.suits);
    const double base = std::log(options.base_rate / (1 - options.base_rate));
    for (std::uint32_t c = 0; c < kCreatives; ++c) {
      const std::size_t h = rng_.below(kHeadlines);
      const std::size_t i = rng_.below(kImages);
      const std::size_t k = rng_.below(kColours);
      domain::Creative creative;
      creative.id = {c + 1};
      creative.size = {300, 250};
      creative.features = {"headline=" + std::to_string(h), "image=" + std::to_string(i), "colour=" + std::to_string(k)};
      catalogue->creative_index[c + 1] = c;
      catalogue->creatives.push_back(creative);
      item.creatives.push_back(c);
      const double own = base + headline[h] + image[i] + colour[k] + 0.15 * options.effect * rng_.normal();
      for (std::size_t t = 0; t < kTopics; ++t) logits_.push_back(own + suits[t * kHeadlines + h]);
    }
    catalogue->line_items.push_back(item);
    catalogue_ = catalogue;
  }

  /// The production code, rules on the fast side and tracker on the slow one.
  WorldResult run(const CreativeRules::Options& policy) {
    CreativeRules rules(domain::PolicyId{1}, policy);
    CreativeTracker tracker({});
    tracker.adopt(catalogue_);
    base::Arena arena;
    return play(
        [&](const Moment& moment, base::Rng& chance) {
          AgentContext context{.now = {}, .rng = chance, .arena = arena};
          const auto decided = rules.decide({moment.response, 0, catalogue_->line_items[0].creatives}, context).value();
          return Shown{decided.value.creative, static_cast<double>(decided.value.click_rate)};
        },
        [&](const Moment& moment, const Shown& shown, bool clicked) {
          return outcome_of(moment.response, shown.creative, clicked);
        },
        [&](const domain::Outcome& outcome) { tracker.observe(outcome); },
        [&] { rules.adopt(std::make_shared<const ResponseBoard>(catalogue_, tracker.publish())); });
  }

  /// Any policy on the same traffic. `choose(moment, chance)` gives a Shown; what `remember(moment, shown, clicked)` gives comes
  /// back to `learn` so many impressions later; `publish()` comes before the first and then every `publish_every`.
  template <class Choose, class Remember, class Learn, class Publish>
  WorldResult play(const Choose& choose, const Remember& remember, const Learn& learn, const Publish& publish) {
    std::deque<std::invoke_result_t<Remember, const Moment&, const Shown&, bool>> open;
    base::Rng traffic(rng_.next());
    double earned = 0, possible = 0, predicted = 0, expected = 0;
    for (int n = 0; n < options_.impressions; ++n) {
      if (n % options_.publish_every == 0) publish();
      const auto topic = static_cast<std::uint32_t>(traffic.below(kTopics));
      const bool phone = traffic.chance(0.6);
      domain::Auction auction;
      domain::Impression impression;
      auction.device.type = phone ? domain::DeviceType::phone : domain::DeviceType::pc;
      base::Rng chance(traffic.next());
      const Moment moment{{auction, impression, topic + 1000, 1.0f, 0}, topic, phone};
      const Shown shown = choose(moment, chance);
      const double rate = rate_of(shown.creative, topic, phone);
      earned += rate;
      possible += best_rate(topic, phone);
      if (n >= options_.impressions / 2) {
        predicted += shown.click_rate;
        expected += rate;
      }
      open.push_back(remember(moment, shown, traffic.chance(rate)));
      if (open.size() > static_cast<std::size_t>(options_.delay)) {
        learn(open.front());
        open.pop_front();
      }
    }
    return {1 - earned / possible, predicted / expected};
  }

  [[nodiscard]] const domain::Catalogue& catalogue() const { return *catalogue_; }

 private:
  [[nodiscard]] double rate_of(std::uint32_t creative, std::uint32_t topic, bool phone) const {
    const double logit = logits_[creative * kTopics + topic] + (phone ? 0.1 : -0.1);
    return 1 / (1 + std::exp(-logit));
  }
  [[nodiscard]] double best_rate(std::uint32_t topic, bool phone) const {
    double best = 0;
    for (std::uint32_t c = 0; c < kCreatives; ++c) best = std::max(best, rate_of(c, topic, phone));
    return best;
  }
  WorldOptions options_;
  base::Rng rng_;
  domain::CatalogueSnapshot catalogue_;
  std::vector<double> logits_;  ///< [creative][topic]
};

}  // namespace bandstand::agents::creative
