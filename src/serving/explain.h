// explain: a decision's record as a page that a person reads, and as JSON.
//
// Nothing is decided anew (that is a replay): the record is told as it was written, with the catalogue's
// names where the catalogue of its version is at hand.
#pragma once

#include <string>
#include <vector>

#include "domain/catalogue.h"
#include "domain/decision_record.h"

namespace bandstand::serving {

/// What helps to tell it. All optional.
struct ExplainContext {
  /// Gives names. One of another version than the record's is used too, and the page says so.
  const domain::Catalogue* catalogue = nullptr;
  std::vector<std::string> exchanges;  ///< names in the settings, by index
  /// JSON alone: the request's text too. It may hold a user's id and address, so it is for those who ask for
  /// it.
  bool with_request = false;
};

/// About one screen of 110 columns: consent, verdict, each step with policy, version, source, propensity and
/// time, the candidates with their numbers and why each left, and the outcome in words. Ends with a newline.
std::string explain_text(const domain::DecisionRecord& record, const ExplainContext& context = {});

/// Schema "Decision" of web/openapi.json. Money as decimal strings of nanos, 64-bit numbers as hexadecimal
/// strings.
std::string explain_json(const domain::DecisionRecord& record, const ExplainContext& context = {});

}  // namespace bandstand::serving
