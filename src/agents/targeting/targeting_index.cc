// targeting_index: building, one function a dimension.
#include "agents/targeting/targeting_index.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <set>
#include <string>
#include <unordered_map>

#include "domain/frequency.h"
#include "domain/hierarchy.h"
#include "domain/topic.h"

namespace bandstand::agents::targeting {
namespace {

using domain::Creative;
using domain::LineItem;
using domain::MediaType;
using domain::Targeting;
using Positions = std::vector<std::uint32_t>;

std::string lowered(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = domain::to_lower(c);
  return lower;
}

template <class Integer>
std::string bytes_of(Integer value) {
  return {reinterpret_cast<const char*>(&value), sizeof(value)};
}

std::string listed(std::string_view domain) { return lowered(domain::listed_domain(domain)); }

/// The names a category stands under: itself and all that contain it.
void add_lineage(std::set<std::string>& names, std::string_view category) {
  for (; !category.empty(); category = domain::parent_category(category)) names.insert(lowered(category));
}

class Builder {
 public:
  explicit Builder(TargetingIndex& index) : index_(index), catalogue_(*index.tables.catalogue) {}

  void build() {
    index_.count = static_cast<std::uint32_t>(catalogue_.line_items.size());
    index_.position.resize(index_.count);
    for (std::uint32_t p = 0; p < index_.count; ++p) index_.position[index_.tables.order[p]] = p;
    index_.everyone = BitRow(index_.count);
    for (std::uint32_t p = 0; p < index_.count; ++p) index_.everyone.set(p);
    index_.nobody = BitRow(index_.count);
    for (const LineItem& item : catalogue_.line_items) counting_.push_back(find_counting_creatives(item));
    build_flight();
    build_closed_lists();
    build_media();
    build_places();
    build_words();
    build_hours();
    build_placements();
    build_categories();
    build_advertisers();
    build_deals();
    build_caps();
    build_approvals();
    index_.sets.finish(index_.count);
  }

 private:
  template <class Visit>
  void each(Visit visit) const {
    for (std::uint32_t p = 0; p < index_.count; ++p) visit(p, catalogue_.line_items[index_.tables.order[p]]);
  }

  /// Of those for whom `holds` is true.
  template <class Holds>
  Holders holders(Holds holds) const {
    Holders result;
    result.row = BitRow(index_.count);
    each([&](std::uint32_t p, const LineItem& item) {
      if (holds(item)) {
        result.row.set(p);
      } else {
        result.all = false;
      }
    });
    if (result.all) result.row = BitRow();
    return result;
  }

  /// A closed vocabulary: `allowed` and `denied` give the lists of a line item.
  template <class Allowed, class Denied>
  RowTable rows(Allowed allowed, Denied denied) const {
    std::set<std::uint64_t> values;
    each([&](std::uint32_t, const LineItem& item) {
      for (const auto value : allowed(item)) values.insert(static_cast<std::uint64_t>(value));
      for (const auto value : denied(item)) values.insert(static_cast<std::uint64_t>(value));
    });
    RowTable table;
    table.others = holders([&](const LineItem& item) { return allowed(item).empty(); });
    table.values.assign(values.begin(), values.end());
    table.rows.assign(values.size(), BitRow(index_.count));
    each([&](std::uint32_t p, const LineItem& item) {
      const auto place = [&](auto value) {
        return static_cast<std::size_t>(
            std::lower_bound(table.values.begin(), table.values.end(), static_cast<std::uint64_t>(value)) -
            table.values.begin());
      };
      if (allowed(item).empty()) {
        for (BitRow& row : table.rows) row.set(p);
      }
      for (const auto value : allowed(item)) table.rows[place(value)].set(p);
      for (const auto value : denied(item)) table.rows[place(value)].clear(p);
    });
    return table;
  }
  template <class Allowed>
  RowTable rows(Allowed allowed) const {
    return rows(allowed, [](const LineItem&) { return std::vector<std::uint64_t>{}; });
  }

  /// Collects the sets of an open vocabulary, then files them.
  class Sets {
   public:
    void lets_in(const std::string& text, std::uint32_t p) { found_[text].first.push_back(p); }
    void keeps_out(const std::string& text, std::uint32_t p) { found_[text].second.push_back(p); }
    void file(SetTable& table, PositionSets& sets) {
      for (auto& [text, positions] : found_) {
        table.texts.add(text);
        table.lets_in.push_back(sets.add(std::move(positions.first)));
        table.keeps_out.push_back(sets.add(std::move(positions.second)));
      }
      found_.clear();
    }

   private:
    std::map<std::string, std::pair<Positions, Positions>> found_;
  };

  template <class Spell>
  SetTable open_list(std::vector<std::string> Targeting::*allowed,
                     std::vector<std::string> Targeting::*denied, Spell spell) {
    Sets sets;
    each([&](std::uint32_t p, const LineItem& item) {
      for (const std::string& text : item.targeting.*allowed) sets.lets_in(spell(text), p);
      if (denied == nullptr) return;
      for (const std::string& text : item.targeting.*denied) sets.keeps_out(spell(text), p);
    });
    SetTable table;
    sets.file(table, index_.sets);
    return table;
  }

  void build_flight() {
    each([&](std::uint32_t p, const LineItem& item) {
      const domain::Campaign& campaign = catalogue_.campaign_of(item);
      if (!item.active || !campaign.active) return;
      if (campaign.end.ns != 0 && campaign.end <= campaign.start) return;
      index_.flight_changes.push_back({campaign.start.ns, p, true});
      if (campaign.end.ns != 0) index_.flight_changes.push_back({campaign.end.ns, p, false});
    });
    std::stable_sort(index_.flight_changes.begin(), index_.flight_changes.end(),
                     [](const auto& a, const auto& b) { return a.at_ns < b.at_ns; });
  }

  void build_closed_lists() {
    index_.exchanges = rows([](const LineItem& i) -> const auto& { return i.targeting.exchanges; });
    index_.countries = rows(
        [](const LineItem& i) -> const auto& { return i.targeting.countries; },
        [](const LineItem& i) -> const auto& { return i.targeting.countries_not; });
    index_.devices = rows([](const LineItem& i) {
      std::vector<std::uint64_t> seen;
      for (int type = 0; type < domain::kDeviceTypes; ++type) {
        for (const auto wanted : i.targeting.devices) {
          if (device_matches(wanted, static_cast<domain::DeviceType>(type)))
            seen.push_back(static_cast<std::uint64_t>(type));
        }
      }
      return seen;
    });
    index_.connections = rows([](const LineItem& i) -> const auto& { return i.targeting.connections; });
    index_.oses = rows([](const LineItem& i) -> const auto& { return i.targeting.oses; });
    index_.browsers = rows([](const LineItem& i) -> const auto& { return i.targeting.browsers; });
    index_.languages = rows([](const LineItem& i) -> const auto& { return i.targeting.languages; });
    index_.positions = rows([](const LineItem& i) -> const auto& { return i.targeting.positions; });
  }

  /// The creatives that count: the approved ones, or all if none is (build_approvals then says no).
  const std::vector<const Creative*>& counting_creatives(const LineItem& item) const {
    return counting_[static_cast<std::size_t>(&item - catalogue_.line_items.data())];
  }
  std::vector<const Creative*> find_counting_creatives(const LineItem& item) const {
    std::vector<const Creative*> all;
    std::vector<const Creative*> approved;
    for (const std::uint32_t c : item.creatives) {
      const Creative& creative = catalogue_.creatives[c];
      all.push_back(&creative);
      if (creative.approval == Creative::Approval::approved) approved.push_back(&creative);
    }
    return approved.empty() ? all : approved;
  }

  void build_media() {
    std::map<std::uint64_t, Positions> sizes;
    std::map<std::uint16_t, Positions> widths;
    for (BitRow& row : index_.has_media) row = BitRow(index_.count);
    each([&](std::uint32_t p, const LineItem& item) {
      for (const Creative* creative : counting_creatives(item)) {
        index_.has_media[static_cast<std::size_t>(creative->type) - 1].set(p);
        if (creative->type != MediaType::banner) continue;
        sizes[static_cast<std::uint64_t>(creative->size.w) << 16 | creative->size.h].push_back(p);
        widths[creative->size.w].push_back(p);
      }
    });
    std::vector<std::size_t> types_of(index_.count);
    for (std::uint32_t i = 0; i < index_.count; ++i) types_of[i] = media_of(catalogue_.line_items[i]);
    for (std::size_t types = 1; types < 16; ++types) {
      index_.media[types] = holders([&](const LineItem& item) { return (types & media_of(item)) != 0; });
    }
    index_.media[0] = holders([](const LineItem&) { return false; });
    for (const auto& [size, positions] : sizes) {
      index_.sizes.values.push_back(size);
      index_.sizes.rows.emplace_back(index_.count);
      for (const std::uint32_t p : positions) index_.sizes.rows.back().set(p);
    }
    BitRow wide(index_.count);
    for (auto it = widths.rbegin(); it != widths.rend(); ++it) {
      for (const std::uint32_t p : it->second) wide.set(p);
      index_.widths.insert(index_.widths.begin(), it->first);
      index_.at_least_as_wide.insert(index_.at_least_as_wide.begin(), wide);
    }
  }

  std::size_t media_of(const LineItem& item) const {
    std::size_t types = 0;
    for (const Creative* creative : counting_creatives(item)) {
      types |= std::size_t{1} << (static_cast<std::size_t>(creative->type) - 1);
    }
    return types;
  }

  void build_places() {
    index_.any_region = holders([](const LineItem& i) { return i.targeting.regions.empty(); });
    index_.any_city = holders([](const LineItem& i) { return i.targeting.cities.empty(); });
    index_.any_zip = holders([](const LineItem& i) { return i.targeting.zips.empty(); });
    index_.any_metro = holders([](const LineItem& i) { return i.targeting.metros.empty(); });
    index_.regions = open_list(&Targeting::regions, &Targeting::regions_not,
                               [](const std::string& text) { return bytes_of(region_of(text)); });
    index_.cities = open_list(&Targeting::cities, nullptr, lowered);
    index_.zips = open_list(&Targeting::zips, nullptr, lowered);
    index_.metros = open_list(&Targeting::metros, nullptr, lowered);
    index_.any_place =
        holders([](const LineItem& i) { return i.targeting.domains.empty() && i.targeting.apps.empty(); });
    index_.domains = open_list(&Targeting::domains, &Targeting::domains_not, listed);
    index_.apps =
        open_list(&Targeting::apps, &Targeting::apps_not, [](const std::string& text) { return text; });
    index_.no_circle = holders([](const LineItem& i) { return i.targeting.circles.empty(); });
    std::map<std::array<float, 3>, Positions> circles;
    each([&](std::uint32_t p, const LineItem& item) {
      for (const auto& circle : item.targeting.circles)
        circles[{circle.lat, circle.lon, circle.radius_km}].push_back(p);
    });
    for (auto& [circle, positions] : circles) {
      index_.circles.add(circle[0], circle[1], circle[2]);
      index_.circle_items.push_back(index_.sets.add(std::move(positions)));
    }
    index_.circles.finish();
  }

  void build_words() {
    index_.any_segment = holders([](const LineItem& i) { return i.targeting.segments.empty(); });
    index_.segments = open_list(&Targeting::segments, &Targeting::segments_not,
                                [](const std::string& text) { return bytes_of(domain::topic_of(text)); });
    index_.any_keyword = holders([](const LineItem& i) { return i.targeting.keywords.empty(); });
    index_.keywords = open_list(&Targeting::keywords, &Targeting::keywords_not, lowered);
    index_.any_key = holders([](const LineItem& i) { return i.targeting.key_values.empty(); });
    using Demands = std::map<std::string, std::set<std::string>>;
    std::map<Demands, Positions> clauses;
    each([&](std::uint32_t p, const LineItem& item) {
      if (item.targeting.key_values.empty()) return;
      Demands demands;
      for (const auto& [key, value] : item.targeting.key_values) demands[lowered(key)].insert(lowered(value));
      if (demands.size() <= 64) clauses[demands].push_back(p);  // more than a clause can count: never met
    });
    for (auto& [demands, positions] : clauses) {
      const auto number = static_cast<std::uint32_t>(index_.clauses.size());
      std::uint64_t bit = 1;
      for (const auto& [key, values] : demands) {
        for (const std::string& value : values) {
          const std::uint32_t text = index_.key_values.texts.add(key + '\0' + value);
          if (text >= index_.clause_keys.size()) index_.clause_keys.resize(text + 1);
          index_.clause_keys[text].push_back({number, bit});
        }
        bit <<= 1;
      }
      index_.clauses.push_back({bit - 1, index_.sets.add(std::move(positions))});
    }
  }

  void build_hours() {
    index_.any_hour = holders([](const LineItem& i) { return i.targeting.hours.none(); });
    std::map<std::pair<std::string, std::string>, std::size_t> known;  // zone, hours
    std::vector<Positions> positions;
    each([&](std::uint32_t p, const LineItem& item) {
      if (item.targeting.hours.none()) return;
      const std::pair key(catalogue_.campaign_of(item).time_zone, item.targeting.hours.to_string());
      const auto [at, is_new] = known.try_emplace(key, index_.schedules.size());
      if (is_new) {
        index_.schedules.push_back({index_.tables.zone_of[item.campaign], item.targeting.hours, kNoSet});
        positions.emplace_back();
      }
      positions[at->second].push_back(p);
    });
    for (std::size_t i = 0; i < positions.size(); ++i)
      index_.schedules[i].items = index_.sets.add(std::move(positions[i]));
  }

  void build_placements() {
    index_.any_placement = holders([](const LineItem& i) { return i.targeting.placements.empty(); });
    index_.placements = open_list(&Targeting::placements, &Targeting::placements_not,
                                  [](const std::string& text) { return text; });
    index_.not_only_rewarded = holders([](const LineItem& i) { return !i.targeting.rewarded_only; });
    index_.interstitials = holders([](const LineItem& i) { return i.targeting.interstitial_ok; });
  }

  void build_categories() {
    index_.any_category = holders([](const LineItem& i) { return i.targeting.categories.empty(); });
    index_.categories = open_list(&Targeting::categories, &Targeting::categories_not, lowered);
    Sets own;
    each([&](std::uint32_t p, const LineItem& item) {
      std::set<std::string> always;
      for (const std::string& category : catalogue_.advertiser_of(item).categories)
        add_lineage(always, category);
      std::map<std::string, std::size_t> by_creative;
      const auto& creatives = counting_creatives(item);
      for (const Creative* creative : creatives) {
        std::set<std::string> names;
        for (const std::string& category : creative->categories) add_lineage(names, category);
        for (const std::string& name : names) ++by_creative[name];
      }
      for (const std::string& name : always) {
        own.lets_in(name, p);
        own.keeps_out(name, p);
      }
      for (const auto& [name, times] : by_creative) {
        own.lets_in(name, p);
        if (times == creatives.size()) own.keeps_out(name, p);
      }
    });
    own.file(index_.own_categories, index_.sets);
  }

  void build_advertisers() {
    Sets own;
    each([&](std::uint32_t p, const LineItem& item) {
      std::string domain = lowered(catalogue_.advertiser_of(item).domain);
      while (!domain.empty() && domain.back() == '.') domain.pop_back();
      for (std::string_view part = domain; !part.empty(); part = domain::parent_domain(part))
        own.lets_in(std::string(part), p);
    });
    own.file(index_.own_domains, index_.sets);
  }

  void build_deals() {
    index_.open_auction = holders([](const LineItem& i) { return i.targeting.deals.empty(); });
    index_.deals = open_list(&Targeting::deals, nullptr, [](const std::string& text) { return text; });
  }

  CapEntry& cap_entry(std::uint32_t key, const domain::FrequencyCap& cap) {
    const std::uint32_t slot = index_.caps.texts.add(bytes_of(key));
    if (slot >= index_.cap_entries.size()) index_.cap_entries.resize(slot + 1);
    for (CapEntry& entry : index_.cap_entries[slot]) {
      if (entry.impressions == cap.impressions && entry.window_s == cap.window_s) return entry;
    }
    index_.cap_entries[slot].push_back({cap.impressions, cap.window_s, kNoSet, {}});
    return index_.cap_entries[slot].back();
  }

  void build_caps() {
    using Level = domain::FrequencyCap::Level;
    std::map<std::tuple<std::uint32_t, std::uint16_t, std::uint32_t>, Positions> plain;
    index_.not_capped_at_zero = holders([](const LineItem& item) {
      return std::none_of(item.caps.begin(), item.caps.end(), [&](const domain::FrequencyCap& cap) {
        return cap.impressions == 0 && (cap.level != Level::creative || !item.creatives.empty());
      });
    });
    each([&](std::uint32_t p, const LineItem& item) {
      for (const domain::FrequencyCap& cap : item.caps) {
        if (cap.level != Level::creative) {
          plain[{domain::frequency_key(cap, catalogue_, item), cap.impressions, cap.window_s}].push_back(p);
          continue;
        }
        std::set<std::uint32_t> keys;
        for (const std::uint32_t creative : item.creatives) {
          keys.insert(domain::frequency_key(cap, catalogue_, item, creative));
        }
        if (keys.empty() || keys.size() > domain::kFrequencySlots)
          continue;  // a user cannot have seen so many
        const auto group = static_cast<std::uint32_t>(index_.group_needs.size());
        index_.group_needs.push_back(static_cast<std::uint32_t>(keys.size()));
        index_.group_items.push_back(index_.sets.add({p}));
        for (const std::uint32_t key : keys) cap_entry(key, cap).groups.push_back(group);
      }
    });
    for (auto& [cap, positions] : plain) {
      const auto& [key, impressions, window_s] = cap;
      cap_entry(key, {Level::line_item, impressions, window_s}).items = index_.sets.add(std::move(positions));
    }
  }

  void build_approvals() {
    index_.has_creative = holders([&](const LineItem& item) {
      return std::any_of(item.creatives.begin(), item.creatives.end(), [&](std::uint32_t c) {
        return catalogue_.creatives[c].approval == Creative::Approval::approved;
      });
    });
    index_.advertiser_approved =
        holders([&](const LineItem& item) { return catalogue_.advertiser_of(item).approved; });
    index_.has_secure = holders([&](const LineItem& item) {
      const auto& creatives = counting_creatives(item);
      return std::any_of(creatives.begin(), creatives.end(),
                         [](const Creative* creative) { return creative->secure; });
    });
  }

  TargetingIndex& index_;
  const domain::Catalogue& catalogue_;
  std::vector<std::vector<const Creative*>> counting_;  ///< by line item
};

}  // namespace

const BitRow* RowTable::find(std::uint64_t value) const noexcept {
  const auto at = std::lower_bound(values.begin(), values.end(), value);
  if (at != values.end() && *at == value) return &rows[static_cast<std::size_t>(at - values.begin())];
  return others.restricting();
}

std::size_t RowTable::bytes() const {
  std::size_t sum = others.row.bytes() + values.size() * sizeof(std::uint64_t);
  for (const BitRow& row : rows) sum += row.bytes();
  return sum;
}

std::shared_ptr<const TargetingIndex> TargetingIndex::build(domain::CatalogueSnapshot catalogue,
                                                            TargetingOptions options) {
  auto index = std::make_shared<TargetingIndex>(ScanTables(std::move(catalogue), std::move(options)));
  Builder(*index).build();
  return index;
}

std::size_t TargetingIndex::bytes() const {
  std::size_t sum =
      sets.bytes() + everyone.bytes() + nobody.bytes() + position.size() * 4 + tables.order.size() * 4;
  for (const RowTable* table :
       {&exchanges, &countries, &devices, &connections, &oses, &browsers, &languages, &positions, &sizes}) {
    sum += table->bytes();
  }
  for (const Holders& holders : media) sum += holders.row.bytes();
  for (const BitRow& row : at_least_as_wide) sum += row.bytes();
  for (const BitRow& row : has_media) sum += row.bytes();
  for (const Holders* holders :
       {&any_region, &any_city, &any_zip, &any_metro, &any_place, &any_segment, &any_keyword, &any_key,
        &any_hour, &any_placement, &any_category, &no_circle, &not_only_rewarded, &interstitials,
        &open_auction, &not_capped_at_zero, &has_creative, &advertiser_approved, &has_secure}) {
    sum += holders->row.bytes();
  }
  for (const SetTable* table :
       {&regions, &cities, &zips, &metros, &domains, &apps, &segments, &keywords, &placements, &categories,
        &key_values, &own_categories, &own_domains, &deals, &caps}) {
    sum += table->bytes();
  }
  for (const auto& keys : clause_keys) sum += sizeof(keys) + keys.size() * sizeof(ClauseKey);
  for (const auto& entries : cap_entries) {
    sum += sizeof(entries);
    for (const CapEntry& entry : entries) sum += sizeof(entry) + entry.groups.size() * 4;
  }
  sum += clauses.size() * sizeof(Clause) + circles.bytes() + circle_items.size() * sizeof(SetId);
  sum += (group_items.size() + group_needs.size()) * 4 + flight_changes.size() * sizeof(FlightChange);
  return sum + schedules.size() * sizeof(Schedule);
}

}  // namespace bandstand::agents::targeting
