// oversight_rules: each rule a small function over the case; the table at the end is the order.
#include "agents/oversight/oversight_rules.h"

#include <cstddef>
#include <iterator>

#include "domain/frequency.h"
#include "domain/hierarchy.h"

namespace bandstand::agents::oversight {

using base::Nanos;
using domain::MediaType;

const char* name_of(Rule rule) noexcept {
  static constexpr const char* kNames[] = {"none",
                                           "malformed_proposal",
                                           "kill_switch",
                                           "creative_not_approved",
                                           "advertiser_not_approved",
                                           "blocked_category",
                                           "blocked_domain",
                                           "blocked_app",
                                           "blocked_attribute",
                                           "insecure_markup",
                                           "sensitive_audience",
                                           "frequency_cap",
                                           "competitive_separation",
                                           "price_cap",
                                           "relative_price_cap",
                                           "below_floor",
                                           "no_money",
                                           "landing_page",
                                           "page_safety",
                                           "seat_blocked"};
  static_assert(std::size(kNames) == static_cast<std::size_t>(Rule::count_));
  const auto index = static_cast<std::size_t>(rule);
  return index < std::size(kNames) ? kNames[index] : "unknown";
}

std::string_view host_of(std::string_view url) noexcept {
  const auto scheme = url.find("://");
  if (scheme == std::string_view::npos) return {};
  url.remove_prefix(scheme + 3);
  url = url.substr(0, url.find_first_of("/?#"));
  return url.substr(0, url.find(':'));
}

bool landing_is_sound(std::string_view url, bool https_only) noexcept {
  const bool https = url.size() > 8 && domain::equal_ignoring_case(url.substr(0, 8), "https://");
  const bool http = url.size() > 7 && domain::equal_ignoring_case(url.substr(0, 7), "http://");
  if (!https && (https_only || !http)) return false;
  for (const char c : url) {
    if (c <= ' ' || c == 127 || c == '"' || c == '<' || c == '>' || c == '\\')
      return false;  // bytes above 127 are negative
  }
  const std::string_view host = host_of(url);
  if (host.size() < 3 || host.size() > 253 || host.front() == '.' || host.back() == '.') return false;
  for (const char c : host) {
    const char lower = domain::to_lower(c);
    if (!((lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.')) return false;
  }
  return host.find('.') != std::string_view::npos && host.find("..") == std::string_view::npos;
}

namespace {

/// A proposal with all that it names looked up, and the price as it stands.
struct Case {
  const OversightSnapshot& snapshot;
  const OversightInput& input;
  base::WallTime now;
  const domain::LineItem& item;
  const domain::Campaign& campaign;
  const domain::Advertiser& advertiser;
  const domain::Creative& creative;
  Nanos price;
  Rule capped_by = Rule::none;

  void cap(Nanos limit, Rule rule) noexcept {
    if (price <= limit) return;
    price = limit;
    capped_by = rule;
  }
};

Nanos times_saturating(Nanos amount, std::int64_t times) noexcept {
  Nanos product;
  if (__builtin_mul_overflow(amount.value, times, &product.value)) product.value = INT64_MAX;
  return product;
}

template <class List, class Test>
bool any_of(const List& list, Test test) noexcept {
  for (const auto& one : list) {
    if (test(one)) return true;
  }
  return false;
}

bool killed(Case& c) noexcept {
  const KillSwitches& kill = c.snapshot.kill;
  return kill.everything || kill.exchanges.contains(c.input.auction.exchange) ||
         kill.advertisers.contains(c.advertiser.id) || kill.campaigns.contains(c.campaign.id) ||
         kill.line_items.contains(c.item.id) || kill.creatives.contains(c.creative.id);
}

bool creative_not_approved(Case& c) noexcept {
  return c.creative.approval != domain::Creative::Approval::approved;
}
bool advertiser_not_approved(Case& c) noexcept { return !c.advertiser.approved; }

template <class Test>
bool any_category(const Case& c, Test test) noexcept {
  return any_of(c.advertiser.categories, test) || any_of(c.creative.categories, test);
}

/// Ours are Content Taxonomy 1.0. A block in another taxonomy cannot be compared, so it stands.
bool category_blocked(Case& c) noexcept {
  const domain::Auction& auction = c.input.auction;
  for (const std::string_view blocked : auction.blocked_categories) {
    if (auction.cattax != 1 && !domain::is_taxonomy_1(blocked)) return true;
    if (any_category(c, [&](const std::string& ours) { return domain::category_within(ours, blocked); }))
      return true;
  }
  if (auction.categories_allowed.empty()) return false;
  return !any_of(auction.categories_allowed, [&](std::string_view allowed) {
    return any_category(c, [&](const std::string& ours) { return domain::category_within(ours, allowed); });
  });
}

/// The declared domain, and where the click leads.
bool domain_blocked(Case& c) noexcept {
  const std::string_view landing = host_of(c.creative.landing_page);
  return any_of(c.input.auction.blocked_domains, [&](std::string_view blocked) {
    return domain::domain_within(c.advertiser.domain, blocked) || domain::domain_within(landing, blocked);
  });
}

bool app_blocked(Case& c) noexcept {
  return !c.creative.app_bundle.empty() &&
         any_of(c.input.auction.blocked_apps,
                [&](std::string_view blocked) { return blocked == c.creative.app_bundle; });
}

/// battr of the medium the creative would fill, and btype of banners. Skippable video has attribute 16, said
/// or not.
bool attribute_blocked(Case& c) noexcept {
  const domain::Impression& impression = c.input.impression;
  domain::Bytes blocked;
  switch (c.creative.type) {
    case MediaType::banner:
      blocked = impression.banner != nullptr ? impression.banner->battr : domain::Bytes{};
      break;
    case MediaType::video:
      blocked = impression.video != nullptr ? impression.video->battr : domain::Bytes{};
      break;
    case MediaType::audio:
      blocked = impression.audio != nullptr ? impression.audio->battr : domain::Bytes{};
      break;
    case MediaType::native:
      blocked = impression.native != nullptr ? impression.native->battr : domain::Bytes{};
      break;
  }
  constexpr std::uint8_t kSkippable = 16;
  if (any_of(blocked, [&](std::uint8_t attribute) {
        return (attribute == kSkippable && c.creative.skippable) ||
               any_of(c.creative.attributes, [&](std::uint8_t ours) { return ours == attribute; });
      })) {
    return true;
  }
  return c.creative.type == MediaType::banner && impression.banner != nullptr && c.creative.ad_type != 0 &&
         any_of(impression.banner->btype, [&](std::uint8_t type) { return type == c.creative.ad_type; });
}

bool markup_insecure(Case& c) noexcept { return c.input.impression.secure && !c.creative.secure; }

/// Children see no sensitive advertiser; nobody is aimed at personally by one, nor without consent; and
/// knowledge of a user that consent forbids has no business being here.
bool audience_sensitive(Case& c) noexcept {
  const domain::Consent& consent = c.input.consent;
  const bool child = consent.basis() == domain::ConsentBasis::coppa;
  if (child && c.advertiser.sensitive) return true;
  if (c.input.user != nullptr && !consent.may_identify()) return true;
  const bool personal = !c.item.targeting.segments.empty();
  return personal && (child || c.advertiser.sensitive || !consent.may_personalise());
}

bool seen_enough(Case& c) noexcept {
  if (c.input.user == nullptr) return false;
  const std::uint32_t now_s = domain::profile_seconds(c.now);
  return any_of(c.item.caps, [&](const domain::FrequencyCap& cap) {
    const auto key = domain::frequency_key(cap, c.input.catalogue, c.item, c.input.proposal.creative);
    return domain::is_capped(cap, key, c.input.user, now_s);
  });
}

/// Two of one label never share a page. Bids for the same impression are alternatives; a roadblock is one
/// campaign's.
bool rival_beside(Case& c) noexcept {
  if (c.advertiser.exclusion_label.empty()) return false;
  const domain::Auction& auction = c.input.auction;
  const domain::Catalogue& catalogue = c.input.catalogue;
  return any_of(c.input.already, [&](const Proposal& other) {
    if (other.line_item >= catalogue.line_items.size()) return true;
    if (other.impression < auction.impressions.size() &&
        &auction.impressions[other.impression] == &c.input.impression) {
      return false;
    }
    const domain::LineItem& item = catalogue.line_items[other.line_item];
    if (auction.all_impressions && item.campaign == c.item.campaign) return false;
    return catalogue.advertiser_of(item).exclusion_label == c.advertiser.exclusion_label;
  });
}

bool price_too_high(Case& c) noexcept {
  if (c.item.bid_max.value > 0) c.cap(c.item.bid_max, Rule::price_cap);
  if (c.snapshot.options.price_max.value > 0) c.cap(c.snapshot.options.price_max, Rule::price_cap);
  return false;
}

bool price_unusual(Case& c) noexcept {
  const OversightOptions& options = c.snapshot.options;
  if (options.floor_multiple_max > 0 && c.input.floor.value > 0) {
    c.cap(times_saturating(c.input.floor, options.floor_multiple_max), Rule::relative_price_cap);
  }
  if (options.usual_multiple_max > 0) {
    const Nanos usual = c.snapshot.usual_price(c.item.id);
    if (usual.value > 0) c.cap(times_saturating(usual, options.usual_multiple_max), Rule::relative_price_cap);
  }
  return false;
}

bool under_floor(Case& c) noexcept { return c.price.value <= 0 || c.price < c.input.floor; }

bool money_missing(Case& c) noexcept {
  c.cap(c.input.proposal.available, Rule::no_money);
  return under_floor(c);
}

bool landing_unsound(Case& c) noexcept {
  return !landing_is_sound(c.creative.landing_page, c.snapshot.options.https_landing_only);
}

/// Lower-cased into a buffer of its own; what does not fit is not looked up.
class Lowered {
 public:
  explicit Lowered(std::string_view text) noexcept {
    fits = text.size() <= sizeof(buffer_);
    const std::size_t size = fits ? text.size() : 0;
    for (std::size_t i = 0; i < size; ++i) buffer_[i] = domain::to_lower(text[i]);
    view = {buffer_, size};
  }
  bool fits;
  std::string_view view;

 private:
  char buffer_[256];
};

bool domain_unsafe(const PageSafety& pages, std::string_view name) noexcept {
  if (pages.domains.empty() || name.empty()) return false;
  const Lowered lowered(name);
  if (!lowered.fits) return true;  // no host name is that long
  for (std::string_view part = lowered.view; !part.empty(); part = domain::parent_domain(part)) {
    if (pages.domains.contains(part)) return true;
  }
  return false;
}

constexpr bool is_word(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/// Any listed word in the first kilobyte.
bool words_unsafe(const PageSafety& pages, std::string_view text) noexcept {
  text = text.substr(0, 1024);
  for (std::size_t at = 0; at < text.size();) {
    while (at < text.size() && !is_word(text[at])) ++at;
    std::size_t end = at;
    while (end < text.size() && is_word(text[end])) ++end;
    if (end > at) {
      const Lowered word(text.substr(at, end - at));
      if (word.fits && pages.words.contains(word.view)) return true;
    }
    at = end;
  }
  return false;
}

bool page_unsafe(Case& c) noexcept {
  const PageSafety& pages = c.snapshot.pages;
  const domain::Auction& auction = c.input.auction;
  if (domain_unsafe(pages, auction.domain) || domain_unsafe(pages, host_of(auction.page))) return true;
  if (pages.words.empty()) return false;
  return words_unsafe(pages, auction.page) ||
         any_of(auction.keywords, [&](std::string_view keyword) { return words_unsafe(pages, keyword); });
}

bool seat_blocked(Case& c) noexcept {
  const auto& seats = c.snapshot.options.seats;
  const domain::Auction& auction = c.input.auction;
  const std::string_view seat =
      auction.exchange < seats.size() ? std::string_view(seats[auction.exchange]) : std::string_view{};
  if (seat.empty()) return false;
  const auto is_ours = [&](std::string_view listed) { return listed == seat; };
  if (any_of(auction.seats_blocked, is_ours)) return true;
  return !auction.seats_allowed.empty() && !any_of(auction.seats_allowed, is_ours);
}

struct Check {
  Rule rule;
  bool (*vetoes)(Case&) noexcept;
};

constexpr Check kChecks[] = {
    {Rule::kill_switch, killed},
    {Rule::creative_not_approved, creative_not_approved},
    {Rule::advertiser_not_approved, advertiser_not_approved},
    {Rule::blocked_category, category_blocked},
    {Rule::blocked_domain, domain_blocked},
    {Rule::blocked_app, app_blocked},
    {Rule::blocked_attribute, attribute_blocked},
    {Rule::insecure_markup, markup_insecure},
    {Rule::sensitive_audience, audience_sensitive},
    {Rule::frequency_cap, seen_enough},
    {Rule::competitive_separation, rival_beside},
    {Rule::price_cap, price_too_high},
    {Rule::relative_price_cap, price_unusual},
    {Rule::below_floor, under_floor},
    {Rule::no_money, money_missing},
    {Rule::landing_page, landing_unsound},
    {Rule::page_safety, page_unsafe},
    {Rule::seat_blocked, seat_blocked},
};
static_assert(std::size(kChecks) + 2 == static_cast<std::size_t>(Rule::count_), "one check a rule");

/// Do the proposal's names exist and belong together?
bool hangs_together(const OversightInput& input) noexcept {
  const domain::Catalogue& catalogue = input.catalogue;
  const Proposal& proposal = input.proposal;
  if (proposal.line_item >= catalogue.line_items.size() || proposal.creative >= catalogue.creatives.size())
    return false;
  const domain::LineItem& item = catalogue.line_items[proposal.line_item];
  if (item.campaign >= catalogue.campaigns.size()) return false;
  const std::uint32_t advertiser = catalogue.campaigns[item.campaign].advertiser;
  if (advertiser >= catalogue.advertisers.size()) return false;
  if (catalogue.creatives[proposal.creative].advertiser != advertiser) return false;
  return any_of(item.creatives, [&](std::uint32_t creative) { return creative == proposal.creative; });
}

}  // namespace

OversightAnswer check_proposal(const OversightSnapshot& snapshot, const OversightInput& input,
                               base::WallTime now) noexcept {
  if (!hangs_together(input)) return {false, Rule::malformed_proposal, Nanos{}};
  const domain::LineItem& item = input.catalogue.line_items[input.proposal.line_item];
  Case c{snapshot,
         input,
         now,
         item,
         input.catalogue.campaign_of(item),
         input.catalogue.advertiser_of(item),
         input.catalogue.creatives[input.proposal.creative],
         input.proposal.price};
  for (const Check& check : kChecks) {
    if (check.vetoes(c)) return {false, check.rule, Nanos{}};
  }
  return {true, c.capped_by, c.price};
}

base::Result<domain::Decided<OversightAnswer>> OversightRules::decide(const OversightInput& input,
                                                                      AgentContext& context) {
  if (snapshot_ == nullptr) return base::fail(base::Code::unavailable, "oversight has no rules");
  const OversightOptions& options = snapshot_->options;
  return domain::Decided<OversightAnswer>{check_proposal(*snapshot_, input, context.now), options.policy,
                                          options.version};
}

PageSafety PageSafety::parse(std::string_view text) {
  std::vector<std::string> domains;
  std::vector<std::string> words;
  while (!text.empty()) {
    const auto end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    line = line.substr(0, line.find('#'));
    const auto first = line.find_first_not_of(" \t\r");
    if (first == std::string_view::npos) continue;
    line = line.substr(first, line.find_last_not_of(" \t\r") - first + 1);
    const bool is_domain = line.find('.') != std::string_view::npos;
    std::string entry(is_domain ? domain::listed_domain(line) : line);
    for (char& c : entry) c = domain::to_lower(c);
    (is_domain ? domains : words).push_back(std::move(entry));
  }
  PageSafety pages;
  pages.domains = SortedSet<std::string>(std::move(domains));
  pages.words = SortedSet<std::string>(std::move(words));
  return pages;
}

}  // namespace bandstand::agents::oversight
