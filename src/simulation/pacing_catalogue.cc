// pacing_catalogue: one advertiser a campaign, banners of every size, two line items by device.
#include "simulation/pacing_catalogue.h"

#include "base/check.h"
#include "simulation/demo_catalogue_writer.h"

namespace bandstand::simulation {
namespace {

constexpr const char* kNoLimit = "1000000.00";

Json banners(std::uint32_t advertiser, const std::string& domain, base::Rng& rng, Json& all) {
  static constexpr std::pair<int, int> kSizes[] = {{300, 250}, {728, 90}, {320, 50}, {300, 600}, {320, 480}};
  Json ids = Json::array();
  for (const auto& [w, h] : kSizes) {
    const auto id = static_cast<std::uint32_t>(all.size() + 1);
    all.push_back(banner(id, advertiser, domain, w, h, rng));
    ids.push_back(id);
  }
  return ids;
}

}  // namespace

std::string pacing_catalogue_json(std::span<const PacingCampaign> wanted) {
  BANDSTAND_CHECK(wanted.size() == 1 || wanted.size() == 2);
  static const Json kAmerica = {"US", "CA", "BR"};
  Json advertisers = Json::array(), creatives = Json::array(), campaigns = Json::array(),
       items = Json::array();
  base::Rng rng(7);
  for (std::uint32_t i = 0; i < wanted.size(); ++i) {
    const std::uint32_t id = i + 1;
    const std::string domain = "brand" + std::to_string(id) + ".example";
    advertisers.push_back(
        {{"id", id}, {"name", "Brand " + std::to_string(id)}, {"domain", domain}, {"categories", {"IAB8"}}});
    const Json pool = banners(id, domain, rng, creatives);
    Json campaign = {
        {"id", id},           {"name", "paced " + std::to_string(id)}, {"advertiser", id},
        {"budget", kNoLimit}, {"time_zone", wanted[i].time_zone},      {"pacing", wanted[i].delivery}};
    if (wanted[i].daily_budget > 0) campaign["daily_budget"] = micros(wanted[i].daily_budget);
    campaigns.push_back(campaign);
    const auto add_item = [&](const char* device, const char* value) {
      Json targeting = {{"devices", {device}}};
      if (wanted.size() == 2) targeting[i == 0 ? "countries" : "countries_not"] = kAmerica;
      items.push_back({{"id", items.size() + 1},
                       {"name", device},
                       {"campaign", id},
                       {"goal", "cpm"},
                       {"value", value},
                       {"bid_default", "1.00"},
                       {"targeting", targeting},
                       {"creatives", pool}});
    };
    add_item("phone", "3.00");
    add_item("pc", "5.00");
  }
  return Json{
      {"advertisers", advertisers}, {"creatives", creatives}, {"campaigns", campaigns}, {"line_items", items}}
      .dump(1);
}

}  // namespace bandstand::simulation
