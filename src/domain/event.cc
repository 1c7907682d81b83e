// event: names.
#include "domain/event.h"

namespace bandstand::domain {

const char* name_of(EventKind kind) noexcept {
  switch (kind) {
    case EventKind::win: return "win";
    case EventKind::bill: return "bill";
    case EventKind::loss: return "loss";
    case EventKind::impression: return "impression";
    case EventKind::view: return "view";
    case EventKind::click: return "click";
    case EventKind::conversion: return "conversion";
    case EventKind::video_start: return "video_start";
    case EventKind::video_first_quartile: return "video_first_quartile";
    case EventKind::video_midpoint: return "video_midpoint";
    case EventKind::video_third_quartile: return "video_third_quartile";
    case EventKind::video_complete: return "video_complete";
  }
  return "unknown";
}

const char* name_of(PriceForm form) noexcept {
  switch (form) {
    case PriceForm::price: return "price";
    case PriceForm::absent: return "absent";
    case PriceForm::empty: return "empty";
    case PriceForm::unresolved: return "unresolved";
    case PriceForm::audit: return "audit";
    case PriceForm::malformed: return "malformed";
    case PriceForm::above_bid: return "above_bid";
    case PriceForm::negative: return "negative";
  }
  return "unknown";
}

}  // namespace bandstand::domain
