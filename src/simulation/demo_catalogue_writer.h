// demo_catalogue_writer: the rows that demo and random catalogues share. Internal to demo_catalogue*.cc.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/rng.h"
#include "simulation/world_vocabulary.h"

namespace bandstand::simulation {

using Json = nlohmann::ordered_json;

/// "12.34", never floating point in the file.
inline std::string cents(double amount) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f", amount);
  return text;
}
inline std::string micros(double amount) {
  char text[40];
  std::snprintf(text, sizeof text, "%.6f", amount);
  return text;
}

template <class List>
const auto& pick(const List& list, base::Rng& rng) {
  return list[rng.below(list.size())];
}

/// What makes one creative clicked more than another.
inline Json draw_features(base::Rng& rng) {
  static const std::vector<std::string> kHeadlines = {"free", "save", "new", "last_days", "trusted", "fun"};
  static const std::vector<std::string> kColours = {"red", "blue", "green", "dark", "light"};
  static const std::vector<std::string> kImages = {"person", "product", "scene", "none"};
  static const std::vector<std::string> kCalls = {"buy", "learn", "try", "see"};
  return Json::array({"headline=" + pick(kHeadlines, rng), "colour=" + pick(kColours, rng),
                      "image=" + pick(kImages, rng), "call=" + pick(kCalls, rng)});
}

inline Json banner(std::uint32_t id, std::uint32_t advertiser, const std::string& domain, int w, int h,
                   base::Rng& rng) {
  Json features = draw_features(rng);
  const std::string size = std::to_string(w) + "x" + std::to_string(h);
  const std::string title = features[0].get<std::string>().substr(9);
  return {{"id", id},
          {"name", title + " " + size + " " + std::to_string(id)},
          {"advertiser", advertiser},
          {"type", "banner"},
          {"size", size},
          {"mime", "text/html"},
          {"ad_type", 3},
          {"markup", "<a href=\"{CLICK_URL}\" target=\"_blank\"><div style=\"width:" + std::to_string(w) +
                         "px;height:" + std::to_string(h) + "px\"><b>" + title + "</b><br>" + domain +
                         "</div></a>"},
          {"landing_page", "https://www." + domain + "/offer?c=" + std::to_string(id)},
          {"features", features}};
}

inline Json video(std::uint32_t id, std::uint32_t advertiser, const std::string& domain, int seconds,
                  base::Rng& rng) {
  return {{"id", id},
          {"name", "spot " + std::to_string(seconds) + " s " + std::to_string(id)},
          {"advertiser", advertiser},
          {"type", "video"},
          {"size", "640x360"},
          {"media_url", "https://cdn." + domain + "/spot" + std::to_string(id) + ".mp4"},
          {"mime", "video/mp4"},
          {"duration_s", seconds},
          {"bitrate_kbps", 1200},
          {"skippable", seconds > 15},
          {"attributes", seconds > 15 ? Json::array({16}) : Json::array()},
          {"landing_page", "https://www." + domain + "/film?c=" + std::to_string(id)},
          {"features", draw_features(rng)}};
}

inline Json native(std::uint32_t id, std::uint32_t advertiser, const std::string& name,
                   const std::string& domain, base::Rng& rng) {
  Json features = draw_features(rng);
  const std::string title = features[0].get<std::string>().substr(9);
  return {{"id", id},
          {"name", "native " + title + " " + std::to_string(id)},
          {"advertiser", advertiser},
          {"type", "native"},
          {"native",
           {{"title", name + ": " + title},
            {"description", "See what " + name + " has for you this week."},
            {"sponsored", name},
            {"call_to_action", features[3].get<std::string>().substr(5)},
            {"icon_url", "https://cdn." + domain + "/icon.png"},
            {"icon_size", "80x80"},
            {"image_url", "https://cdn." + domain + "/main" + std::to_string(id) + ".jpg"},
            {"image_size", "1200x627"}}},
          {"landing_page", "https://www." + domain + "/story?c=" + std::to_string(id)},
          {"features", features}};
}

}  // namespace bandstand::simulation
