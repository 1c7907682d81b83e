// replay_openrtb_recorded: see the header.
#include "app/replay_openrtb_recorded.h"

#include <cstdio>
#include <nlohmann/json.hpp>

namespace bandstand::app {
namespace {

using Json = nlohmann::ordered_json;

const Json* find(const Json& object, const char* name) {
  if (!object.is_object()) return nullptr;
  const auto at = object.find(name);
  return at == object.end() || at->is_null() ? nullptr : &*at;
}

std::string text(const Json& object, const char* name) {
  const Json* value = find(object, name);
  return value != nullptr && value->is_string() ? value->get<std::string>() : "";
}

void put_text(Json& into, const char* as, std::string value) {
  if (!value.empty()) into[as] = std::move(value);
}

/// "https://www.example.com:8080/x" -> "www.example.com".
std::string domain_of(const std::string& url) {
  const auto scheme = url.find("://");
  const std::size_t begin = scheme == std::string::npos ? 0 : scheme + 3;
  return url.substr(begin, url.find_first_of("/:?#", begin) - begin);
}

Json site_of(const Json& auction) {
  Json site = Json::object();
  const std::string url = text(auction, "url");
  put_text(site, "page", url);
  put_text(site, "domain", domain_of(url));
  const Json* segments = find(auction, "segments");
  const Json* verticals = segments == nullptr ? nullptr : find(*segments, "adxVerticals");
  if (verticals != nullptr && verticals->is_array() && !verticals->empty()) {
    Json list = Json::array();
    for (const auto& pair : *verticals) {
      if (pair.is_array() && pair.size() == 2)
        list.push_back({{"id", pair[0].dump()}, {"value", pair[1].dump()}});
    }
    site["content"]["data"] = Json::array({{{"id", "adxVerticals"}, {"segment", list}}});
  }
  return site;
}

Json device_of(const Json& auction) {
  Json device = Json::object();
  put_text(device, "ua", text(auction, "userAgent"));
  put_text(device, "ip", text(auction, "ipAddress"));
  put_text(device, "language", text(auction, "language"));
  const Json* location = find(auction, "location");
  if (location == nullptr) return device;
  Json geo{{"type", 2}};
  put_text(geo, "country", text(*location, "countryCode"));
  put_text(geo, "region", text(*location, "regionCode"));
  put_text(geo, "city", text(*location, "cityName"));
  put_text(geo, "zip", text(*location, "postalCode"));
  if (const Json* dma = find(*location, "dma"); dma != nullptr && dma->is_number_integer() && *dma > 0)
    geo["metro"] = dma->dump();
  if (const Json* offset = find(*location, "timezoneOffsetMinutes");
      offset != nullptr && offset->is_number_integer()) {
    geo["utcoffset"] = *offset;
  }
  device["geo"] = std::move(geo);
  return device;
}

Json impression_of(const Json& spot, const Json* restrictions) {
  Json formats = Json::array();
  if (const Json* list = find(spot, "formats"); list != nullptr && list->is_array()) {
    for (const auto& format : *list) {
      int w = 0;
      int h = 0;
      if (format.is_string() &&
          std::sscanf(format.get_ref<const std::string&>().c_str(), "%dx%d", &w, &h) == 2) {
        formats.push_back({{"w", w}, {"h", h}});
      }
    }
  }
  Json banner = Json::object();
  if (!formats.empty()) {
    banner["w"] = formats[0]["w"];
    banner["h"] = formats[0]["h"];
    banner["format"] = formats;
  }
  const Json* attributes = restrictions == nullptr ? nullptr : find(*restrictions, "creativeAttribute");
  if (attributes != nullptr && attributes->is_array()) banner["battr"] = *attributes;
  Json impression{{"id", text(spot, "id")}, {"banner", std::move(banner)}};
  if (const Json* floor = find(spot, "reservePrice"); floor != nullptr && floor->is_number() && *floor > 0) {
    impression["bidfloor"] = *floor;
  }
  return impression;
}

Json request_of(const Json& auction, const Json& spots, int tmax_ms) {
  const Json* restrictions = find(auction, "restrictions");
  Json request{{"id", text(auction, "id")}, {"imp", Json::array()}};
  for (const auto& spot : spots) request["imp"].push_back(impression_of(spot, restrictions));
  request["site"] = site_of(auction);
  request["device"] = device_of(auction);
  if (const Json* ids = find(auction, "userIds"); ids != nullptr && ids->is_object() && !ids->empty()) {
    std::string id = text(*ids, "xchg");
    if (id.empty() && ids->begin()->is_string()) id = ids->begin()->get<std::string>();
    if (!id.empty()) request["user"]["id"] = std::move(id);
  }
  request["at"] = 2;
  request["tmax"] = tmax_ms;
  request["cur"] = Json::array({"USD"});
  if (const Json* urls = restrictions == nullptr ? nullptr : find(*restrictions, "clickUrl");
      urls != nullptr && urls->is_array()) {
    request["badv"] = *urls;
  }
  return request;
}

}  // namespace

base::Result<ReplayRequest> replay_request(std::string_view line, int tmax_ms) {
  const Json json = Json::parse(line, nullptr, false);
  if (!json.is_object()) return base::fail(base::Code::invalid_input, "is no JSON object");
  ReplayRequest out;
  out.id = text(json, "id");
  if (out.id.empty()) return base::fail(base::Code::invalid_input, "has no id");
  if (const Json* spots = find(json, "spots"); spots != nullptr && spots->is_array()) {
    if (const Json* at = find(json, "timestamp"); at != nullptr && at->is_number())
      out.at_s = at->get<double>();
    out.body = request_of(json, *spots, tmax_ms).dump(-1, ' ', false, Json::error_handler_t::replace);
  } else if (find(json, "imp") != nullptr) {
    out.body = line;
  } else {
    return base::fail(base::Code::invalid_input,
                      "is neither an OpenRTB request (imp) nor a recorded auction (spots)");
  }
  return out;
}

}  // namespace bandstand::app
