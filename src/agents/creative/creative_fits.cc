// creative_fits: may this creative be shown in this impression? Checked before the bid, not after a loss with a 2xx code.
#include <algorithm>
#include <array>

#include "agents/creative/creative_agent.h"

namespace bandstand::agents::creative {
namespace {

using domain::Auction;
using domain::Creative;
using domain::Impression;
using domain::MediaType;
using domain::Refusal;

/// AdCOM "Creative Subtypes" of players that can read the VAST 4.0 inline documents that we build.
constexpr std::array<std::uint8_t, 4> kVastReaders{7, 11, 13, 15};
/// AdCOM "Creative Attributes": has a skip button.
constexpr std::uint8_t kSkippable = 16;

template <class List, class T>
bool holds(const List& list, const T& one) {
  return std::find(list.begin(), list.end(), one) != list.end();
}

template <class A, class B>
bool meet(const A& a, const B& b) {
  return std::any_of(a.begin(), a.end(), [&](const auto& one) { return holds(b, one); });
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool same_folded(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

bool mime_fits(domain::Texts mimes, const std::string& mime) {
  return mimes.empty() || mime.empty() ||
         std::any_of(mimes.begin(), mimes.end(), [&](std::string_view one) { return same_folded(one, mime); });
}

/// "en" is met by "en" and "en-GB": only the primary tag counts (BCP 47).
bool speaks(const std::string& language, domain::Texts tags) {
  const auto primary = [](std::string_view tag) { return tag.substr(0, tag.find('-')); };
  return std::any_of(tags.begin(), tags.end(),
                     [&](std::string_view tag) { return same_folded(primary(tag), primary(language)); });
}

/// Attributes, API frameworks: what the publisher refuses, what the device lacks.
bool within_limits(const Creative& creative, domain::Bytes battr, domain::Bytes api) {
  if (meet(creative.attributes, battr)) return false;
  return creative.apis.empty() || api.empty() || meet(creative.apis, api);
}

Refusal banner_fits(const Creative& creative, const domain::Banner& banner) {
  const bool sized = banner.sizes.empty() || std::any_of(banner.sizes.begin(), banner.sizes.end(), [&](domain::Size size) {
    return size.h == 0 ? creative.size.w >= size.w : creative.size == size;
  });
  if (!sized) return Refusal::size;
  const bool type_blocked = creative.ad_type != 0 && holds(banner.btype, creative.ad_type);
  const bool limited = type_blocked || !mime_fits(banner.mimes, creative.mime) ||
                       !within_limits(creative, banner.battr, banner.api);
  return limited ? Refusal::creative_limits : Refusal::none;
}

bool length_fits(const Creative& creative, const domain::TimedMedia& media) {
  const std::int32_t length = creative.duration_s;
  if (!media.required_durations_s.empty()) {
    return std::any_of(media.required_durations_s.begin(), media.required_durations_s.end(),
                       [&](std::uint16_t required) { return required == length; });
  }
  return length >= media.min_duration_s && (media.max_duration_s == 0 || length <= media.max_duration_s);
}

Refusal timed_fits(const Creative& creative, const domain::TimedMedia& media) {
  const bool bitrate_fits = creative.bitrate_kbps == 0 ||
                            (creative.bitrate_kbps >= media.min_bitrate &&
                             (media.max_bitrate == 0 || creative.bitrate_kbps <= media.max_bitrate));
  const bool readable = media.protocols.empty() || meet(kVastReaders, media.protocols);
  const bool linear = media.linearity != 2;  // we build linear ads only
  const bool skip_declared = !creative.skippable || (media.skip != 0 && holds(creative.attributes, kSkippable));
  const bool fits = readable && linear && skip_declared && bitrate_fits && length_fits(creative, media) &&
                    mime_fits(media.mimes, creative.mime) && within_limits(creative, media.battr, media.api);
  return fits ? Refusal::none : Refusal::creative_limits;
}

/// The creative has what the asset asks for, in a size that fits (the rule by which markup is built).
bool fills(const domain::NativeContent& content, const domain::NativeAsset& asset) {
  const auto within = [&](const std::string& text) { return !text.empty() && (asset.len == 0 || text.size() <= asset.len); };
  const auto image = [&](const std::string& url, domain::Size size) {
    const bool exact = asset.size.w == 0 || asset.size.h == 0 || asset.size == size;
    return !url.empty() && exact && size.w >= asset.size_min.w && size.h >= asset.size_min.h;
  };
  switch (asset.kind) {
    case domain::NativeAsset::Kind::title: return within(content.title);
    case domain::NativeAsset::Kind::image:
      return asset.type == 1 ? image(content.icon_url, content.icon_size) : image(content.image_url, content.image_size);
    case domain::NativeAsset::Kind::data:
      switch (asset.type) {
        case 1: return within(content.sponsored);
        case 2: return within(content.description);
        case 3: return within(content.rating);
        case 12: return within(content.call_to_action);
        default: return false;
      }
    case domain::NativeAsset::Kind::video: return false;
  }
  return false;
}

Refusal native_fits(const Creative& creative, const domain::Native& native) {
  const bool filled = std::all_of(native.assets.begin(), native.assets.end(), [&](const domain::NativeAsset& asset) {
    return !asset.required || fills(creative.native, asset);
  });
  return filled && within_limits(creative, native.battr, native.api) ? Refusal::none : Refusal::creative_limits;
}

Refusal format_fits(const Creative& creative, const Impression& impression) {
  switch (creative.type) {
    case MediaType::banner:
      return impression.banner == nullptr ? Refusal::media_type : banner_fits(creative, *impression.banner);
    case MediaType::video:
      return impression.video == nullptr ? Refusal::media_type : timed_fits(creative, *impression.video);
    case MediaType::audio:
      return impression.audio == nullptr ? Refusal::media_type : timed_fits(creative, *impression.audio);
    case MediaType::native:
      return impression.native == nullptr ? Refusal::media_type : native_fits(creative, *impression.native);
  }
  return Refusal::media_type;
}

}  // namespace

Refusal creative_fits(const Creative& creative, const Auction& auction, const Impression& impression) noexcept {
  if (creative.approval != Creative::Approval::approved) return Refusal::no_creative;
  const Refusal format = format_fits(creative, impression);
  if (format != Refusal::none) return format;
  if (impression.secure && !creative.secure) return Refusal::secure;
  if (!creative.language.empty()) {
    const bool refused = (!auction.languages_allowed.empty() && !speaks(creative.language, auction.languages_allowed)) ||
                         speaks(creative.language, auction.languages_blocked);
    if (refused) return Refusal::language;
  }
  if (!creative.app_bundle.empty() && holds(auction.blocked_apps, std::string_view(creative.app_bundle))) {
    return Refusal::advertiser_block;
  }
  return Refusal::none;
}

}  // namespace bandstand::agents::creative
