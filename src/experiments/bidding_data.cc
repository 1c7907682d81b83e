// bidding_data: parsing, with the place of what is wrong.
#include "experiments/bidding_data.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>

#include "base/input.h"
#include "base/words.h"

namespace bandstand::experiments {
namespace {

using base::next_word;
using base::read_number;
using nlohmann::json;

Loaded<json> load_json(const std::string& path) {
  const auto text = base::read_whole_file(path, 64 << 20);
  if (!text) return problem(path + ": " + text.error().what);
  try {
    return json::parse(*text);
  } catch (const json::parse_error& error) {
    const std::size_t at = std::min(error.byte, text->size());
    const auto line = 1 + std::count(text->begin(), text->begin() + static_cast<std::ptrdiff_t>(at), '\n');
    return problem(path + ":" + std::to_string(line) + ": not valid JSON");
  }
}

Loaded<std::int64_t> count_of(const json& object, const std::string& path, const char* field) {
  const auto found = object.find(field);
  if (found == object.end()) return problem(path + ": field '" + field + "' is missing");
  if (!found->is_number_integer() || found->get<std::int64_t>() < 0) {
    return problem(path + ": field '" + field + "': expected an integer of at least 0");
  }
  return found->get<std::int64_t>();
}

}  // namespace

std::vector<double> CampaignInfo::price_law() const {
  std::vector<double> law(price_counts.size());
  const double total = static_cast<double>(impressions) + static_cast<double>(price_counts.size());
  for (std::size_t z = 0; z < law.size(); ++z) law[z] = (static_cast<double>(price_counts[z]) + 1) / total;
  return law;
}

Loaded<CampaignInfo> load_campaign_info(const std::string& path) {
  const auto file = load_json(path);
  if (!file) return problem(file.error());
  if (!file->is_object()) return problem(path + ": expected a JSON object");
  CampaignInfo info;
  for (const auto& [field, to] :
       {std::pair{"imp_train", &info.impressions}, std::pair{"clk_train", &info.clicks},
        std::pair{"cost_train", &info.cost}}) {
    const auto count = count_of(*file, path, field);
    if (!count) return problem(count.error());
    if (*count == 0) return problem(path + ": field '" + field + "': must not be 0");
    *to = *count;
  }
  const char* const field = "price_counter_train";
  const auto counts = file->find(field);
  if (counts == file->end()) return problem(path + ": field '" + field + "' is missing");
  if (!counts->is_array() || counts->size() != info.price_counts.size()) {
    return problem(path + ": field '" + field + "': expected an array of " +
                   std::to_string(info.price_counts.size()) + " counts");
  }
  for (std::size_t z = 0; z < info.price_counts.size(); ++z) {
    const json& count = (*counts)[z];
    if (!count.is_number_integer() || count.get<std::int64_t>() < 0) {
      return problem(path + ": field '" + field + "[" + std::to_string(z) +
                     "]': expected an integer of at least 0");
    }
    info.price_counts[z] = count.get<std::int64_t>();
  }
  const auto sum = std::accumulate(info.price_counts.begin(), info.price_counts.end(), std::int64_t{0});
  if (sum != info.impressions) {
    return problem(path + ": field '" + field + "': its sum is " + std::to_string(sum) +
                   ", but imp_train is " + std::to_string(info.impressions));
  }
  return info;
}

Loaded<std::vector<RecordedAuction>> load_auctions(const std::string& path) {
  auto reader = base::LineReader::open(path);
  if (!reader) return problem(path + ": " + reader.error().what);
  std::vector<RecordedAuction> auctions;
  std::string_view line;
  for (;;) {
    const auto more = reader->next(line);
    const auto at = [&] { return path + ":" + std::to_string(reader->number() + (more ? 0 : 1)) + ": "; };
    if (!more) return problem(at() + more.error().what);
    if (!*more) break;
    RecordedAuction auction;
    std::string_view rest = line;
    const auto expected = [&](const char* field, std::string_view word, const std::string& what) {
      return problem(at() + field + ": '" + std::string(word.substr(0, 40)) + "' is not " + what);
    };
    const std::string_view click = next_word(rest);
    if (click != "0" && click != "1") return expected("field 1 (click)", click, "0 or 1");
    auction.click = click == "1";
    const std::string_view price = next_word(rest);
    if (!read_number(price, auction.price) || auction.price < 0 || auction.price > kPriceMax) {
      return expected("field 2 (price)", price, "an integer from 0 to " + std::to_string(kPriceMax));
    }
    const std::string_view theta = next_word(rest);
    if (!read_number(theta, auction.theta) || !(auction.theta >= 0 && auction.theta <= 1)) {
      return expected("field 3 (pctr)", theta, "a number from 0 to 1");
    }
    auctions.push_back(auction);
  }
  if (auctions.empty()) return problem(path + ": no auctions in it");
  return auctions;
}

Loaded<std::map<double, double>> load_lin_tuning(const std::string& path, const std::string& campaign) {
  const auto file = load_json(path);
  if (!file) return problem(file.error());
  const auto of_campaign = file->find(campaign);
  if (!file->is_object() || of_campaign == file->end() || !of_campaign->is_object()) {
    return problem(path + ": no object for campaign '" + campaign + "'");
  }
  std::map<double, double> by_share;
  for (const auto& [key, entry] : of_campaign->items()) {
    double share = 0;
    if (!read_number(std::string_view(key), share) || !(share > 0)) {
      return problem(path + ": " + campaign + ": '" + key + "' is not a budget share");
    }
    const auto b0 = entry.find("b0");
    if (!entry.is_object() || b0 == entry.end() || !b0->is_number() || !(b0->get<double>() > 0)) {
      return problem(path + ": " + campaign + "." + key + ": field 'b0': expected a number above 0");
    }
    by_share[share] = b0->get<double>();
  }
  return by_share;
}

}  // namespace bandstand::experiments
