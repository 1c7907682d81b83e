// zone_test: claims about local time.
#include "domain/zone.h"

#include <date/tz.h>
#include <gtest/gtest.h>

#include "base/rng.h"

namespace bandstand::domain {
namespace {

base::WallTime at(std::int64_t s) { return {s * 1'000'000'000}; }

TEST(Zone, CountsTheHoursOfTheWeekFromMondayMidnight) {
  const Zone utc;
  EXPECT_EQ(utc.hour_of_week(at(0)), 3 * 24);     // Thursday 1970-01-01
  EXPECT_EQ(utc.hour_of_week(at(4 * 86400)), 0);  // Monday 1970-01-05
  EXPECT_EQ(utc.hour_of_week(at(4 * 86400 - 1)), 167);
  EXPECT_EQ(utc.hour_of_week(at(-1)), 3 * 24 - 1);
}

TEST(Zone, AgreesWithTheTimeZoneLibraryEverywhere) {
  base::Rng rng(7);
  for (const char* name : {"UTC", "America/New_York", "Europe/Berlin", "Asia/Kolkata", "Asia/Kathmandu",
                           "Australia/Lord_Howe", "Pacific/Apia", "America/Sao_Paulo"}) {
    const auto zone = Zone::load(name);
    ASSERT_TRUE(zone) << name;
    const auto* reference = date::locate_zone(name);
    for (int i = 0; i < 20'000; ++i) {
      const auto t = static_cast<std::int64_t>(rng.below(4'000'000'000));
      const auto info = reference->get_info(date::sys_seconds(std::chrono::seconds(t)));
      ASSERT_EQ(zone->offset_s(at(t)), info.offset.count()) << name << " " << t;
      const Zone::Span& span = zone->at(t);
      ASSERT_LE(span.from_s, t);
      ASSERT_GT(span.until_s, t);
    }
  }
}

TEST(Zone, RefusesANameThatIsNoZone) { EXPECT_FALSE(Zone::load("Mars/Olympus")); }

}  // namespace
}  // namespace bandstand::domain
