// population: made once, from the seed.
#include "simulation/population.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "simulation/population_consent.h"

namespace bandstand::simulation {
namespace {

constexpr std::size_t kItemsOffered = 12;  ///< among which a person chooses what to look at

/// Index drawn by the `share` of the rows; the shares need not sum to 1.
template <class Rows>
std::size_t draw_by_share(const Rows& rows, base::Rng& rng) {
  double total = 0;
  for (const auto& row : rows) total += row.share;
  double left = rng.uniform() * total;
  for (std::size_t i = 0; i + 1 < rows.size(); ++i) {
    left -= rows[i].share;
    if (left < 0) return i;
  }
  return rows.size() - 1;
}

Permission draw_permission(bool gdpr, base::Rng& rng) {
  if (!gdpr) return Permission::not_needed;
  const double u = rng.uniform();
  if (u < .68) return Permission::full;
  if (u < .80) return Permission::partial;
  return u < .92 ? Permission::none : Permission::silent;
}

User make_user(const PopulationOptions& options, std::uint32_t number) {
  base::Rng rng(base::mix64(options.seed ^ 0x5E25'0000'0000ull) + number);
  User user;
  user.key = rng.next();
  for (std::size_t i = 0; i < user.interests.size(); ++i) {
    std::uint8_t topic = 0;
    do {
      topic = static_cast<std::uint8_t>(draw_by_share(topics(), rng));
    } while (std::find(user.interests.begin(), user.interests.begin() + static_cast<long>(i), topic) !=
             user.interests.begin() + static_cast<long>(i));
    user.interests[i] = topic;
  }
  for (float& taste : user.taste) taste = static_cast<float>(rng.normal());
  user.country = static_cast<std::uint8_t>(draw_by_share(countries(), rng));
  user.region = static_cast<std::uint8_t>(rng.below(3));
  user.device = static_cast<std::uint8_t>(draw_by_share(device_kinds(), rng));
  user.crawler = static_cast<std::uint8_t>(rng.below(crawler_agents().size()));
  user.permission = draw_permission(countries()[user.country].gdpr, rng);
  user.limited = rng.chance(.12);
  user.coppa = rng.chance(.01);
  user.eagerness = static_cast<float>(.3 * rng.normal());
  const double u = rng.uniform();
  if (u < options.crawler_share) {
    user.behaviour = Behaviour::crawler;
  } else if (u < options.crawler_share + options.click_bot_share) {
    user.behaviour = Behaviour::click_bot;
  }
  // A stream of its own, so that a world without carriers stays as it is.
  base::Rng carrier(base::mix64(options.seed ^ 0xCA22'1E20ull) + number);
  if (user.behaviour == Behaviour::human && carrier.chance(options.carrier_share)) {
    user.address = std::uint32_t{countries()[user.country].address_prefix} << 24 | 0x00F0'0000u |
                   (1 + static_cast<std::uint32_t>(carrier.below(options.carrier_addresses)));
  }
  return user;
}

std::vector<std::uint8_t> slots_for(Channel channel, base::Rng& rng) {
  if (channel == Channel::ctv) return {6};
  if (channel == Channel::app)
    return rng.chance(.5) ? std::vector<std::uint8_t>{4, 7} : std::vector<std::uint8_t>{4, 5};
  std::vector<std::uint8_t> slots = {0, 1};
  if (rng.chance(.5)) slots.push_back(2);
  if (rng.chance(.3)) slots.push_back(3);
  if (rng.chance(.4)) slots.push_back(7);
  if (rng.chance(.25)) slots.push_back(6);
  return slots;
}

}  // namespace

Population::Population(const PopulationOptions& options) : options_(options) {
  BANDSTAND_CHECK(options.users > 0 && options.sites > 0 && options.apps > 0 && options.tv_apps > 0);
  constexpr std::uint32_t kAllPurposes = 0x3FF;
  constexpr std::uint32_t kBasicPurposes = 0x43;  // 1 store, 2 basic ads, 7 measure
  consent_full_ = encode_tcf({.purposes = kAllPurposes, .vendors = {2, 32, options.vendor_id}});
  consent_partial_ = encode_tcf({.purposes = kBasicPurposes, .vendors = {2, 32, options.vendor_id}});
  consent_none_ = encode_tcf({.purposes = 0, .vendors = {}});
  make_users();
  make_sites();
  make_items();
}

void Population::make_users() {
  users_.reserve(options_.users);
  for (std::uint32_t i = 0; i < options_.users; ++i) users_.push_back(make_user(options_, i));
}

void Population::make_sites() {
  base::Rng rng(base::mix64(options_.seed ^ 0x517E'0000'0000ull));
  for (std::uint32_t i = 0; i < options_.sites; ++i) add_site(Channel::web, i, rng);
  for (std::uint32_t i = 0; i < options_.apps; ++i) add_site(Channel::app, i, rng);
  for (std::uint32_t i = 0; i < options_.tv_apps; ++i) add_site(Channel::ctv, i, rng);
}

void Population::make_items() {
  base::Rng rng(base::mix64(options_.seed ^ 0x17E0'0000'0000ull));
  items_.resize(options_.items);
  for (auto& item : items_) {
    float squares = 0;
    for (float& x : item) {
      x = static_cast<float>(rng.normal());
      squares += x * x;
    }
    for (float& x : item) x /= std::sqrt(squares);
  }
}

void Population::add_site(Channel channel, std::uint32_t number, base::Rng& rng) {
  Site site;
  site.channel = channel;
  // The first of each channel cover all topics once; the rest follow the public's taste.
  site.topic = static_cast<std::uint8_t>(number < kTopics ? number : draw_by_share(topics(), rng));
  site.law = static_cast<std::uint8_t>(rng.below(9));
  site.quality = std::exp(.35 * rng.normal());
  site.child_directed = channel == Channel::app && site.topic == 8 && rng.chance(.2);
  const std::string kind = channel == Channel::web ? "site" : channel == Channel::app ? "app" : "tv";
  site.id = kind + "-" + std::to_string(number + 1);
  site.name = std::string(topics()[site.topic].keywords[0]) + " " + kind + " " + std::to_string(number + 1);
  site.publisher = "pub-" + std::to_string(1 + rng.below(24));
  if (channel == Channel::web) {
    site.domain = std::string(topics()[site.topic].keywords[0]) + std::to_string(number + 1) + ".example";
  } else {
    site.bundle = "com.example." + kind + std::to_string(number + 1);
  }
  for (const std::uint8_t slot : slots_for(channel, rng)) {
    // Floors sit on a grid of five cents, as publishers set them.
    const double wish =
        options_.floor_cpm * site.quality * slot_kinds()[slot].price * std::exp(.3 * rng.normal());
    const auto steps = std::max<std::int64_t>(1, std::llround(wish / .05));
    site.placements.push_back({site.id + "/" + std::string(slot_kinds()[slot].name), slot, steps * 50'000});
  }
  const auto index = static_cast<std::uint32_t>(sites_.size());
  sites_of_[static_cast<std::size_t>(channel)][site.topic].push_back(index);
  sites_in_[static_cast<std::size_t>(channel)].push_back(index);
  sites_.push_back(std::move(site));
}

std::uint32_t Population::draw_user(base::Rng& rng) const {
  const double u = std::pow(rng.uniform(), options_.activity_skew);
  return std::min(static_cast<std::uint32_t>(u * options_.users), options_.users - 1);
}

std::uint32_t Population::draw_site(const User& user, base::Rng& rng) const {
  const auto channel = static_cast<std::size_t>(device_kinds()[user.device].channel);
  if (user.behaviour == Behaviour::human && rng.chance(.7)) {
    const double u = rng.uniform();
    const std::uint8_t topic = user.interests[u < .55 ? 0 : u < .85 ? 1 : 2];
    const auto& close = sites_of_[channel][topic];
    if (!close.empty()) return close[rng.below(close.size())];
  }
  return sites_in_[channel][rng.below(sites_in_[channel].size())];
}

std::uint32_t Population::draw_item(const User& user, base::Rng& rng) const {
  if (items_.empty()) return 0;
  std::array<std::uint32_t, kItemsOffered> offered;
  std::array<double, kItemsOffered> weights;
  double total = 0;
  for (std::size_t i = 0; i < kItemsOffered; ++i) {
    offered[i] = static_cast<std::uint32_t>(rng.below(items_.size()));
    double liking = 0;
    for (std::size_t k = 0; k < kTastes; ++k)
      liking += static_cast<double>(user.taste[k]) * static_cast<double>(items_[offered[i]][k]);
    total += weights[i] = std::exp(options_.item_taste * liking);
  }
  double left = rng.uniform() * total;
  std::size_t at = 0;
  while (at + 1 < kItemsOffered && left >= weights[at]) left -= weights[at++];
  return offered[at] + 1;
}

std::string_view Population::consent_string(const User& user) const {
  switch (user.permission) {
    case Permission::full:
      return consent_full_;
    case Permission::partial:
      return consent_partial_;
    case Permission::none:
      return consent_none_;
    case Permission::silent:
    case Permission::not_needed:
      break;
  }
  return {};
}

void append_address(const User& user, std::string& out) {
  if (user.address != 0) {
    for (int shift = 24; shift >= 0; shift -= 8) {
      out += std::to_string(user.address >> shift & 0xFF);
      if (shift > 0) out += '.';
    }
    return;
  }
  const auto byte = [&](int i) { return static_cast<std::uint8_t>(user.key >> (8 * i)); };
  std::uint8_t first = countries()[user.country].address_prefix;
  std::uint8_t second = byte(0);
  if (user.behaviour != Behaviour::human) {
    const auto& prefix = data_centre_prefixes()[byte(0) % data_centre_prefixes().size()];
    first = prefix[0];
    second = prefix[1];
  }
  for (const std::uint8_t part : {first, second, byte(1)}) {
    out += std::to_string(part);
    out += '.';
  }
  out += std::to_string(1 + byte(2) % 254);
}

std::string_view user_agent_of(const User& user) noexcept {
  return user.behaviour == Behaviour::crawler ? crawler_agents()[user.crawler]
                                              : device_kinds()[user.device].user_agent;
}

}  // namespace bandstand::simulation
