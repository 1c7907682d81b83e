// targeting_scan: the questions, one small function each.
#include "agents/targeting/targeting_scan.h"

#include <algorithm>
#include <string>
#include <unordered_map>

#include "agents/targeting/geo_point.h"
#include "domain/frequency.h"
#include "domain/hierarchy.h"
#include "domain/topic.h"

namespace bandstand::agents::targeting {
namespace {

using domain::Auction;
using domain::Creative;
using domain::Impression;
using domain::LineItem;
using domain::MediaType;
using domain::Refusal;
using domain::Targeting;

template <class List, class Value>
bool contains(const List& list, const Value& value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

template <class List, class Value>
bool admits(const List& list, const Value& value) {
  return list.empty() || contains(list, value);
}

/// Any of `seen` in `list`, by `same(seen, listed)`.
template <class Seen, class List, class Same>
bool meets(const Seen& seen, const List& list, Same same) {
  for (const auto& listed : list) {
    for (const auto& one : seen) {
      if (same(one, listed)) return true;
    }
  }
  return false;
}

bool same_folded(std::string_view a, std::string_view b) { return domain::equal_ignoring_case(a, b); }

bool approved(const Creative& creative) { return creative.approval == Creative::Approval::approved; }

/// Visits the approved creatives, or all if none is approved (another question then says no).
template <class Visit>
bool any_creative(const domain::Catalogue& catalogue, const LineItem& item, Visit visit) {
  const bool only_approved = std::any_of(item.creatives.begin(), item.creatives.end(),
                                         [&](std::uint32_t c) { return approved(catalogue.creatives[c]); });
  return std::any_of(item.creatives.begin(), item.creatives.end(), [&](std::uint32_t c) {
    const Creative& creative = catalogue.creatives[c];
    return (!only_approved || approved(creative)) && visit(creative);
  });
}

bool media_fits(const Creative& creative, const Impression& impression) {
  switch (creative.type) {
    case MediaType::banner:
      return impression.banner != nullptr;
    case MediaType::video:
      return impression.video != nullptr;
    case MediaType::audio:
      return impression.audio != nullptr;
    case MediaType::native:
      return impression.native != nullptr;
  }
  return false;
}

/// Only banners have a size to miss; a flexible format (h = 0) takes any banner at least as wide as it asks
/// for.
bool size_fits(const Creative& creative, const Impression& impression) {
  if (!media_fits(creative, impression)) return false;
  if (creative.type != MediaType::banner || impression.banner->sizes.empty()) return true;
  return std::any_of(
      impression.banner->sizes.begin(), impression.banner->sizes.end(),
      [&](domain::Size size) { return size.h == 0 ? creative.size.w >= size.w : creative.size == size; });
}

bool geo_fits(const Targeting& wanted, const TargetingInput& input) {
  const domain::Geo& geo = input.auction.device.geo;
  if (!admits(wanted.countries, geo.country) || contains(wanted.countries_not, geo.country)) return false;
  const RegionKey here = region_of(geo);
  const auto is_here = [&](const std::string& region) { return region_of(region) == here; };
  if (!wanted.regions.empty() && std::none_of(wanted.regions.begin(), wanted.regions.end(), is_here))
    return false;
  if (std::any_of(wanted.regions_not.begin(), wanted.regions_not.end(), is_here)) return false;
  const auto listed = [](const std::vector<std::string>& list, std::string_view seen) {
    return list.empty() ||
           std::any_of(list.begin(), list.end(), [&](const auto& one) { return same_folded(seen, one); });
  };
  if (!listed(wanted.cities, geo.city) || !listed(wanted.zips, geo.zip) || !listed(wanted.metros, geo.metro))
    return false;
  if (wanted.circles.empty()) return true;
  if (!geo.has_position || !is_place(geo.lat, geo.lon) || !input.consent.may_locate()) return false;
  const GeoPoint point(geo.lat, geo.lon);
  return std::any_of(wanted.circles.begin(), wanted.circles.end(), [&](const Targeting::Circle& circle) {
    return GeoCircle(circle.lat, circle.lon, circle.radius_km).contains(point);
  });
}

/// Domains and apps together say where: if either list allows something, the place must be in one of them.
bool place_fits(const Targeting& wanted, const Auction& auction) {
  const bool is_host = auction.domain.size() <= kHostBytesMax;
  const auto on_site = [&](const std::string& entry) {
    return is_host && domain::domain_within(auction.domain, entry);
  };
  const auto in_app = [&](const std::string& bundle) { return auction.bundle == bundle && !bundle.empty(); };
  if (std::any_of(wanted.domains_not.begin(), wanted.domains_not.end(), on_site)) return false;
  if (std::any_of(wanted.apps_not.begin(), wanted.apps_not.end(), in_app)) return false;
  if (wanted.domains.empty() && wanted.apps.empty()) return true;
  return std::any_of(wanted.domains.begin(), wanted.domains.end(), on_site) ||
         std::any_of(wanted.apps.begin(), wanted.apps.end(), in_app);
}

bool segments_fit(const Targeting& wanted, const TargetingInput& input) {
  if (wanted.segments.empty() && wanted.segments_not.empty()) return true;
  const auto seen = input.consent.may_personalise() ? input.segments : std::span<const std::uint32_t>{};
  const auto same = [](std::uint32_t topic, const std::string& segment) {
    return topic == domain::topic_of(segment);
  };
  if (meets(seen, wanted.segments_not, same)) return false;
  return wanted.segments.empty() || meets(seen, wanted.segments, same);
}

bool words_fit(const Targeting& wanted, const Auction& auction) {
  if (meets(auction.keywords, wanted.keywords_not, same_folded)) return false;
  if (!wanted.keywords.empty() && !meets(auction.keywords, wanted.keywords, same_folded)) return false;
  for (const auto& demand : wanted.key_values) {
    const bool met =
        std::any_of(wanted.key_values.begin(), wanted.key_values.end(), [&](const auto& alternative) {
          return same_folded(alternative.first, demand.first) &&
                 std::any_of(auction.key_values.begin(), auction.key_values.end(), [&](const auto& seen) {
                   return same_folded(seen.first, alternative.first) &&
                          same_folded(seen.second, alternative.second);
                 });
        });
    if (!met) return false;
  }
  return true;
}

bool placement_fits(const Targeting& wanted, const Impression& impression) {
  if (contains(wanted.placements_not, impression.tag_id)) return false;
  if (!admits(wanted.placements, impression.tag_id)) return false;
  if (!admits(wanted.positions, position_of(impression))) return false;
  if (wanted.rewarded_only && !impression.rewarded) return false;
  return wanted.interstitial_ok || !impression.interstitial;
}

/// Is `entry` a category of everything this line item could show?
bool always_in(const domain::Catalogue& catalogue, const LineItem& item, std::string_view entry) {
  const auto within = [&](const std::string& category) { return domain::category_within(category, entry); };
  const auto& of_advertiser = catalogue.advertiser_of(item).categories;
  if (std::any_of(of_advertiser.begin(), of_advertiser.end(), within)) return true;
  if (item.creatives.empty()) return false;
  return !any_creative(catalogue, item, [&](const Creative& creative) {
    return std::none_of(creative.categories.begin(), creative.categories.end(), within);
  });
}

bool sometimes_in(const domain::Catalogue& catalogue, const LineItem& item, std::string_view entry) {
  const auto within = [&](const std::string& category) { return domain::category_within(category, entry); };
  const auto& of_advertiser = catalogue.advertiser_of(item).categories;
  if (std::any_of(of_advertiser.begin(), of_advertiser.end(), within)) return true;
  return any_creative(catalogue, item, [&](const Creative& creative) {
    return std::any_of(creative.categories.begin(), creative.categories.end(), within);
  });
}

/// Both ways: what the line item wants or avoids of the page, and what the page blocks of the line item.
bool categories_fit(const domain::Catalogue& catalogue, const LineItem& item, const Auction& auction) {
  const Targeting& wanted = item.targeting;
  if (meets(auction.source_categories, wanted.categories_not, domain::category_within)) return false;
  if (!wanted.categories.empty() &&
      !meets(auction.source_categories, wanted.categories, domain::category_within)) {
    return false;
  }
  for (const std::string_view blocked : auction.blocked_categories) {
    if (auction.cattax != 1 && !domain::is_taxonomy_1(blocked))
      return false;  // cannot be compared: the page wins
    if (always_in(catalogue, item, blocked)) return false;
  }
  if (auction.categories_allowed.empty()) return true;
  return std::any_of(auction.categories_allowed.begin(), auction.categories_allowed.end(),
                     [&](std::string_view allowed) { return sometimes_in(catalogue, item, allowed); });
}

bool deal_fits(const ScanTables& tables, const TargetingInput& input, std::uint32_t line_item) {
  if (tables.catalogue->line_items[line_item].targeting.deals.empty())
    return !input.impression.private_auction;
  const auto deals = usable_deals(input.impression);
  return std::any_of(deals.begin(), deals.end(), [&](const domain::Deal& deal) {
    return may_use_deal(tables, input.auction, deal, line_item);
  });
}

bool caps_fit(const domain::Catalogue& catalogue, const LineItem& item, const TargetingInput& input,
              base::WallTime now) {
  if (input.user == nullptr) return true;
  const std::uint32_t now_s = domain::profile_seconds(now);
  return std::none_of(item.caps.begin(), item.caps.end(), [&](const domain::FrequencyCap& cap) {
    if (cap.level != domain::FrequencyCap::Level::creative) {
      return domain::is_capped(cap, domain::frequency_key(cap, catalogue, item), input.user, now_s);
    }
    // Out only when every creative has been seen often enough; which one is shown is not known yet.
    return !item.creatives.empty() &&
           std::all_of(item.creatives.begin(), item.creatives.end(), [&](std::uint32_t c) {
             return domain::is_capped(cap, domain::frequency_key(cap, catalogue, item, c), input.user, now_s);
           });
  });
}

bool is_open(std::span<const std::uint64_t> open, std::uint32_t line_item) {
  return line_item / 64 < open.size() && (open[line_item / 64] >> (line_item % 64) & 1) != 0;
}

bool in_flight(const domain::Catalogue& catalogue, const LineItem& item, base::WallTime now) {
  const domain::Campaign& campaign = catalogue.campaign_of(item);
  return item.active && campaign.active && campaign.start <= now &&
         (campaign.end.ns == 0 || now < campaign.end);
}

}  // namespace

ScanTables::ScanTables(domain::CatalogueSnapshot catalogue_in, TargetingOptions options_in)
    : catalogue(std::move(catalogue_in)),
      options(std::move(options_in)),
      order(rank_line_items(*catalogue, options)) {
  std::unordered_map<std::string, std::uint32_t> known;
  for (const domain::Campaign& campaign : catalogue->campaigns) {
    const auto [at, is_new] = known.try_emplace(campaign.time_zone, static_cast<std::uint32_t>(zones.size()));
    if (is_new) {
      auto zone = domain::Zone::load(campaign.time_zone);
      zones.push_back(zone ? std::move(*zone) : domain::Zone{});
    }
    zone_of.push_back(at->second);
  }
}

bool may_use_deal(const ScanTables& tables, const Auction& auction, const domain::Deal& deal,
                  std::uint32_t line_item) {
  const LineItem& item = tables.catalogue->line_items[line_item];
  if (!contains(item.targeting.deals, deal.id)) return false;
  const std::string_view seat = tables.seat(auction.exchange);
  if (!seat.empty() && !deal.seats.empty() && !contains(deal.seats, seat)) return false;
  const std::string& advertiser = tables.catalogue->advertiser_of(item).domain;
  return deal.advertiser_domains.empty() ||
         std::any_of(deal.advertiser_domains.begin(), deal.advertiser_domains.end(),
                     [&](std::string_view allowed) { return domain::domain_within(advertiser, allowed); });
}

Refusal refusal_of(const ScanTables& tables, const TargetingInput& input, std::uint32_t line_item,
                   base::WallTime now) {
  const domain::Catalogue& catalogue = *tables.catalogue;
  const LineItem& item = catalogue.line_items[line_item];
  const Targeting& wanted = item.targeting;
  const Auction& auction = input.auction;
  const Impression& impression = input.impression;

  if (!in_flight(catalogue, item, now)) return Refusal::flight;
  if (!admits(wanted.exchanges, auction.exchange)) return Refusal::exchange;
  if (!any_creative(catalogue, item, [&](const Creative& c) { return media_fits(c, impression); }))
    return Refusal::media_type;
  if (!any_creative(catalogue, item, [&](const Creative& c) { return size_fits(c, impression); }))
    return Refusal::size;
  if (!geo_fits(wanted, input)) return Refusal::geo;
  const bool device_fits =
      wanted.devices.empty() || std::any_of(wanted.devices.begin(), wanted.devices.end(),
                                            [&](auto d) { return device_matches(d, auction.device.type); });
  if (!device_fits || !admits(wanted.connections, auction.device.connection)) return Refusal::device;
  if (!admits(wanted.oses, auction.device.os)) return Refusal::os;
  if (!admits(wanted.browsers, auction.device.browser)) return Refusal::browser;
  if (!admits(wanted.languages, auction.device.language)) return Refusal::language;
  if (!place_fits(wanted, auction)) {
    return auction.channel == domain::Channel::app ? Refusal::app_list : Refusal::site_list;
  }
  if (!segments_fit(wanted, input)) return Refusal::segment;
  if (!words_fit(wanted, auction)) return Refusal::keyword;
  if (wanted.hours.any() &&
      !wanted
           .hours[static_cast<std::size_t>(tables.zones[tables.zone_of[item.campaign]].hour_of_week(now))]) {
    return Refusal::hour;
  }
  if (!placement_fits(wanted, impression)) return Refusal::placement;
  if (!categories_fit(catalogue, item, auction)) return Refusal::category_block;
  const std::string& advertiser = catalogue.advertiser_of(item).domain;
  if (std::any_of(auction.blocked_domains.begin(), auction.blocked_domains.end(),
                  [&](std::string_view blocked) { return domain::domain_within(advertiser, blocked); })) {
    return Refusal::advertiser_block;
  }
  if (!deal_fits(tables, input, line_item)) return Refusal::deal;
  if (!caps_fit(catalogue, item, input, now)) return Refusal::frequency_cap;
  if (!is_open(input.open, line_item)) return Refusal::no_lease;
  if (std::none_of(item.creatives.begin(), item.creatives.end(),
                   [&](std::uint32_t c) { return approved(catalogue.creatives[c]); })) {
    return Refusal::no_creative;
  }
  if (!catalogue.advertiser_of(item).approved) return Refusal::oversight;
  if (impression.secure && !any_creative(catalogue, item, [](const Creative& c) { return c.secure; }))
    return Refusal::secure;
  return Refusal::none;
}

TargetingScan::TargetingScan(domain::CatalogueSnapshot catalogue, TargetingOptions options)
    : tables_(std::move(catalogue), std::move(options)),
      refusals_(tables_.catalogue->line_items.size() * domain::kRefusals, 0) {}

base::Result<domain::Decided<TargetingAnswer>> TargetingScan::decide(const TargetingInput& input,
                                                                     AgentContext& context) {
  TargetingAnswer answer;
  const auto candidates = context.arena.array<Candidate>(input.candidates_max);
  std::size_t taken = 0;
  const auto deals = usable_deals(input.impression);
  for (const std::uint32_t line_item : tables_.order) {
    auto refusal = refusal_of(tables_, input, line_item, context.now);
    if (refusal == Refusal::none) {
      if (taken == candidates.size()) {
        refusal = Refusal::outranked;
        ++answer.outranked;
      } else if (tables_.catalogue->line_items[line_item].targeting.deals.empty()) {
        candidates[taken++] = {line_item, kOpenAuction};
      } else {
        for (std::size_t d = 0; d < deals.size() && taken < candidates.size(); ++d) {
          if (may_use_deal(tables_, input.auction, deals[d], line_item)) {
            candidates[taken++] = {line_item, static_cast<std::uint8_t>(d)};
          }
        }
      }
    } else {
      ++answer.refused;
    }
    ++refusals_[line_item * domain::kRefusals + static_cast<std::size_t>(refusal)];
  }
  answer.candidates = candidates.first(taken);
  return domain::Decided<TargetingAnswer>{answer, tables_.options.policy,
                                          static_cast<std::uint32_t>(tables_.catalogue->version)};
}

Refusal TargetingScan::why_not(const TargetingInput& input, std::uint32_t line_item,
                               base::WallTime now) const {
  return refusal_of(tables_, input, line_item, now);
}

void TargetingScan::collect_refusals(std::span<std::uint64_t> counts) {
  for (std::size_t i = 0; i < counts.size() && i < refusals_.size(); ++i) {
    if (i % domain::kRefusals != 0) counts[i] += refusals_[i];
    refusals_[i] = 0;
  }
}

}  // namespace bandstand::agents::targeting
