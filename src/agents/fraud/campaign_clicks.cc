// campaign_clicks: see the header.
#include "agents/fraud/campaign_clicks.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "base/check.h"
#include "base/rng.h"

namespace bandstand::agents::fraud {
namespace {

constexpr std::size_t kWays = 4;
constexpr double kLateS = 900, kUsualS = 6 * 3600;
constexpr double kPriorShown = 100;  // impressions that the click rate of all counts for, before a campaign has its own
constexpr double kHandClicks = .5;   // of a victim's ads, by whoever is hired to click on them

}  // namespace

CampaignClicks::CampaignClicks(std::uint32_t campaigns) : campaigns_(campaigns) {
  BANDSTAND_CHECK(std::has_single_bit(campaigns) && campaigns >= kWays && campaigns <= 1u << 16);
}

std::uint16_t CampaignClicks::slot_of(base::CampaignId campaign) {
  const std::uint64_t key = base::mix64(campaign.value) | 1;
  const std::size_t set = base::mix64(key) & (campaigns_.size() - 1) & ~(kWays - 1);
  std::size_t least = set;
  for (std::size_t at = set; at < set + kWays; ++at) {
    if (campaigns_[at].key == key) return static_cast<std::uint16_t>(at);
    if (campaigns_[at].all_shown() < campaigns_[least].all_shown()) least = at;
  }
  campaigns_[least] = {};
  campaigns_[least].key = key;
  return static_cast<std::uint16_t>(least);
}

void CampaignClicks::fade(Campaign& one, std::int64_t now_s) const {
  const auto passed = static_cast<double>(now_s - one.faded_s);
  if (passed <= 0) return;
  const auto late = static_cast<float>(std::exp(-passed / kLateS));
  const auto usual = static_cast<float>(std::exp(-passed / kUsualS));
  // What was late becomes usual; what is in excess today is not to be usual tomorrow.
  one.usually_shown = one.usually_shown * usual + one.shown * (1 - late);
  one.usually_clicked = one.usually_clicked * usual + one.clicked * (1 - late) * (1 - one.excess);
  one.shown *= late;
  one.clicked *= late;
  one.faded_s = now_s;
}

void CampaignClicks::judge(Campaign& one, double click_rate) const {
  const double usual = std::clamp((static_cast<double>(one.usually_clicked) + kPriorShown * click_rate) /
                                      (static_cast<double>(one.usually_shown) + kPriorShown),
                                  1e-4, .4);
  const double expected = usual * static_cast<double>(one.shown), clicked = static_cast<double>(one.clicked);
  const double beyond = clicked - expected - std::sqrt(expected) - .5;
  const double excess = beyond <= 0 ? 0 : beyond / clicked;
  const double more = excess * (kHandClicks - usual);
  one.excess = static_cast<float>(excess);
  one.of_click = static_cast<float>(std::log1p(more / usual));
  one.of_none = static_cast<float>(std::log1p(-more / (1 - usual)));
}

void CampaignClicks::add(std::uint16_t slot, bool click, std::int64_t now_s, double click_rate) {
  Campaign& one = campaigns_[slot];
  fade(one, now_s);
  (click ? one.clicked : one.shown) += 1;
  judge(one, click_rate);
}

void CampaignClicks::fade(std::int64_t now_s, double click_rate) {
  for (Campaign& one : campaigns_) {
    if (one.key == 0) continue;
    fade(one, now_s);
    judge(one, click_rate);
  }
}

void CampaignsSeen::add(std::uint16_t slot, bool click) {
  One* place = nullptr;
  for (One& one : of) {
    if (one.slot == slot && one.shown + one.clicked > 0) {
      place = &one;
      break;
    }
    if (one.clicked == 0 && (place == nullptr || one.shown < place->shown)) place = &one;
  }
  if (place == nullptr) return;
  if (place->slot != slot) *place = {slot, 0, 0};
  auto& count = click ? place->clicked : place->shown;
  if (count < 255) ++count;
}

void CampaignsSeen::halve() {
  for (One& one : of) {
    one.shown /= 2;
    one.clicked /= 2;
  }
}

float CampaignsSeen::evidence(const CampaignClicks& campaigns) const {
  float sum = 0;
  for (const One& one : of) {
    if (one.shown + one.clicked > 0) sum += campaigns.evidence(one.slot, one.shown, one.clicked);
  }
  return sum;
}

}  // namespace bandstand::agents::fraud
