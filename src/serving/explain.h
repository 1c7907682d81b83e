// explain: a decision's record as text that a person reads, and as JSON.
#pragma once

#include <string>

#include "domain/catalogue.h"
#include "domain/decision_record.h"

namespace bandstand::serving {

/// One screen: consent, verdict, stages with policy, version, source, propensity and time, candidates with
/// the reason why each left, bids, and the reason for none. `catalogue` may be null; then ids stand alone.
std::string explain_text(const domain::DecisionRecord& record, const domain::Catalogue* catalogue);
std::string explain_json(const domain::DecisionRecord& record);

}  // namespace bandstand::serving
