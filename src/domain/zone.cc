// zone: reads a zone's changes of offset once, from the system's time zone table.
#include "domain/zone.h"

#include <date/tz.h>

#include <algorithm>
#include <exception>

namespace bandstand::domain {

base::Result<Zone> Zone::load(const std::string& name) {
  using std::chrono::seconds;
  constexpr std::int64_t kFirst = 0;
  constexpr std::int64_t kLast = 4'102'444'800;  // 2100-01-01
  try {
    const date::time_zone* zone = date::locate_zone(name);
    Zone result;
    result.changes_.clear();
    for (std::int64_t at = kFirst; at < kLast;) {
      const date::sys_info info = zone->get_info(date::sys_seconds(seconds(at)));
      const std::int64_t end = info.end.time_since_epoch().count();
      const auto offset = static_cast<std::int32_t>(info.offset.count());
      const std::int64_t until = end >= kLast || end <= at ? INT64_MAX : end;
      if (!result.changes_.empty() && result.changes_.back().offset_s == offset) {
        result.changes_.back().until_s = until;
      } else {
        result.changes_.push_back({result.changes_.empty() ? INT64_MIN : at, until, offset});
      }
      if (until == INT64_MAX) break;
      at = until;
    }
    return result;
  } catch (const std::exception&) {
    return base::fail(base::Code::not_found, "no such time zone");
  }
}

const Zone::Span& Zone::at(std::int64_t utc_s) const noexcept {
  const auto after = std::upper_bound(changes_.begin(), changes_.end(), utc_s,
                                      [](std::int64_t t, const Span& span) { return t < span.from_s; });
  return after == changes_.begin() ? changes_.front() : *(after - 1);
}

}  // namespace bandstand::domain
