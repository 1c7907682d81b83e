// population: who is out there and where they are: users with latent interests and tastes, bots, sites and
// apps.
//
// 1. Everything follows from the seed. What a user likes is known to the world alone; requests show only what
// a real
//    one would (page, device, place, and with consent a few segments).
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/rng.h"
#include "simulation/world_vocabulary.h"

namespace bandstand::simulation {

inline constexpr int kTastes = 6;  ///< dimensions of the latent space in which users and creatives meet

enum class Behaviour : std::uint8_t { human, crawler, click_bot };

/// What the request says about permission.
enum class Permission : std::uint8_t { not_needed, full, partial, none, silent };

struct User {
  std::uint64_t key = 0;                    ///< identity and address derive from it
  std::uint32_t address = 0;                ///< IPv4 in host order, instead of one of its own; 0: derived from key
  std::array<std::uint8_t, 3> interests{};  ///< topics, strongest first
  std::array<float, kTastes> taste{};
  std::uint8_t country = 0, region = 0, device = 0, crawler = 0;
  Behaviour behaviour = Behaviour::human;
  Permission permission = Permission::not_needed;
  bool coppa = false, limited = false;
  float eagerness = 0;  ///< added to the logit of every click
};

struct Placement {
  std::string tag_id;
  std::uint8_t slot = 0;  ///< index into slot_kinds()
  std::int64_t floor_nanos = 0;
};

struct Site {
  std::string id, name, domain, bundle, publisher;  ///< bundle: apps only
  std::uint8_t topic = 0;
  std::uint8_t law = 0;  ///< which of the nine price laws rules here
  Channel channel = Channel::web;
  double quality = 1;  ///< factor on prices and, weaker, on clicks
  bool child_directed = false;
  std::vector<Placement> placements;
};

struct PopulationOptions {
  std::uint64_t seed = 1;
  std::uint32_t users = 20'000;
  std::uint32_t sites = 60, apps = 30, tv_apps = 6;
  double crawler_share = 0.015, click_bot_share = 0.005;  ///< of users
  double activity_skew = 2;  ///< 1: all users alike; 2: the busiest tenth makes a third of the traffic
  double floor_cpm = 0.20;   ///< typical; sites vary around it
  /// Articles or products that pages show, and that requests name (content.id). 0: none, and nothing is named.
  std::uint32_t items = 0;
  double item_taste = 2;  ///< how much more likely, in logits a deviation, people look at what is to their taste
  /// Users who come through a carrier's address, and how many addresses these share. 0: each has one of its own.
  double carrier_share = 0;
  std::uint32_t carrier_addresses = 12;
  std::uint16_t vendor_id =
      1'999;  ///< Bandstand's in the world's Global Vendor List: in the strings of those who consent
};

class Population {
 public:
  explicit Population(const PopulationOptions& options);

  [[nodiscard]] const std::vector<User>& users() const { return users_; }
  [[nodiscard]] const std::vector<Site>& sites() const { return sites_; }
  /// Somebody or some place that the public does not draw (attacks.h). Return the index.
  std::uint32_t add_user(User user) {
    users_.push_back(user);
    return static_cast<std::uint32_t>(users_.size() - 1);
  }
  std::uint32_t add_site(Site site) {
    sites_.push_back(std::move(site));
    return static_cast<std::uint32_t>(sites_.size() - 1);
  }
  /// Someone who comes to a page now; the busy ones come more often.
  [[nodiscard]] std::uint32_t draw_user(base::Rng& rng) const;
  /// Where they are: seven in ten visits follow an interest.
  [[nodiscard]] std::uint32_t draw_site(const User& user, base::Rng& rng) const;

  /// What they look at there, from 1; 0 without items. The likelier the more it is to their taste.
  [[nodiscard]] std::uint32_t draw_item(const User& user, base::Rng& rng) const;

  /// The consent string that this user's browser sends; empty if none.
  [[nodiscard]] std::string_view consent_string(const User& user) const;
  [[nodiscard]] const PopulationOptions& options() const { return options_; }

 private:
  void make_users();
  void make_sites();
  void make_items();
  void add_site(Channel channel, std::uint32_t number, base::Rng& rng);

  PopulationOptions options_;
  std::vector<User> users_;
  std::vector<Site> sites_;
  std::vector<std::array<float, kTastes>> items_;  ///< of length 1
  std::array<std::array<std::vector<std::uint32_t>, kTopics>, 3> sites_of_;  ///< by channel and topic
  std::array<std::vector<std::uint32_t>, 3> sites_in_;                       ///< by channel
  std::string consent_full_, consent_partial_, consent_none_;
};

/// 203.0.113.7 as text: of a household in the user's country, or of a data centre for a bot.
void append_address(const User& user, std::string& out);
/// The user agent header.
std::string_view user_agent_of(const User& user) noexcept;

}  // namespace bandstand::simulation
