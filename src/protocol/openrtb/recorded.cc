// recorded: Datacratic's fields to OpenRTB's.
#include "protocol/openrtb/recorded.h"

#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "protocol/device/country.h"

namespace bandstand::protocol::openrtb {
namespace {

using nlohmann::json;

/// The text at `key`, or a number there as text; empty if there is neither.
std::string text_at(const json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end()) return {};
  if (found->is_string()) return found->get<std::string>();
  return found->is_number() ? found->dump() : std::string{};
}

void put(json& object, const char* key, std::string value) {
  if (!value.empty()) object[key] = std::move(value);
}

std::string host_of(const std::string& url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string::npos) return {};
  const std::size_t first = scheme + 3;
  return url.substr(first, url.find_first_of("/?#:", first) - first);
}

/// "300x250" -> {"w":300,"h":250}; null if it is no size.
json format_of(const std::string& text) {
  int w = 0, h = 0;
  const char* const end = text.data() + text.size();
  const auto first = std::from_chars(text.data(), end, w);
  if (first.ec != std::errc{} || first.ptr == end || *first.ptr != 'x') return nullptr;
  const auto second = std::from_chars(first.ptr + 1, end, h);
  if (second.ec != std::errc{} || second.ptr != end || w <= 0 || h <= 0) return nullptr;
  return {{"w", w}, {"h", h}};
}

json impression_of(const json& spot) {
  json formats = json::array();
  for (const json& format : spot.value("formats", json::array())) {
    json size = format.is_string() ? format_of(format.get<std::string>()) : json(nullptr);
    if (!size.is_null()) formats.push_back(std::move(size));
  }
  json imp = {{"id", text_at(spot, "id")}, {"banner", {{"format", std::move(formats)}, {"pos", 0}}}};
  const json floor = spot.value("reservePrice", json(0));
  if (floor.is_number() && floor > 0) imp["bidfloor"] = floor;
  return imp;
}

/// Verticals that AdX found on the page: [[id, weight], ...].
json content_of(const json& verticals) {
  json segments = json::array();
  std::string keywords;
  for (const json& vertical : verticals) {
    if (!vertical.is_array() || vertical.size() < 2 || !vertical[0].is_number()) continue;
    const std::string id = vertical[0].dump();
    segments.push_back({{"id", id}, {"value", vertical[1].dump()}});
    keywords += (keywords.empty() ? "adx" : ",adx") + id;
  }
  return {{"data", {{{"name", "adxVerticals"}, {"segment", std::move(segments)}}}},
          {"keywords", std::move(keywords)}};
}

json site_of(const json& line) {
  json site = json::object();
  const std::string url = text_at(line, "url");
  put(site, "page", url);
  put(site, "domain", host_of(url));
  const auto segments = line.find("segments");
  if (segments != line.end() && segments->is_object()) {
    const auto verticals = segments->find("adxVerticals");
    if (verticals != segments->end() && verticals->is_array()) site["content"] = content_of(*verticals);
  }
  return site;
}

json device_of(const json& line) {
  json device = {{"js", 1}};
  put(device, "ua", text_at(line, "userAgent"));
  put(device, "ip", text_at(line, "ipAddress"));
  put(device, "language", text_at(line, "language"));
  const auto location = line.find("location");
  if (location == line.end() || !location->is_object()) return device;
  json geo = {{"type", 2}};  // from the address
  put(geo, "country", std::string(device::alpha3_of(text_at(*location, "countryCode"))));
  put(geo, "region", text_at(*location, "regionCode"));
  put(geo, "city", text_at(*location, "cityName"));
  put(geo, "metro", text_at(*location, "dma"));
  put(geo, "zip", text_at(*location, "postalCode"));
  const auto offset = location->find("timezoneOffsetMinutes");
  if (offset != location->end() && offset->is_number_integer()) geo["utcoffset"] = *offset;
  device["geo"] = std::move(geo);
  return device;
}

RecordedAuction convert(const json& line) {
  json request = {
      {"id", text_at(line, "id")}, {"at", 2}, {"tmax", 100}, {"cur", {"USD"}}, {"imp", json::array()}};
  for (const json& spot : line.value("spots", json::array())) request["imp"].push_back(impression_of(spot));
  request["site"] = site_of(line);
  request["device"] = device_of(line);
  const json users = line.value("userIds", json::object());
  if (users.is_object()) {
    json user = json::object();
    put(user, "id", text_at(users, "xchg"));
    put(user, "buyeruid", text_at(users, "prov"));
    if (!user.empty()) request["user"] = std::move(user);
  }
  const json restrictions = line.value("restrictions", json::object());
  if (restrictions.is_object()) {
    const json blocked = restrictions.value("clickUrl", json::array());
    if (blocked.is_array() && !blocked.empty()) request["badv"] = blocked;
  }
  RecordedAuction out;
  out.at = {std::llround(line.at("timestamp").get<double>() * 1e6) * 1'000};
  out.exchange = text_at(line, "exchange");
  out.request = request.dump(-1, ' ', false, json::error_handler_t::replace);
  return out;
}

}  // namespace

base::Result<RecordedAuction> convert_recorded(std::string_view text) {
  const json line = json::parse(text, nullptr, false);
  if (!line.is_object()) return base::fail(base::Code::invalid_input, "recorded auction: not a JSON object");
  const auto timestamp = line.find("timestamp");
  if (timestamp == line.end() || !timestamp->is_number()) {
    return base::fail(base::Code::invalid_input, "recorded auction: no timestamp");
  }
  try {
    return convert(line);
  } catch (const json::exception&) {  // a field of an unexpected type
    return base::fail(base::Code::invalid_input,
                      "recorded auction: a field has another type than recorded ones have");
  }
}

}  // namespace bandstand::protocol::openrtb
