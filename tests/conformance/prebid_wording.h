// prebid_wording: our reasons, as Prebid Server words them, and what of its cases is its own affair.
#pragma once

#include <array>
#include <string_view>

#include "protocol/openrtb/fault.h"

namespace bandstand::conformance {

using protocol::openrtb::Fault;

struct Wording {
  Fault fault;
  std::string_view part;  ///< of the expected error
};

/// A fault may be worded in more than one way.
inline constexpr std::array kWordings{
    Wording{Fault::not_json, "expect { or n, but found"},
    Wording{Fault::not_an_object, "request missing required field: \"id\""},  // the body is null
    Wording{Fault::id_missing, "request missing required field: \"id\""},
    Wording{Fault::impression_id_missing, "request.imp[0] missing required field: \"id\""},
    Wording{Fault::negative, "must be a positive number"},
    Wording{Fault::negative, "must be nonnegative"},
    Wording{Fault::banner_no_size, "has no sizes"},
    Wording{Fault::banner_size_range, "uses unsupported property"},
    Wording{Fault::format_empty, "should define *either* {w, h}"},
    Wording{Fault::format_incomplete, "must define non-zero \"wmin\", \"wratio\", and \"hratio\""},
    Wording{Fault::mimes_missing, "must contain at least one supported MIME type"},
    Wording{Fault::native_request_missing, "missing required property \"request\""},
    Wording{Fault::native_no_assets, "assets must be an array containing at least one object"},
    Wording{Fault::gdpr_range, "request.regs.gdpr must be either 0 or 1"},
    Wording{Fault::several_channels, "No more than one of request.site or request.app or request.dooh"},
};

/// Native cases whose expected error is the bare "Invalid request": the file names the fault.
struct NativeCase {
  std::string_view file;
  Fault fault;
  std::string_view path;
};

inline constexpr std::array kNativeCases{
    NativeCase{"asset-data-no-type.json", Fault::native_asset_content,
               "imp[0].native.request.assets[0].data.type"},
    NativeCase{"asset-img-h-negative.json", Fault::negative, "imp[0].native.request.assets[0].img.h"},
    NativeCase{"asset-img-w-negative.json", Fault::negative, "imp[0].native.request.assets[0].img.w"},
    NativeCase{"asset-mixed-type.json", Fault::native_asset_kind, "imp[0].native.request.assets[0]"},
    NativeCase{"asset-video-mimes-empty.json", Fault::native_asset_content,
               "imp[0].native.request.assets[0].video.mimes"},
    NativeCase{"asset-video-no-mimes.json", Fault::native_asset_content,
               "imp[0].native.request.assets[0].video.mimes"},
    NativeCase{"asset-video-no-protocols.json", Fault::native_asset_content,
               "imp[0].native.request.assets[0].video.protocols"},
    NativeCase{"asset-video-protocols-invalid.json", Fault::native_asset_content,
               "imp[0].native.request.assets[0].video.protocols"},
    NativeCase{"assets-with-partial-ids.json", Fault::native_asset_id, "imp[0].native.request.assets"},
    NativeCase{"context-type-product-incompatible-subtype.json", Fault::native_context,
               "imp[0].native.request.contextsubtype"},
    NativeCase{"contextsubtype-invalid.json", Fault::native_context, "imp[0].native.request.contextsubtype"},
    NativeCase{"eventtracker-empty.json", Fault::native_tracker, "imp[0].native.request.eventtrackers[0]"},
    NativeCase{"eventtracker-methods-empty.json", Fault::native_tracker,
               "imp[0].native.request.eventtrackers[0].methods"},
    NativeCase{"request-context-invalid.json", Fault::native_context, "imp[0].native.request.context"},
};

/// Faults of Prebid's own extensions and of its stored requests: not ours to find.
struct ForeignFault {
  std::string_view part;  ///< of the expected error
  std::string_view why;
};

inline constexpr std::array kForeignFaults{
    ForeignFault{"ext.prebid", "ext.prebid is Prebid's own"},
    ForeignFault{"request.imp[0].ext is required", "bidder parameters in imp.ext"},
    ForeignFault{"request.site.ext.amp", "AMP in site.ext"},
    ForeignFault{"Invalid JSON Document", "stored impressions"},
};

}  // namespace bandstand::conformance
