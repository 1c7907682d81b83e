// demo_catalogue_random: catalogues by the yard, written row by row.
#include <algorithm>

#include "base/check.h"
#include "simulation/demo_catalogue.h"
#include "simulation/demo_catalogue_writer.h"

namespace bandstand::simulation {
namespace {

constexpr std::uint32_t kItemsPerAdvertiser = 20, kItemsPerCampaign = 4, kCreativesPerAdvertiser = 18;
constexpr std::uint32_t kCreativesPerItem = 3;

std::string category_of(std::uint32_t advertiser) {
  return std::string(topics()[advertiser % kTopics].category);
}

Json random_targeting(base::Rng& rng) {
  Json out = Json::object();
  const auto some = [&](auto draw, std::uint64_t most) {
    Json list = Json::array();
    for (std::uint64_t n = 1 + rng.below(most); n > 0; --n) {
      Json value = draw();
      if (std::find(list.begin(), list.end(), value) == list.end()) list.push_back(std::move(value));
    }
    return list;
  };
  const auto topic = [&] { return topics()[rng.below(kTopics)]; };
  if (rng.chance(.7)) out["countries"] = some([&] { return pick(countries(), rng).alpha2; }, 3);
  if (rng.chance(.3))
    out["devices"] = some([&] { return std::array{"pc", "phone", "tablet", "ctv"}[rng.below(4)]; }, 2);
  if (rng.chance(.15))
    out["oses"] = some([&] { return std::array{"ios", "android", "windows", "macos"}[rng.below(4)]; }, 2);
  if (rng.chance(.1))
    out["browsers"] = some(
        [&] {
          return std::array{"chrome", "safari", "firefox", "edge"}[rng.below(4)];
        },
        2);
  if (rng.chance(.1)) out["languages"] = some([&] { return pick(countries(), rng).language; }, 2);
  if (rng.chance(.2)) out["segments"] = some([&] { return topic().segment; }, 3);
  if (rng.chance(.25)) out["categories"] = some([&] { return topic().category; }, 3);
  if (rng.chance(.15)) out["categories_not"] = some([&] { return topic().detail; }, 2);
  if (rng.chance(.1)) out["keywords"] = some([&] { return pick(topic().keywords, rng); }, 3);
  if (rng.chance(.2)) {
    out["domains"] = some([&] { return "site" + std::to_string(rng.below(5000)) + ".example"; }, 20);
  } else if (rng.chance(.2)) {
    out["domains_not"] = some([&] { return "site" + std::to_string(rng.below(5000)) + ".example"; }, 30);
  }
  if (rng.chance(.1)) {
    const Country& country = pick(countries(), rng);
    out["regions"] = {std::string(country.alpha2) + "-" + std::string(pick(country.regions, rng))};
  }
  if (rng.chance(.05)) {
    const Country& country = pick(countries(), rng);
    out["circles"] = Json::array({{{"lat", cents(static_cast<double>(country.lat))},
                                   {"lon", cents(static_cast<double>(country.lon))},
                                   {"radius_km", "50"}}});
  }
  if (rng.chance(.2)) out["hours"] = {"mon-fri 06-22", "sat-sun 08-24"};
  if (rng.chance(.1)) out["exchanges"] = {kExchangeNames[rng.below(2)]};
  if (rng.chance(.03)) out["deals"] = {pick(deal_kinds(), rng).id};
  return out;
}

/// A list of rows, one a line: no tree of the whole catalogue is ever held.
class Rows {
 public:
  Rows(std::string& out, const char* name, bool last = false) : out_(out), last_(last) {
    out_ += std::string("\"") + name + "\":[\n";
  }
  void add(const Json& row) {
    if (!first_) out_ += ",\n";
    first_ = false;
    out_ += row.dump();
  }
  ~Rows() { out_ += last_ ? "]\n" : "],\n"; }

 private:
  std::string& out_;
  bool last_, first_ = true;
};

Json random_creative(std::uint32_t number, std::uint32_t advertiser, const std::string& domain,
                     base::Rng& rng) {
  static constexpr std::array<std::pair<int, int>, 6> kSizes = {
      {{300, 250}, {728, 90}, {320, 50}, {300, 600}, {160, 600}, {970, 90}}};
  const std::uint32_t kind = (number - 1) % kCreativesPerAdvertiser % 9;
  if (kind == 7) return video(number, advertiser, domain, 15, rng);
  if (kind == 8) return native(number, advertiser, "Brand " + std::to_string(advertiser), domain, rng);
  const auto& size = kSizes[kind % kSizes.size()];
  return banner(number, advertiser, domain, size.first, size.second, rng);
}

Json random_item(std::uint32_t i, base::Rng& rng) {
  const double cpm = 1 + 7 * rng.uniform();
  const std::uint64_t goal = rng.below(10);
  Json item = {
      {"id", i + 1}, {"name", "line " + std::to_string(i + 1)}, {"campaign", i / kItemsPerCampaign + 1}};
  if (goal < 5) {
    item["goal"] = "cpm";
    item["value"] = micros(cpm);
  } else {
    item["goal"] = goal < 8 ? "cpc" : "cpa";
    item["value"] = cents(goal < 8 ? cpm / 10 : cpm);
    item["bid_max"] = micros(3 * cpm);
  }
  item["bid_default"] = micros(.3 * cpm);
  item["targeting"] = random_targeting(rng);
  if (rng.chance(.5)) {
    item["frequency_caps"] =
        Json::array({{{"impressions", 1 + rng.below(10)}, {"window_s", rng.chance(.5) ? 3600 : 86'400}}});
  }
  // Three different ones: neighbours in the advertiser's pool, so that sizes differ.
  const std::uint32_t first = i / kItemsPerAdvertiser * kCreativesPerAdvertiser;
  const auto offset = static_cast<std::uint32_t>(rng.below(kCreativesPerAdvertiser));
  Json creatives = Json::array();
  for (std::uint32_t k = 0; k < kCreativesPerItem; ++k)
    creatives.push_back(first + (offset + k) % kCreativesPerAdvertiser + 1);
  item["creatives"] = std::move(creatives);
  return item;
}

}  // namespace

std::string random_catalogue_json(std::uint64_t seed, std::uint32_t line_items) {
  BANDSTAND_CHECK(line_items > 0);
  base::Rng rng(base::mix64(seed ^ 0x2A4D'0CA7ull));
  const std::uint32_t advertisers = (line_items + kItemsPerAdvertiser - 1) / kItemsPerAdvertiser;
  const std::uint32_t campaigns = (line_items + kItemsPerCampaign - 1) / kItemsPerCampaign;
  const auto domain = [](std::uint32_t advertiser) {
    return "brand" + std::to_string(advertiser) + ".example";
  };
  std::string out = "{\n";
  out.reserve(std::size_t{line_items} * 1'500);
  {
    Rows rows(out, "advertisers");
    for (std::uint32_t a = 1; a <= advertisers; ++a) {
      rows.add({{"id", a},
                {"name", "Brand " + std::to_string(a)},
                {"domain", domain(a)},
                {"categories", {category_of(a)}}});
    }
  }
  {
    Rows rows(out, "creatives");
    for (std::uint32_t c = 1; c <= advertisers * kCreativesPerAdvertiser; ++c) {
      const std::uint32_t advertiser = (c - 1) / kCreativesPerAdvertiser + 1;
      rows.add(random_creative(c, advertiser, domain(advertiser), rng));
    }
  }
  {
    Rows rows(out, "campaigns");
    for (std::uint32_t c = 1; c <= campaigns; ++c) {
      rows.add({{"id", c},
                {"name", "campaign " + std::to_string(c)},
                {"advertiser", (c - 1) * kItemsPerCampaign / kItemsPerAdvertiser + 1},
                {"budget", cents(1'000 * std::exp(rng.normal()))}});
    }
  }
  {
    Rows rows(out, "line_items", true);
    for (std::uint32_t i = 0; i < line_items; ++i) rows.add(random_item(i, rng));
  }
  return out + "}\n";
}

std::string creative_world_catalogue_json(std::uint64_t seed, std::uint32_t line_items) {
  BANDSTAND_CHECK(line_items > 0);
  constexpr std::uint32_t kCreatives = 10;
  base::Rng rng(base::mix64(seed ^ 0xC2EA'71F3ull));
  Json advertisers = Json::array(), creatives = Json::array(), campaigns = Json::array(),
       items = Json::array();
  for (std::uint32_t i = 1; i <= line_items; ++i) {
    const std::string domain = "maker" + std::to_string(i) + ".example";
    advertisers.push_back({{"id", i},
                           {"name", "Maker " + std::to_string(i)},
                           {"domain", domain},
                           {"categories", {category_of(i)}}});
    Json pool = Json::array();
    for (std::uint32_t k = 0; k < kCreatives; ++k) {
      const std::uint32_t id = (i - 1) * kCreatives + k + 1;
      creatives.push_back(banner(id, i, domain, 300, 250, rng));
      pool.push_back(id);
    }
    campaigns.push_back({{"id", i},
                         {"name", "world " + std::to_string(i)},
                         {"advertiser", i},
                         {"budget", "1000000.00"},
                         {"pacing", "asap"}});
    items.push_back({{"id", i},
                     {"name", "ten creatives"},
                     {"campaign", i},
                     {"goal", "cpc"},
                     {"value", "0.50"},
                     {"bid_max", "20.000000"},
                     {"bid_default", "2.000000"},
                     {"creatives", pool}});
  }
  return Json{
      {"advertisers", advertisers}, {"creatives", creatives}, {"campaigns", campaigns}, {"line_items", items}}
      .dump(1);
}

}  // namespace bandstand::simulation
