// logged_visits: requests read again by the production parsers, gathered by user.
#include "app/logged_visits.h"

#include <algorithm>
#include <tuple>

#include "agents/profile/user_vectors.h"
#include "base/rng.h"
#include "domain/item.h"
#include "log/read_topic.h"
#include "protocol/decide/decide_codec.h"
#include "protocol/event/event_codec.h"
#include "protocol/openrtb/request_parser.h"

namespace bandstand::app {
namespace {

struct Look {
  std::uint64_t user = 0, item = 0;
  std::int64_t at_ns = 0;
};

class RequestItems {
 public:
  explicit RequestItems(const serving::ServingSettings& settings)
      : parser_([&] {
          protocol::openrtb::ParserOptions options;
          options.tcf_vendor_id = settings.vendor_id;
          return options;
        }()),
        decide_parser_(settings.vendor_id) {}

  /// 0 if the request names none, or without consent to personalise.
  std::uint64_t item_of(const domain::DecisionRecord& record, base::Arena& arena) {
    body_.assign(record.request);
    body_.append(64, '\0');
    const std::string_view request = std::string_view(body_).substr(0, record.request.size());
    if (record.first_party) {
      if (!decide_parser_.parse(request, arena, decide_)) return 0;
      return seen(decide_.privacy, decide_.auction);
    }
    if (parser_.parse(request, arena, bid_) != protocol::openrtb::Outcome::ok) return 0;
    return seen(bid_.privacy, bid_.auction);
  }

 private:
  static std::uint64_t seen(const domain::PrivacySignals& privacy, const domain::Auction& auction) {
    return domain::consent_gate(privacy).may_personalise() ? domain::item_of(auction.item) : 0;
  }

  std::string body_;
  protocol::openrtb::RequestParser parser_;
  protocol::openrtb::ParsedRequest bid_;
  protocol::decide::DecideParser decide_parser_;
  protocol::decide::ParsedDecide decide_;
};

class LoggedVisits final : public learning::VisitReader {
 public:
  LoggedVisits(std::vector<learning::RawVisit> visits, learning::Intake intake)
      : visits_(std::move(visits)), intake_(std::move(intake)) {}
  learning::Loaded<bool> next(learning::RawVisit& visit) override {
    if (at_ == visits_.size()) return false;
    visit = std::move(visits_[at_++]);
    return true;
  }
  [[nodiscard]] const learning::Intake& intake() const override { return intake_; }

 private:
  std::vector<learning::RawVisit> visits_;
  std::size_t at_ = 0;
  learning::Intake intake_;
};

/// `looks` by user and time.
std::vector<learning::RawVisit> visits_of(const std::vector<Look>& looks) {
  const std::int64_t gap_ns = std::int64_t{agents::profile::UserVectorOptions{}.visit_gap_s} * 1'000'000'000;
  std::vector<learning::RawVisit> out;
  for (std::size_t i = 0; i < looks.size(); ++i) {
    const Look& look = looks[i];
    const bool goes_on = i > 0 && looks[i - 1].user == look.user && look.at_ns - looks[i - 1].at_ns <= gap_ns;
    if (!goes_on) out.push_back({.items = {}, .id = look.user});
    if (out.back().items.empty() || out.back().items.back() != look.item) out.back().items.push_back(look.item);
    out.back().time = 1e-9 * static_cast<double>(look.at_ns);
  }
  std::stable_sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.time < b.time; });
  return out;
}

}  // namespace

learning::Loaded<std::unique_ptr<learning::VisitReader>> open_logged_visits(log::Log& log,
                                                                          const serving::ServingSettings& settings) {
  RequestItems items(settings);
  base::Arena arena;
  std::vector<Look> looks;
  learning::Intake intake;
  const auto read = log::read_topic(log, "decisions", 256, [&](const log::Record& record) {
    if (protocol::event::is_shard_state(record.value)) return;
    arena.reset();
    const auto decoded = protocol::event::decode_decision(record.value, arena);
    if (!decoded) return intake.reject("no decision", {}, 0);
    const domain::DecisionRecord& decision = **decoded;
    if (decision.user == 0 || decision.test || decision.verdict != 0) return;
    const std::uint64_t item = items.item_of(decision, arena);
    if (item != 0) looks.push_back({decision.user, item, decision.at.ns});
  });
  if (!read) return learning::problem(std::string("the log: ") + read.error().what);
  std::sort(looks.begin(), looks.end(), [](const Look& a, const Look& b) {
    return std::tie(a.user, a.at_ns, a.item) < std::tie(b.user, b.at_ns, b.item);
  });
  for (const Look& look : looks)
    intake.hash = base::mix64(intake.hash ^ look.user) ^ base::mix64(look.item) ^ static_cast<std::uint64_t>(look.at_ns);
  intake.rows = looks.size();
  return std::unique_ptr<learning::VisitReader>(std::make_unique<LoggedVisits>(visits_of(looks), std::move(intake)));
}

}  // namespace bandstand::app
