// decision_record: names.
#include "domain/decision_record.h"

namespace bandstand::domain {

const char* name_of(Stage stage) noexcept {
  switch (stage) {
    case Stage::consent: return "consent";
    case Stage::fraud: return "fraud";
    case Stage::profile: return "profile";
    case Stage::targeting: return "targeting";
    case Stage::budget: return "budget";
    case Stage::creative: return "creative";
    case Stage::bid: return "bid";
    case Stage::auction: return "auction";
    case Stage::oversight: return "oversight";
    case Stage::reservation: return "reservation";
    case Stage::count_: break;
  }
  return "unknown";
}

const char* name_of(CallOutcome outcome) noexcept {
  switch (outcome) {
    case CallOutcome::ok: return "ok";
    case CallOutcome::error: return "error";
    case CallOutcome::late: return "late";
    case CallOutcome::breaker_open: return "breaker_open";
    case CallOutcome::no_time: return "no_time";
    case CallOutcome::off: return "off";
  }
  return "unknown";
}

}  // namespace bandstand::domain
