// explain: the page.
#include "serving/explain.h"

#include <date/date.h>

#include <algorithm>
#include <cstdio>
#include <string_view>

#include "agents/fraud/fraud_agent.h"
#include "agents/oversight/oversight_agent.h"
#include "orchestrator/policies.h"
#include "serving/explain_names.h"
#include "serving/explain_words.h"

namespace bandstand::serving {
namespace {

using domain::CandidateRecord;
using domain::DecisionRecord;
using domain::Refusal;

/// What a screen has room for; the counts by reason below the table cover the rest.
constexpr std::size_t kCandidatesShown = 20;

template <class... Args>
void line(std::string& out, const char* format, Args... args) {
  char text[512];
  if constexpr (sizeof...(args) == 0) {
    std::snprintf(text, sizeof text, "%s", format);
  } else {
    std::snprintf(text, sizeof text, format, args...);
  }
  out += text;
  while (!out.empty() && out.back() == ' ') out.pop_back();
  out += '\n';
}

/// Texts of requests and catalogues go to a terminal: nothing but what prints, and no more than fits.
std::string printable(std::string_view text, std::size_t columns) {
  std::string out;
  std::size_t used = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool continues = (byte & 0xc0) == 0x80;
    if (!continues && ++used > columns) break;
    out += byte < 0x20 || byte == 0x7f ? '?' : c;
  }
  return out;
}

std::string share(float value) {
  char text[16];
  std::snprintf(text, sizeof text, value >= 0.1f ? "%.1f%%" : "%.3f%%", 100 * static_cast<double>(value));
  return value > 0 ? text : "-";
}

std::string cpm_or_dash(base::Nanos price) { return price.value > 0 ? base::format_cpm(price) : "-"; }

std::string named(std::uint32_t id, std::string_view name, std::size_t columns) {
  if (id == 0) return "-";
  return printable(std::to_string(id) + (name.empty() ? "" : " ") + std::string(name), columns);
}

std::string utc(base::WallTime at) {
  return date::format("%F %T",
                      date::sys_time<std::chrono::milliseconds>(std::chrono::milliseconds(at.millis()))) +
         " UTC";
}

/// What a step answered, in its own terms.
std::string answer_of(const domain::CallRecord& call) {
  if (call.source == domain::Source::fallback) return "its fallback stood in";
  switch (call.stage) {
    case domain::Stage::consent: return domain::name_of(static_cast<domain::ConsentBasis>(call.answer));
    case domain::Stage::fraud: {
      const auto reason = static_cast<agents::fraud::Reason>(call.answer & 0xff);
      std::string text = verdict_name(static_cast<std::uint8_t>(call.answer >> 8));
      return reason == agents::fraud::Reason::none ? text : text + ": " + name_of(reason);
    }
    case domain::Stage::profile:
      return std::to_string(call.answer & (domain::kHasVector - 1)) + " interests" +
             ((call.answer & domain::kHasVector) != 0 ? ", a vector" : "");
    case domain::Stage::targeting: return std::to_string(call.answer) + " candidates";
    case domain::Stage::oversight:
      return call.answer == 0 ? "no objection" : name_of(static_cast<agents::oversight::Rule>(call.answer));
    case domain::Stage::reservation:
      return call.outcome == domain::CallOutcome::ok ? "money set aside" : "no money";
    default: return "";
  }
}

void tell_steps(const DecisionRecord& record, std::string& out) {
  const bool several = record.impressions.size() > 1;
  line(out, "\n  %-12s%s %-24s %-10s %-9s %-13s %-11s %9s  %s", "step", several ? " imp" : "", "policy",
       "version", "source", "outcome", "propensity", "time us", "answer");
  for (const auto& call : record.calls) {
    const std::string policy = call.policy.value == 0 ? "-" : std::string(orchestrator::name_of(call.policy));
    const std::string version = call.version == 0 ? "-" : std::to_string(call.version);
    const std::string impression = several ? "  " + std::to_string(call.impression + 1) + " " : "";
    line(out, "  %-12s%s %-24s %-10s %-9s %-13s %-11.4g %9.1f  %s", domain::name_of(call.stage),
         impression.c_str(), policy.c_str(), version.c_str(), source_name(call.source),
         std::string(words_of(call.outcome)).c_str(), static_cast<double>(call.propensity),
         static_cast<double>(call.duration_ns) / 1e3, answer_of(call).c_str());
  }
}

std::string why_left(const CandidateRecord& candidate) {
  if (candidate.refusal == Refusal::none) {
    return candidate.rule == 0 ? "IN THE ANSWER"
                               : std::string("IN THE ANSWER, capped: ") +
                                     name_of(static_cast<agents::oversight::Rule>(candidate.rule));
  }
  std::string text = domain::name_of(candidate.refusal);
  if (candidate.rule != 0)
    text += std::string(": ") + name_of(static_cast<agents::oversight::Rule>(candidate.rule));
  return text;
}

void tell_candidate(const CandidateRecord& candidate, const ExplainContext& context, bool deals,
                    std::string& out) {
  const std::string deal = !deals                   ? ""
                           : candidate.deal == 0xff ? "    -"
                                                    : "    " + std::to_string(candidate.deal);
  char numbers[160];
  std::snprintf(numbers, sizeof numbers, "%8.4f %6.2f %8s %7s %8s %9s", candidate.value * 1e-6,
                static_cast<double>(candidate.mu), share(candidate.click_rate).c_str(),
                share(candidate.win_probability).c_str(), cpm_or_dash(candidate.price).c_str(),
                base::format_amount(candidate.available).substr(0, 9).c_str());
  line(out, "  %-24s %-17s%s %s  %s",
       named(candidate.line_item, line_item_name(context, candidate.line_item), 24).c_str(),
       named(candidate.creative, creative_name(context, candidate.creative), 17).c_str(), deal.c_str(),
       numbers, why_left(candidate).c_str());
}

/// Those in the answer first, then those that came farthest.
std::vector<const CandidateRecord*> in_order(const domain::ImpressionRecord& impression) {
  std::vector<const CandidateRecord*> order;
  for (const auto& candidate : impression.candidates) order.push_back(&candidate);
  const auto distance = [](const CandidateRecord& c) {
    return c.refusal == Refusal::none ? 4 : c.price.value > 0 ? 3 : c.creative != 0 ? 2 : c.mu > 0 ? 1 : 0;
  };
  std::stable_sort(order.begin(), order.end(), [&](const CandidateRecord* a, const CandidateRecord* b) {
    if (distance(*a) != distance(*b)) return distance(*a) > distance(*b);
    return a->price != b->price ? a->price > b->price : a->value > b->value;
  });
  return order;
}

/// "3 paced: has spent its plan for now": every reason that occurs, most frequent first.
void tell_reasons(const domain::ImpressionRecord& impression, std::string& out) {
  std::vector<std::pair<std::size_t, Refusal>> counts;
  for (int i = 1; i < domain::kRefusals; ++i) {
    const auto reason = static_cast<Refusal>(i);
    const auto n = std::count_if(impression.candidates.begin(), impression.candidates.end(),
                                 [&](const CandidateRecord& c) { return c.refusal == reason; });
    if (n > 0) counts.emplace_back(static_cast<std::size_t>(n), reason);
  }
  std::stable_sort(counts.begin(), counts.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  for (const auto& [n, reason] : counts) {
    line(out, "  %4zu left as %s: %s", n, domain::name_of(reason), std::string(words_of(reason)).c_str());
  }
}

void tell_impression(const DecisionRecord& record, std::size_t index, const ExplainContext& context,
                     std::string& out) {
  const domain::ImpressionRecord& impression = record.impressions[index];
  line(out,
       "\nimpression %zu of %zu \"%s\": candidates %zu, line items refused by targeting %u, passed and not looked at %u",
       index + 1, record.impressions.size(), printable(impression.id, 40).c_str(),
       impression.candidates.size(), impression.refused, impression.outranked);
  const auto order = in_order(impression);
  if (!order.empty()) {
    const bool deals = std::any_of(order.begin(), order.end(), [](const auto* c) { return c->deal != 0xff; });
    line(out, "  %-24s %-17s%s %8s %6s %8s %7s %8s %9s  %s", "line item", "creative", deals ? " deal" : "",
         "value", "mu", "click", "win", "price", "lease", "why it left");
    for (std::size_t i = 0; i < order.size() && i < kCandidatesShown; ++i)
      tell_candidate(*order[i], context, deals, out);
    if (order.size() > kCandidatesShown) line(out, "  ... and %zu more", order.size() - kCandidatesShown);
    tell_reasons(impression, out);
  }
  const bool bids =
      std::any_of(order.begin(), order.end(), [](const auto* c) { return c->refusal == Refusal::none; });
  if (!bids) {
    line(out, "  no bid here: %d %s: %s", static_cast<int>(impression.no_bid),
         domain::name_of(impression.no_bid), std::string(words_of(impression.no_bid)).c_str());
  }
}

void tell_head(const DecisionRecord& record, const ExplainContext& context, std::string& out) {
  line(out, "decision %s%s%s", id_text(record.id).c_str(),
       record.first_party ? "   first-party inventory" : "",
       record.test ? "   TEST TRAFFIC: no money, no learning" : "");
  line(out, "  at         %s, %s, %.1f us, brown-out level %u", utc(record.at).c_str(),
       record.first_party ? "/v1/decide" : ("exchange " + exchange_name(context, record.exchange)).c_str(),
       static_cast<double>(record.duration_ns) / 1e3, record.level);
  line(out, "  consent    %s: %s", domain::name_of(record.basis),
       std::string(words_of(record.basis)).c_str());
  if (record.user == 0) {
    line(out, "  user       not recognised");
  } else if (record.state == nullptr) {
    line(out, "  user       recognised, nothing known yet");
  } else {
    line(out, "  user       recognised: %u impressions, %u clicks, %u conversions so far",
         record.state->impressions, record.state->clicks, record.state->conversions);
  }
  line(out, "  traffic    %s (%s); requests a minute by address %.0f, user %.0f, placement %.0f",
       verdict_name(record.verdict), name_of(static_cast<agents::fraud::Reason>(record.verdict_reason)),
       static_cast<double>(record.rate_address), static_cast<double>(record.rate_user),
       static_cast<double>(record.rate_placement));
  if (record.bids > 0) {
    line(out, "  outcome    %u bid%s", record.bids, record.bids == 1 ? "" : "s");
  } else {
    line(out, "  outcome    no bid: %d %s: %s", static_cast<int>(record.no_bid),
         domain::name_of(record.no_bid), std::string(words_of(record.no_bid)).c_str());
  }
}

}  // namespace

std::string explain_text(const DecisionRecord& record, const ExplainContext& context) {
  std::string out;
  tell_head(record, context, out);
  tell_steps(record, out);
  for (std::size_t i = 0; i < record.impressions.size(); ++i) tell_impression(record, i, context, out);
  line(out,
       "\nvalue and price are CPM, lease is what the shard could spend on the campaign, mu the price of its "
       "money");
  line(out, "versions: catalogue %s, pacing %u, creative %u, market %u, open campaigns %u; seed %s",
       hex(record.catalogue_version).c_str(), record.pacing_version, record.creative_version,
       record.market_version, record.open_epoch, hex(record.seed).c_str());
  if (context.catalogue != nullptr && context.catalogue->version != record.catalogue_version) {
    line(out, "the names are of another catalogue, %s", hex(context.catalogue->version).c_str());
  }
  line(out, "again, bit for bit: bandstand replay decision %s", id_text(record.id).c_str());
  return out;
}

}  // namespace bandstand::serving
