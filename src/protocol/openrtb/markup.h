// markup: creatives to what browsers, players and apps show: HTML, VAST 4.0, native 1.2.
//
// 1. Text from catalogues and requests is escaped for where it stands; after expansion a parser sees the tags
// of the
//    template and no others (reliability.md, failure 50).
// 2. Appends to a buffer that is used again; after warm-up nothing is allocated.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "domain/auction.h"
#include "domain/catalogue.h"

namespace bandstand::protocol::openrtb {

/// The signed links of one bid. Full URLs; whoever makes them has percent-encoded their parts.
struct TrackerUrls {
  std::string_view impression;  ///< pixel, VAST Impression
  std::string_view click;       ///< redirects to the creative's landing page
  /// Progress of a video: the event's name is appended ("start", "firstQuartile", "midpoint",
  /// "thirdQuartile", "complete"), so it ends in "...&e=". Empty: none.
  std::string_view progress;
  std::uint64_t cachebuster = 0;
};

/// Banner: creative.markup with {CLICK_URL}, {IMP_URL} and {CACHEBUSTER} expanded (each HTML-escaped,
/// {CLICK_URL_ENC} percent-encoded instead), or a linked image made of media_url. A pixel for the impression
/// is appended where the markup does not name {IMP_URL}.
void append_banner(const domain::Creative& creative, domain::Size size, const TrackerUrls& urls,
                   std::string& out);

/// VAST 4.0 inline with one linear creative.
void append_vast(const domain::Creative& creative, const domain::Advertiser& advertiser,
                 std::string_view bid_id, const TrackerUrls& urls, std::string& out);

/// Does this creative have every required asset of the request, in a size that fits?
bool fills_native(const domain::Creative& creative, const domain::Native& request) noexcept;

/// Native 1.2 response (JSON text, to stand escaped in adm): the assets asked for that the creative has.
void append_native(const domain::Creative& creative, const domain::Native& request, const TrackerUrls& urls,
                   std::string& out);

}  // namespace bandstand::protocol::openrtb
