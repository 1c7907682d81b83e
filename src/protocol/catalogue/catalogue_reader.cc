// catalogue_reader: field by field, with every problem kept.
#include "protocol/catalogue/catalogue_reader.h"

#include <date/tz.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <unordered_set>

#include "base/hash.h"
#include "protocol/catalogue/creative_template.h"
#include "protocol/catalogue/fields.h"

namespace bandstand::protocol::catalogue {
namespace {

using domain::Catalogue;
using domain::pack8;

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

std::string upper(std::string text) {
  for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return text;
}

std::vector<std::string> lower_all(std::vector<std::string> texts) {
  for (auto& text : texts) text = lower(std::move(text));
  return texts;
}

template <class Enum>
Enum choice(Fields& in, std::string_view name, Enum otherwise, std::initializer_list<std::pair<const char*, Enum>> choices) {
  const Value* field = in.get(name);
  if (field == nullptr) return otherwise;
  std::string expected;
  for (const auto& [word, value] : choices) {
    if (field->scalar == word) return value;
    expected += expected.empty() ? word : std::string(", ") + word;
  }
  in.problem(field->line, name, "'" + field->scalar + "' is none of: " + expected);
  return otherwise;
}

template <class Enum, class NameOf>
std::vector<Enum> choices(Fields& in, std::string_view name, int count, NameOf name_of_value) {
  std::vector<Enum> out;
  const Value* field = in.get(name);
  for (const std::string& word : in.texts(name)) {
    int found = -1;
    for (int i = 0; i < count; ++i) {
      if (lower(word) == name_of_value(static_cast<Enum>(i))) found = i;
    }
    if (found < 0) {
      in.problem(field->line, name, "'" + word + "' is not known");
    } else {
      out.push_back(static_cast<Enum>(found));
    }
  }
  return out;
}

std::vector<std::uint64_t> packed(Fields& in, std::string_view name, std::size_t length, bool to_upper) {
  std::vector<std::uint64_t> out;
  const Value* field = in.get(name);
  for (std::string& word : in.texts(name)) {
    if (word.size() != length) {
      in.problem(field->line, name, "'" + word + "' should have " + std::to_string(length) + " letters");
      continue;
    }
    out.push_back(pack8(to_upper ? upper(std::move(word)) : lower(std::move(word))));
  }
  return out;
}

template <class Int>
std::vector<Int> integers(Fields& in, std::string_view name, std::int64_t max) {
  std::vector<Int> out;
  const Value* field = in.get(name);
  if (field == nullptr) return out;
  if (field->kind != Value::Kind::list) {
    in.problem(field->line, name, "expected a list of whole numbers");
    return out;
  }
  for (const Value& item : field->items) out.push_back(in.integer_of<Int>(item, name, Int{}, 0, max));
  return out;
}

/// "2026-11-25" or "2026-11-25T18:30:00Z".
base::WallTime time_field(Fields& in, std::string_view name) {
  const std::string text = in.text(name);
  if (text.empty()) return {};
  int y = 0, m = 0, d = 0, hour = 0, minute = 0, second = 0, used = 0;
  const int read = std::sscanf(text.c_str(), "%4d-%2d-%2dT%2d:%2d:%2dZ%n", &y, &m, &d, &hour, &minute, &second, &used);
  if (read == 3) std::sscanf(text.c_str(), "%4d-%2d-%2d%n", &y, &m, &d, &used);
  const date::year_month_day day{date::year(y), date::month(static_cast<unsigned>(m)), date::day(static_cast<unsigned>(d))};
  if ((read == 3 || read == 6) && static_cast<std::size_t>(used) == text.size() && day.ok() && hour < 24 && minute < 60 &&
      second < 60) {
    const std::int64_t days = date::sys_days(day).time_since_epoch().count();
    return {(days * 86'400 + hour * 3600 + minute * 60 + second) * base::kNanosPerUnit};
  }
  in.problem(in.line(), name, "expected a time such as 2026-11-25 or 2026-11-25T18:30:00Z");
  return {};
}

void read_size(Fields& in, std::string_view name, domain::Size& out) {
  const std::string text = in.text(name);
  if (text.empty()) return;
  unsigned w = 0;
  unsigned h = 0;
  char rest = 0;
  if (std::sscanf(text.c_str(), "%ux%u%c", &w, &h, &rest) != 2 || w > 10'000 || h > 10'000) {
    in.problem(in.line(), name, "expected a size such as 300x250");
    return;
  }
  out = {static_cast<std::uint16_t>(w), static_cast<std::uint16_t>(h)};
}

/// Hours as "mon-fri 08-18", "sat 00-24"; several in a list.
void read_hours(Fields& in, std::bitset<168>& out) {
  static constexpr const char* kDays[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
  const auto day_of = [](const std::string& word) {
    for (int i = 0; i < 7; ++i) {
      if (word == kDays[i]) return i;
    }
    return -1;
  };
  const Value* field = in.get("hours");
  for (const std::string& text : in.texts("hours")) {
    char days[16] = {};
    unsigned from = 0;
    unsigned to = 0;
    char rest = 0;
    const bool shaped = std::sscanf(text.c_str(), "%15s %u-%u%c", days, &from, &to, &rest) == 3;
    const std::string word = lower(days);
    const int first = day_of(word.substr(0, 3));
    const int last = word.size() == 7 && word[3] == '-' ? day_of(word.substr(4)) : first;
    if (!shaped || first < 0 || last < 0 || from >= to || to > 24) {
      in.problem(field->line, "hours", "'" + text + "' should look like 'mon-fri 08-18'");
      continue;
    }
    for (int day = first;; day = (day + 1) % 7) {
      for (unsigned hour = from; hour < to; ++hour) out.set(static_cast<std::size_t>(day) * 24 + hour);
      if (day == last) break;
    }
  }
}

bool https_url(const std::string& url) { return url.rfind("https://", 0) == 0; }
bool web_url(const std::string& url) { return https_url(url) || url.rfind("http://", 0) == 0; }

class Reader {
 public:
  Reader(const ExchangeNames& exchanges, std::vector<Problem>& problems, std::vector<Problem>* notes)
      : exchanges_(exchanges), problems_(problems), notes_(notes), out_(std::make_shared<Catalogue>()) {}

  domain::CatalogueSnapshot read(std::string_view text) {
    Value root;
    if (!parse_document(text, root, problems_)) return nullptr;
    Fields in(root, "", problems_);
    in.get("$schema");
    each(in, "advertisers", [&](Fields& item) { read_advertiser(item); });
    each(in, "creatives", [&](Fields& item) { read_creative(item); });
    each(in, "campaigns", [&](Fields& item) { read_campaign(item); });
    each(in, "line_items", [&](Fields& item) { read_line_item(item); });
    in.finish();
    out_->version = base::hash64(text, 0xCA7A10609EULL);
    return problems_.empty() ? out_ : nullptr;
  }

 private:
  template <class Each>
  void each(Fields& in, const char* name, Each each_item) {
    const Value* list = in.get(name, true);
    if (list == nullptr) return;
    if (list->kind != Value::Kind::list) {
      in.problem(list->line, name, "expected a list");
      return;
    }
    for (std::size_t i = 0; i < list->items.size(); ++i) {
      Fields item(list->items[i], std::string(name) + "[" + std::to_string(i) + "]", problems_);
      each_item(item);
      item.finish();
    }
  }

  std::uint32_t read_id(Fields& in, std::unordered_map<std::uint32_t, std::uint32_t>& index, std::size_t position) {
    const auto id = in.integer<std::uint32_t>("id", 0, 1, 4'294'967'295, true);
    if (id != 0 && !index.emplace(id, static_cast<std::uint32_t>(position)).second) {
      in.problem(in.line(), "id", std::to_string(id) + " is used twice");
    }
    return id;
  }

  std::uint32_t refer(Fields& in, std::string_view name, const std::unordered_map<std::uint32_t, std::uint32_t>& index,
                      const char* what) {
    const auto id = in.integer<std::uint32_t>(name, 0, 1, 4'294'967'295, true);
    return id == 0 ? 0 : resolve(in, name, index, id, what);
  }

  std::uint32_t resolve(Fields& in, std::string_view name, const std::unordered_map<std::uint32_t, std::uint32_t>& index,
                        std::uint32_t id, const char* what) {
    const auto found = index.find(id);
    if (found != index.end()) return found->second;
    in.problem(in.line(), name, "there is no " + std::string(what) + " " + std::to_string(id));
    return 0;
  }

  void read_advertiser(Fields& in) {
    domain::Advertiser item;
    item.id = {read_id(in, advertiser_index_, out_->advertisers.size())};
    item.name = in.text("name", true);
    item.domain = lower(in.text("domain", true));
    item.categories = in.texts("categories");
    item.exclusion_label = in.text("exclusion_label");
    item.sensitive = in.boolean("sensitive", false);
    item.approved = in.boolean("approved", true);
    out_->advertisers.push_back(std::move(item));
  }

  void read_campaign(Fields& in) {
    domain::Campaign item;
    item.id = {read_id(in, out_->campaign_index, out_->campaigns.size())};
    item.name = in.text("name", true);
    item.advertiser = refer(in, "advertiser", advertiser_index_, "advertiser");
    item.budget = in.amount("budget", true);
    item.daily_budget = in.amount("daily_budget");
    item.currency = pack8(upper(in.text("currency", false, "USD")));
    item.time_zone = in.text("time_zone", false, "UTC");
    try {
      date::locate_zone(item.time_zone);
    } catch (const std::exception&) {
      in.problem(in.line(), "time_zone", "'" + item.time_zone + "' is no IANA time zone");
    }
    item.start = time_field(in, "start");
    item.end = time_field(in, "end");
    if (item.end.ns != 0 && item.end <= item.start) in.problem(in.line(), "end", "must be after start");
    item.pacing = choice(in, "pacing", domain::Pacing::even,
                         {{"even", domain::Pacing::even}, {"asap", domain::Pacing::asap},
                          {"front_loaded", domain::Pacing::front_loaded}});
    item.active = in.boolean("active", true);
    out_->campaigns.push_back(std::move(item));
  }

  void read_native(Fields& parent, domain::NativeContent& out) {
    const Value* field = parent.get("native");
    if (field == nullptr) return;
    Fields in(*field, parent.path_of("native"), problems_);
    out.title = in.text("title", true);
    out.description = in.text("description");
    out.sponsored = in.text("sponsored");
    out.call_to_action = in.text("call_to_action");
    out.icon_url = in.text("icon_url");
    out.image_url = in.text("image_url");
    read_size(in, "icon_size", out.icon_size);
    read_size(in, "image_size", out.image_size);
    out.rating = in.text("rating");
    in.finish();
  }

  void read_creative(Fields& in) {
    const bool is_template = in.get("slots") != nullptr;
    auto& index = is_template ? template_index_ : out_->creative_index;
    const auto& other = is_template ? out_->creative_index : template_index_;
    const std::uint32_t id = read_id(in, index, is_template ? templates_.size() : out_->creatives.size());
    if (other.contains(id)) in.problem(in.line(), "id", std::to_string(id) + " is used twice");
    domain::Creative item = read_fields(in);
    item.id = {id};
    if (is_template) {
      expand_template(in, item);
      return;
    }
    if (has_placeholder(item)) in.problem(in.line(), "slots", "is required where there are placeholders");
    check_creative(in, item);
    out_->creatives.push_back(std::move(item));
  }

  /// One creative a variant, told apart by id, name and features.
  void expand_template(Fields& in, const domain::Creative& base) {
    const std::size_t problems_before = problems_.size();
    const CreativeTemplate slots = read_template(in, problems_);
    templates_.emplace_back();
    if (problems_.size() > problems_before) return;
    std::vector<bool> used(slots.slots.size());
    for (const Variant& variant : variants_of(base.id.value, slots)) {
      domain::Creative item = base;
      item.id = {variant.id};
      const std::vector<std::string> choices = choices_of(slots, variant);
      std::string all;
      for (const std::string& choice : choices) all += (all.empty() ? "" : " ") + choice;
      item.name += " [" + all + "]";
      item.features.insert(item.features.end(), choices.begin(), choices.end());
      fill_variant(slots, variant, item, used, [&](std::string_view field, const std::string& what) {
        in.problem(in.line(), field, what);
      });
      check_creative(in, item);
      if (!out_->creative_index.emplace(variant.id, static_cast<std::uint32_t>(out_->creatives.size())).second) {
        in.problem(in.line(), "slots", "the id of a variant is taken; rename an alternative");
      }
      if (problems_.size() > problems_before) {
        in.problem(in.line(), "slots", "the variant with the faults above: " + all);
        return;  // the others have the same ones
      }
      templates_.back().push_back(static_cast<std::uint32_t>(out_->creatives.size()));
      out_->creatives.push_back(std::move(item));
    }
    for (std::size_t s = 0; s < used.size(); ++s) {
      if (!used[s]) in.problem(in.line(), "slots." + slots.slots[s].name, "no placeholder names this slot");
    }
    const std::size_t kept = templates_.back().size();
    const std::size_t all = combinations(slots);
    if (notes_ != nullptr && kept < all) {
      notes_->push_back({in.line(), in.path_of("slots"),
                         std::to_string(kept) + " of " + std::to_string(all) +
                             " variants are used, each alternative in at least one where they suffice"});
    }
  }

  domain::Creative read_fields(Fields& in) {
    using domain::MediaType;
    domain::Creative item;
    item.name = in.text("name", true);
    item.advertiser = refer(in, "advertiser", advertiser_index_, "advertiser");
    item.type = choice(in, "type", MediaType::banner,
                       {{"banner", MediaType::banner}, {"video", MediaType::video}, {"audio", MediaType::audio},
                        {"native", MediaType::native}});
    read_size(in, "size", item.size);
    item.markup = in.text("markup");
    item.media_url = in.text("media_url");
    item.mime = in.text("mime");
    item.duration_s = in.integer<std::int32_t>("duration_s", 0, 0, 3600);
    item.bitrate_kbps = in.integer<std::int32_t>("bitrate_kbps", 0, 0, 100'000);
    read_native(in, item.native);
    item.landing_page = in.text("landing_page", true);
    item.attributes = integers<std::uint8_t>(in, "attributes", 255);
    item.apis = integers<std::uint8_t>(in, "apis", 255);
    item.ad_type = in.integer<std::uint8_t>("ad_type", 0, 0, 255);
    item.language = lower(in.text("language"));
    item.categories = in.texts("categories");
    item.app_bundle = in.text("app_bundle");
    item.secure = in.boolean("secure", true);
    item.skippable = in.boolean("skippable", false);
    item.approval = choice(in, "approval", domain::Creative::Approval::approved,
                           {{"pending", domain::Creative::Approval::pending},
                            {"approved", domain::Creative::Approval::approved},
                            {"denied", domain::Creative::Approval::denied}});
    item.features = in.texts("features");
    return item;
  }

  static void check_creative(Fields& in, const domain::Creative& item) {
    using domain::MediaType;
    if (!item.landing_page.empty() && !web_url(item.landing_page)) {
      in.problem(in.line(), "landing_page", "must be an http or https address");
    }
    if (item.features.size() > 16) in.problem(in.line(), "features", "at most 16");
    if (item.type == MediaType::banner) {
      if (item.size.w == 0) in.problem(in.line(), "size", "a banner needs one");
      if (item.markup.empty() && item.media_url.empty()) in.problem(in.line(), "markup", "a banner needs markup or media_url");
    }
    if (item.type == MediaType::video || item.type == MediaType::audio) {
      if (item.media_url.empty()) in.problem(in.line(), "media_url", "video and audio need one");
      if (item.mime.empty()) in.problem(in.line(), "mime", "video and audio need one");
      if (item.duration_s == 0) in.problem(in.line(), "duration_s", "video and audio need one");
    }
    if (item.type == MediaType::native && item.native.title.empty()) in.problem(in.line(), "native", "a native needs one");
    if (item.secure && !item.media_url.empty() && !https_url(item.media_url)) {
      in.problem(in.line(), "media_url", "is not https, but secure is true");
    }
  }

  void read_targeting(Fields& parent, domain::Targeting& out) {
    const Value* field = parent.get("targeting");
    if (field == nullptr) return;
    Fields in(*field, parent.path_of("targeting"), problems_);
    out.countries = packed(in, "countries", 2, true);
    out.countries_not = packed(in, "countries_not", 2, true);
    out.regions = in.texts("regions");
    out.regions_not = in.texts("regions_not");
    out.cities = lower_all(in.texts("cities"));
    out.zips = in.texts("zips");
    out.metros = in.texts("metros");
    read_circles(in, out);
    out.devices = choices<domain::DeviceType>(in, "devices", domain::kDeviceTypes, [](auto v) { return name_of(v); });
    out.oses = choices<domain::Os>(in, "oses", domain::kOses, [](auto v) { return name_of(v); });
    out.browsers = choices<domain::Browser>(in, "browsers", domain::kBrowsers, [](auto v) { return name_of(v); });
    out.languages = packed(in, "languages", 2, false);
    out.domains = lower_all(in.texts("domains"));
    out.domains_not = lower_all(in.texts("domains_not"));
    out.apps = in.texts("apps");
    out.apps_not = in.texts("apps_not");
    out.segments = in.texts("segments");
    out.segments_not = in.texts("segments_not");
    out.keywords = lower_all(in.texts("keywords"));
    out.keywords_not = lower_all(in.texts("keywords_not"));
    read_key_values(in, out);
    read_hours(in, out.hours);
    out.placements = in.texts("placements");
    out.placements_not = in.texts("placements_not");
    out.categories = in.texts("categories");
    out.categories_not = in.texts("categories_not");
    read_exchanges(in, out);
    out.deals = in.texts("deals");
    out.connections = integers<std::uint8_t>(in, "connections", 7);
    out.positions = integers<std::uint8_t>(in, "positions", 10);
    out.rewarded_only = in.boolean("rewarded_only", false);
    out.interstitial_ok = in.boolean("interstitial_ok", true);
    in.finish();
  }

  void read_circles(Fields& in, domain::Targeting& out) {
    const Value* list = in.get("circles");
    if (list == nullptr) return;
    for (std::size_t i = 0; i < list->items.size(); ++i) {
      Fields item(list->items[i], in.path_of("circles") + "[" + std::to_string(i) + "]", problems_);
      const auto number = [&](const char* name, float min, float max) {
        const std::string text = item.text(name, true, "0");
        char* end = nullptr;
        const float value = std::strtof(text.c_str(), &end);
        if (*end != '\0' || !(value >= min && value <= max)) item.problem(item.line(), name, "is out of range");
        return value;
      };
      out.circles.push_back({number("lat", -90, 90), number("lon", -180, 180), number("radius_km", 0.01f, 20'000)});
      item.finish();
    }
  }

  void read_key_values(Fields& in, domain::Targeting& out) {
    const Value* map = in.get("key_values");
    if (map == nullptr) return;
    if (map->kind != Value::Kind::object) {
      in.problem(map->line, "key_values", "expected an object of lists");
      return;
    }
    for (const auto& [key, values] : map->fields) {
      if (values.kind == Value::Kind::list) {
        for (const Value& value : values.items) out.key_values.emplace_back(lower(key), lower(value.scalar));
      } else {
        out.key_values.emplace_back(lower(key), lower(values.scalar));
      }
    }
  }

  void read_exchanges(Fields& in, domain::Targeting& out) {
    for (const std::string& name : in.texts("exchanges")) {
      const auto found = std::find(exchanges_.begin(), exchanges_.end(), name);
      if (found == exchanges_.end()) {
        in.problem(in.line(), "exchanges", "there is no exchange '" + name + "' in the settings");
      } else {
        out.exchanges.push_back(static_cast<std::uint16_t>(found - exchanges_.begin()));
      }
    }
  }

  void read_caps(Fields& in, domain::LineItem& item) {
    const Value* list = in.get("frequency_caps");
    if (list == nullptr) return;
    using Level = domain::FrequencyCap::Level;
    for (std::size_t i = 0; i < list->items.size(); ++i) {
      Fields cap_in(list->items[i], in.path_of("frequency_caps") + "[" + std::to_string(i) + "]", problems_);
      domain::FrequencyCap cap;
      cap.level = choice(cap_in, "level", Level::line_item,
                         {{"creative", Level::creative}, {"line_item", Level::line_item}, {"campaign", Level::campaign},
                          {"advertiser", Level::advertiser}});
      cap.impressions = cap_in.integer<std::uint16_t>("impressions", 1, 1, 10'000, true);
      cap.window_s = cap_in.integer<std::uint32_t>("window_s", 86'400, 60, 30 * 86'400);
      cap_in.finish();
      item.caps.push_back(cap);
    }
  }

  void read_line_item(Fields& in) {
    domain::LineItem item;
    item.id = {read_id(in, out_->line_item_index, out_->line_items.size())};
    item.name = in.text("name", true);
    item.campaign = refer(in, "campaign", out_->campaign_index, "campaign");
    item.priority = in.integer<std::uint8_t>("priority", 8, 1, 16);
    item.goal = choice(in, "goal", domain::Goal::cpm,
                       {{"cpm", domain::Goal::cpm}, {"cpc", domain::Goal::cpc}, {"cpa", domain::Goal::cpa}});
    item.value = item.goal == domain::Goal::cpm ? in.cpm("value", true) : in.amount("value", true);
    item.bid_max = in.cpm("bid_max", item.goal != domain::Goal::cpm);
    if (item.goal == domain::Goal::cpm && (item.bid_max.is_zero() || item.bid_max > item.value)) item.bid_max = item.value;
    item.bid_default = in.cpm("bid_default");
    if (item.bid_default > item.bid_max) in.problem(in.line(), "bid_default", "must not be above bid_max");
    read_targeting(in, item.targeting);
    read_caps(in, item);
    item.active = in.boolean("active", true);
    const auto ids = integers<std::uint32_t>(in, "creatives", 4'294'967'295);
    if (ids.empty()) in.problem(in.line(), "creatives", "at least one is needed");
    for (const auto id : ids) {
      if (const auto found = template_index_.find(id); found != template_index_.end()) {
        const auto& variants = templates_[found->second];
        item.creatives.insert(item.creatives.end(), variants.begin(), variants.end());
        continue;
      }
      item.creatives.push_back(resolve(in, "creatives", out_->creative_index, id, "creative"));
    }
    check_line_item(in, item);
    out_->line_items.push_back(std::move(item));
  }

  void check_line_item(Fields& in, const domain::LineItem& item) {
    if (item.value.is_zero()) in.problem(in.line(), "value", "must be above 0");
    if (out_->campaigns.empty()) return;
    const std::uint32_t advertiser = out_->campaigns[item.campaign].advertiser;
    for (const std::uint32_t creative : item.creatives) {
      if (creative < out_->creatives.size() && out_->creatives[creative].advertiser != advertiser) {
        in.problem(in.line(), "creatives", "creative " + std::to_string(out_->creatives[creative].id.value) +
                                               " belongs to another advertiser");
      }
    }
  }

  const ExchangeNames& exchanges_;
  std::vector<Problem>& problems_;
  std::vector<Problem>* notes_;
  std::shared_ptr<Catalogue> out_;
  std::unordered_map<std::uint32_t, std::uint32_t> advertiser_index_;
  std::unordered_map<std::uint32_t, std::uint32_t> template_index_;  ///< id -> index in templates_
  std::vector<std::vector<std::uint32_t>> templates_;                ///< indexes of their variants
};

}  // namespace

domain::CatalogueSnapshot read_catalogue(std::string_view text, const ExchangeNames& exchanges,
                                         std::vector<Problem>& problems, std::vector<Problem>* notes) {
  return Reader(exchanges, problems, notes).read(text);
}

}  // namespace bandstand::protocol::catalogue
