// campaign_clicks: whose ads are clicked on more than is usual for them, and what a click there says of who made it.
//
// A click drain empties a rival's budget: hired hands click on the ads of a few campaigns, each so seldom that its own click rate
// says nothing. Together they raise the campaigns' rates; from these follows what each click is worth as evidence.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/ids.h"

namespace bandstand::agents::fraud {

/// Impressions and clicks of campaigns, lately and usually. Fixed memory: 48 bytes a campaign; in a set of four the one shown
/// least makes room. Slow loop, one owner.
class CampaignClicks {
 public:
  /// `campaigns`: a power of two, 4 to 65,536.
  explicit CampaignClicks(std::uint32_t campaigns);

  /// Where the campaign is kept, until it makes room for another.
  [[nodiscard]] std::uint16_t slot_of(base::CampaignId campaign);
  /// An impression or a click; `click_rate` is usual of all campaigns.
  void add(std::uint16_t slot, bool click, std::int64_t now_s, double click_rate);
  /// Lets time pass for all. About 50 ns for each campaign kept.
  void fade(std::int64_t now_s, double click_rate);

  /// The part of its late clicks that is beyond the usual by more than chance: 0 to 1.
  [[nodiscard]] float excess(std::uint16_t slot) const { return campaigns_[slot].excess; }
  /// ln P(seen | a hand hired against campaigns clicked on too much) / P(seen | a person), for so many of its impressions.
  [[nodiscard]] float evidence(std::uint16_t slot, float shown, float clicked) const {
    const Campaign& one = campaigns_[slot];
    return clicked * one.of_click + (shown > clicked ? (shown - clicked) * one.of_none : 0);
  }
  [[nodiscard]] std::size_t bytes() const { return campaigns_.size() * sizeof(Campaign); }

 private:
  struct Campaign {
    std::uint64_t key = 0;
    std::int64_t faded_s = 0;
    float shown = 0, clicked = 0;                  ///< of the last quarter of an hour, fading
    float usually_shown = 0, usually_clicked = 0;  ///< of six hours before, fading; clicks in excess left out
    float excess = 0, of_click = 0, of_none = 0;
    [[nodiscard]] float all_shown() const { return shown + usually_shown; }
  };
  void fade(Campaign& one, std::int64_t now_s) const;
  void judge(Campaign& one, double click_rate) const;

  std::vector<Campaign> campaigns_;
};

/// The campaigns of which a party has been shown or has clicked most: four at a time, those clicked on kept longest.
struct CampaignsSeen {
  struct One {
    std::uint16_t slot = 0;
    std::uint8_t shown = 0, clicked = 0;
  };
  std::array<One, 4> of{};

  void add(std::uint16_t slot, bool click);
  void halve();
  [[nodiscard]] float evidence(const CampaignClicks& campaigns) const;
};

}  // namespace bandstand::agents::fraud
