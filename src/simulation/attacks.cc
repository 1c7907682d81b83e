// attacks: who is hired, when they come, and what they click on.
#include "simulation/attacks.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "base/check.h"

namespace bandstand::simulation {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view kNames[] = {"none",      "click_farm",  "data_centre_bots", "device_spoofing",
                                       "slow_drip", "ad_stacking", "click_drain"};
static_assert(std::size(kNames) == kAttackKinds);

constexpr std::uint32_t kPhones = 80, kFarmAddresses = 4;
constexpr std::uint32_t kBots = 60, kBotSessions = 20;
constexpr std::uint32_t kSpoofers = 12, kSpoofedDevices = 12 * 600;
constexpr std::uint32_t kDripHouseholds = 30, kDrainHouseholds = 25;
constexpr std::uint32_t kStack = 5;

/// Mean seconds between two visits of one actor.
double pause_s(AttackKind kind) {
  switch (kind) {
    case AttackKind::click_farm: return 30;
    case AttackKind::data_centre_bots: return 20;
    case AttackKind::device_spoofing: return 5;
    case AttackKind::slow_drip: return 40;
    case AttackKind::ad_stacking: return 3;  // one actor: all who come to the page
    case AttackKind::click_drain: return 25;
    default: return 60;
  }
}

/// Of a country without consent rules, so that nothing but behaviour tells.
std::uint8_t plain_country(base::Rng& rng) {
  for (;;) {
    const auto country = static_cast<std::uint8_t>(rng.below(countries().size()));
    if (!countries()[country].gdpr) return country;
  }
}

std::uint8_t device_of(base::Rng& rng, Channel channel) {
  for (;;) {
    const auto device = static_cast<std::uint8_t>(rng.below(device_kinds().size()));
    if (device_kinds()[device].channel == channel) return device;
  }
}

User person(base::Rng& rng) {
  User user;
  user.key = rng.next();
  for (auto& interest : user.interests) interest = static_cast<std::uint8_t>(rng.below(kTopics));
  user.country = plain_country(rng);
  user.region = static_cast<std::uint8_t>(rng.below(3));
  return user;
}

std::uint32_t address_of(std::uint8_t a, std::uint8_t b, std::uint64_t rest) {
  return std::uint32_t{a} << 24 | std::uint32_t{b} << 16 | (static_cast<std::uint32_t>(rest) & 0xFF00) |
         (1 + static_cast<std::uint32_t>(rest & 0xFF) % 254);
}

double log_normal_ms(double median, double deviation, base::Rng& rng) {
  return median * std::exp(deviation * rng.normal());
}

}  // namespace

std::string_view name_of(AttackKind kind) noexcept {
  const auto index = static_cast<std::size_t>(kind);
  return index < kAttackKinds ? kNames[index] : "unknown";
}

std::optional<AttackKind> attack_named(std::string_view name) noexcept {
  for (std::size_t i = 0; i < kAttackKinds; ++i) {
    if (kNames[i] == name) return static_cast<AttackKind>(i);
  }
  return std::nullopt;
}

Attack::Attack(const AttackOptions& options, std::uint64_t seed, Population& population)
    : options_(options),
      seed_(base::mix64(seed ^ 0xF8A0'D000ull) + static_cast<std::uint64_t>(options.kind)),
      rng_(seed_),
      first_user_(static_cast<std::uint32_t>(population.users().size())) {
  BANDSTAND_CHECK(options.intensity > 0);
  switch (options.kind) {
    case AttackKind::click_farm: hire_farm(population); break;
    case AttackKind::data_centre_bots: hire_bots(population); break;
    case AttackKind::device_spoofing: hire_spoofers(population); break;
    case AttackKind::slow_drip:
      add_sites(population, Channel::web, 2);
      hire_households(population, kDripHouseholds);
      break;
    case AttackKind::ad_stacking:
      add_sites(population, Channel::web, 1);
      schedule(1);
      break;
    case AttackKind::click_drain: hire_households(population, kDrainHouseholds); break;
    case AttackKind::none:
    case AttackKind::count_: break;
  }
}

std::uint32_t Attack::add_user(Population& population, User user, bool listed) {
  listed_.push_back(listed ? 1 : 0);
  return population.add_user(user);
}

void Attack::add_sites(Population& population, Channel channel, std::uint32_t count) {
  for (std::uint32_t i = 0; i < count; ++i) {
    Site site;
    site.channel = channel;
    site.topic = static_cast<std::uint8_t>(rng_.below(kTopics));
    site.law = static_cast<std::uint8_t>(rng_.below(9));
    const std::string number = std::to_string(population.sites().size() + 1);
    site.id = "page-" + number;
    site.name = "page " + number;
    site.publisher = "pub-" + std::to_string(30 + rng_.below(20));
    if (channel == Channel::web) {
      site.domain = "page" + number + ".example";
    } else {
      site.bundle = "com.example.page" + number;
    }
    const std::uint8_t first = channel == Channel::web ? 0 : channel == Channel::app ? 4 : 6;
    const std::uint8_t last = channel == Channel::ctv ? first : static_cast<std::uint8_t>(first + 1);
    for (std::uint8_t slot = first; slot <= last; ++slot) {
      site.placements.push_back({site.id + "/" + std::string(slot_kinds()[slot].name), slot, 150'000});
    }
    sites_.push_back(population.add_site(std::move(site)));
  }
}

void Attack::hire_farm(Population& population) {
  std::array<std::uint32_t, kFarmAddresses> addresses{};
  const std::uint8_t country = plain_country(rng_);
  for (auto& address : addresses) {
    const std::uint64_t bits = rng_.next();
    address = address_of(countries()[country].address_prefix, static_cast<std::uint8_t>(bits >> 32), bits);
  }
  const std::uint8_t models[] = {device_of(rng_, Channel::web), device_of(rng_, Channel::web)};
  for (std::uint32_t i = 0; i < kPhones; ++i) {
    User user = person(rng_);
    user.country = country;
    user.device = models[i % 2];
    user.address = addresses[i % kFarmAddresses];
    add_user(population, user);
  }
  schedule(kPhones);
}

void Attack::hire_bots(Population& population) {
  add_sites(population, Channel::web, 2);
  const auto unlisted =
      static_cast<std::uint8_t>(rng_.below(250));  // of a hosting company that no list has yet
  for (std::uint32_t bot = 0; bot < kBots; ++bot) {
    const auto& range = data_centre_prefixes()[rng_.below(data_centre_prefixes().size())];
    const std::uint64_t bits = rng_.next();
    const bool listed = bot % 10 < 6, says_so = bot % 10 == 6;
    const std::uint32_t address =
        listed ? address_of(range[0], range[1], bits) : address_of(193, unlisted, bits & 0x03FF);
    const std::uint8_t device = device_of(rng_, Channel::web);
    for (std::uint32_t session = 0; session < kBotSessions; ++session) {
      User user = person(rng_);
      user.device = device;
      user.address = address;
      if (says_so) user.behaviour = Behaviour::crawler;
      user.crawler = static_cast<std::uint8_t>(rng_.below(crawler_agents().size()));
      add_user(population, user, listed || says_so);
    }
  }
  schedule(kBots);
}

void Attack::hire_spoofers(Population& population) {
  add_sites(population, Channel::app, 2);
  add_sites(population, Channel::ctv, 1);
  for (std::uint32_t i = 0; i < kSpoofers; ++i) {
    const std::uint64_t bits = rng_.next();
    const std::uint8_t country = plain_country(rng_);
    const std::uint32_t address =
        address_of(countries()[country].address_prefix, static_cast<std::uint8_t>(bits >> 32), bits);
    for (std::uint32_t d = 0; d < kSpoofedDevices / kSpoofers; ++d) {
      User user = person(rng_);
      user.country = country;
      user.address = address;
      user.device = device_of(rng_, rng_.chance(.3) ? Channel::ctv : Channel::app);
      add_user(population, user);
    }
  }
  schedule(kSpoofers);
}

void Attack::hire_households(Population& population, std::uint32_t count) {
  for (std::uint32_t i = 0; i < count; ++i) {
    User user = person(rng_);
    user.device = device_of(rng_, Channel::web);
    add_user(population, user);
  }
  schedule(count);
}

void Attack::schedule(std::uint32_t actors) {
  turns_.assign(actors, 0);
  for (std::uint32_t actor = 0; actor < actors; ++actor) {
    Due due;
    due.at = options_.from +
             base::Duration{std::llround(rng_.uniform() * pause_s(options_.kind) / options_.intensity * 1e9)};
    due.actor = actor;
    due.order = order_++;
    if (due.at < options_.until) due_.push(due);
  }
}

/// Programs go by timers with some jitter; hands and crowds do not.
base::Duration Attack::pause() {
  const double mean = pause_s(options_.kind) / options_.intensity;
  const bool timer = options_.kind == AttackKind::slow_drip;
  const double seconds = timer ? mean * (.9 + .2 * rng_.uniform()) : mean * rng_.exponential();
  return base::Duration{std::llround(seconds * 1e9)};
}

base::Duration Attack::next() const { return due_.empty() ? base::Duration::max() : due_.top().at; }

std::uint32_t Attack::user_for(std::uint32_t actor, const Population& population) {
  switch (options_.kind) {
    case AttackKind::data_centre_bots:
      return first_user_ + actor * kBotSessions + static_cast<std::uint32_t>(rng_.below(kBotSessions));
    case AttackKind::device_spoofing: {
      constexpr std::uint32_t kEach = kSpoofedDevices / kSpoofers;
      return first_user_ + actor * kEach + turns_[actor]++ % kEach;
    }
    case AttackKind::ad_stacking: return population.draw_user(rng_);
    default: return first_user_ + actor;
  }
}

std::uint32_t Attack::site_for(std::uint32_t user, const Population& population) {
  const User& who = population.users()[user];
  switch (options_.kind) {
    case AttackKind::click_farm:
    case AttackKind::click_drain: return population.draw_site(who, rng_);
    case AttackKind::slow_drip:
      return rng_.chance(.7) ? sites_[rng_.below(sites_.size())] : population.draw_site(who, rng_);
    case AttackKind::device_spoofing:
      return device_kinds()[who.device].channel == Channel::ctv ? sites_[2] : sites_[rng_.below(2)];
    default: return sites_[rng_.below(sites_.size())];
  }
}

void Attack::come_again(const Due& due) {
  Due next = due;
  next.order = order_++;
  if (due.left > 0) {
    --next.left;
    next.at = due.at + milliseconds(15 + rng_.below(30));
  } else {
    next.at = due.at + pause();
    next.page = 0;
  }
  if (next.at < options_.until) due_.push(next);
}

void Attack::take(base::WallTime start, const Population& population, Visit& visit) {
  BANDSTAND_CHECK(!due_.empty());
  Due due = due_.top();
  due_.pop();
  if (due.page == 0) {
    due.page = ++pages_;
    due.user = user_for(due.actor, population);
    due.left = options_.kind == AttackKind::ad_stacking ? kStack - 1 : 0;
  }
  visit.at = start + due.at;
  visit.user = due.user;
  visit.site = site_for(due.user, population);
  visit.exchange = static_cast<std::uint8_t>(rng_.below(2));
  visit.attack = static_cast<std::uint8_t>(options_.kind);
  visit.listed = due.user >= first_user_ && listed_[due.user - first_user_] != 0;
  visit.page = due.page;
  visit.item = 0;
  visit.offers = 1;
  const Site& site = population.sites()[visit.site];
  const bool one_place = options_.kind == AttackKind::ad_stacking;
  const std::size_t placement = one_place ? 0 : rng_.below(site.placements.size());
  visit.offer[0].placement = static_cast<std::uint8_t>(placement);
  visit.offer[0].floor_nanos = site.placements[placement].floor_nanos;
  come_again(due);
}

AttackClick Attack::click(const Visit& visit, std::string_view campaign, base::WallTime now,
                          base::Rng& rng) const {
  const auto after = [&](double median_ms) {
    return now + milliseconds(400) + base::Duration{std::llround(log_normal_ms(median_ms, .6, rng) * 1e6)};
  };
  switch (options_.kind) {
    case AttackKind::click_farm: return {rng.chance(.33), after(1'500)};
    case AttackKind::data_centre_bots: return {rng.chance(.03), now + milliseconds(40 + rng.below(200))};
    case AttackKind::device_spoofing: return {rng.chance(.002), after(2'000)};
    case AttackKind::slow_drip: return {rng.chance(.125), after(2'500)};
    case AttackKind::ad_stacking: {
      // One click for all that lie in one place: decided by the page, at one time.
      base::Rng page(base::mix64(visit.page ^ 0x57AC'0000ull) ^ seed_);
      const bool clicks = page.chance(.015);
      const auto at = visit.at + milliseconds(3'000 + page.below(5'000));
      return {clicks, std::max(at, now + milliseconds(1))};
    }
    case AttackKind::click_drain:
      return {std::find(options_.victims.begin(), options_.victims.end(), campaign) != options_.victims.end() &&
                  rng.chance(.6),
              after(2'500)};
    default: return {};
  }
}

}  // namespace bandstand::simulation
