// fraud_rules: one question after the other; each is a few compares or one look-up.
#include "agents/fraud/fraud_rules.h"

#include <algorithm>
#include <iterator>

#include "domain/hierarchy.h"

namespace bandstand::agents::fraud {

using domain::Browser;
using domain::DeviceType;
using domain::Os;

const char* name_of(Reason reason) noexcept {
  static constexpr const char* kNames[] = {"none",
                                           "known_crawler",
                                           "data_center",
                                           "no_user_agent",
                                           "malformed_user_agent",
                                           "bad_address",
                                           "impossible_device",
                                           "blocked_address",
                                           "rate_address",
                                           "rate_user",
                                           "rate_placement",
                                           "click_too_soon",
                                           "click_rate",
                                           "click_without_impression",
                                           "repeated_event",
                                           "off_placement",
                                           "blocked_party",
                                           "fraud_score"};
  static_assert(std::size(kNames) == static_cast<std::size_t>(Reason::count_));
  const auto index = static_cast<std::size_t>(reason);
  return index < std::size(kNames) ? kNames[index] : "unknown";
}

std::shared_ptr<const FraudLists> FraudLists::built_in() {
  auto lists = std::make_shared<FraudLists>();
  lists->crawlers = CrawlerList::compile(default_crawler_patterns());
  AddressListsBuilder builder;
  builder.add_reserved();
  lists->addresses = builder.build();
  return lists;
}

bool is_malformed_user_agent(std::string_view text, std::size_t bytes_max) noexcept {
  if (text.size() < 8 || text.size() > bytes_max) return true;
  bool letter = false;
  int depth = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (static_cast<unsigned char>(c) < ' ' || c == 127) return true;
    letter = letter || (domain::to_lower(c) >= 'a' && domain::to_lower(c) <= 'z');
    if (c == '(') ++depth;
    if (c == ')' && --depth < 0) depth = 0;
    const bool macro =
        i + 1 < text.size() && ((c == '$' && text[i + 1] == '{') || (c == '{' && text[i + 1] == '{') ||
                                (c == '%' && text[i + 1] == '%'));
    if (macro) return true;
  }
  if (!letter) return true;
  // A bare product without any comment or second product names no browser.
  return domain::equal_ignoring_case(text, "mozilla/5.0") ||
         domain::equal_ignoring_case(text, "mozilla/4.0") || domain::equal_ignoring_case(text, "undefined") ||
         domain::equal_ignoring_case(text, "user-agent");
}

bool is_impossible_device(const domain::Device& device) noexcept {
  const std::string_view agent = device.user_agent;
  const auto says = [&](std::string_view word) { return agent.find(word) != std::string_view::npos; };
  const bool ios_text = domain::equal_ignoring_case(device.os_text, "ios");
  const bool android_text = domain::equal_ignoring_case(device.os_text, "android");
  // What the request declares against what the user agent says. iPads ask for desktop sites as "Macintosh":
  // allowed.
  if (ios_text && (says("Windows NT") || says("Android") || says("X11; Linux"))) return true;
  if (android_text &&
      (says("Windows NT") || says("iPhone; CPU") || says("iPad; CPU") || says("Macintosh; Intel")))
    return true;
  if (domain::equal_ignoring_case(device.make, "apple") && android_text) return true;
  // What a browser cannot run on.
  if (device.browser == Browser::internet_explorer && (device.os == Os::ios || device.os == Os::android))
    return true;
  if (device.browser == Browser::samsung && device.os == Os::ios) return true;
  return (device.type == DeviceType::phone || device.type == DeviceType::tablet) &&
         device.os == Os::chrome_os;
}

bool is_invisible(const domain::Auction& auction) noexcept {
  if (auction.impressions.empty()) return false;
  for (const domain::Impression& impression : auction.impressions) {
    if (impression.video != nullptr || impression.audio != nullptr || impression.native != nullptr)
      return false;
    if (impression.banner == nullptr || impression.banner->sizes.empty()) return false;
    for (const domain::Size size : impression.banner->sizes) {
      if (size.w > 1 || size.h > 1) return false;
    }
  }
  return true;
}

FraudRules::FraudRules(std::shared_ptr<const FraudLists> lists, FraudOptions options)
    : lists_(std::move(lists)), options_(options), kept_(options.user_agents_kept) {
  BANDSTAND_CHECK(lists_ != nullptr && options.user_agents_kept > 0 &&
                  (options.user_agents_kept & (options.user_agents_kept - 1)) == 0);
}

void FraudRules::set_lists(std::shared_ptr<const FraudLists> lists) {
  BANDSTAND_CHECK(lists != nullptr);
  lists_ = std::move(lists);
  std::fill(kept_.begin(), kept_.end(), Kept{});
}

FraudRules::AgentClass FraudRules::classify(std::string_view user_agent) {
  const std::uint64_t hash = base::hash64(user_agent, options_.salt);
  Kept& kept = kept_[hash & (kept_.size() - 1)];
  if (kept.hash == hash && kept.what != AgentClass::unknown) return kept.what;
  AgentClass what = AgentClass::browser;
  if (lists_->crawlers.match(user_agent) >= 0) {
    what = AgentClass::crawler;
  } else if (is_malformed_user_agent(user_agent, options_.user_agent_bytes_max)) {
    what = AgentClass::malformed;
  }
  kept = {hash, what};
  return what;
}

FraudAnswer FraudRules::judge(const FraudInput& input) {
  const domain::Auction& auction = input.auction;
  const domain::Device& device = auction.device;

  const auto agent = device.user_agent.empty() ? AgentClass::unknown : classify(device.user_agent);
  if (agent == AgentClass::crawler) return {Verdict::invalid, Reason::known_crawler, 1.0f};

  bool bad_address = false;
  if (!device.ip.empty() || !device.ipv6.empty()) {
    AddressLabel label = AddressLabel::none;
    const auto v4 = device.ip.empty() ? std::nullopt : parse_ipv4(device.ip);
    // Some exchanges send an IPv6 address in `ip`.
    const auto v6 = parse_ipv6(device.ipv6.empty() ? device.ip : device.ipv6);
    if (v4) label = lists_->addresses.at(*v4);
    if (v6) label = std::max(label, lists_->addresses.at(*v6));
    if (label == AddressLabel::blocked) return {Verdict::invalid, Reason::blocked_address, 1.0f};
    if (label == AddressLabel::data_center) return {Verdict::invalid, Reason::data_center, 0.95f};
    // Our own pages may be visited from inside the house; an exchange's cannot.
    const bool inside = label == AddressLabel::reserved && !auction.first_party && !auction.test;
    bad_address = inside || (!v4 && !v6);
  }
  if (bad_address) return {Verdict::suspicious, Reason::bad_address, 0.8f};
  if (agent == AgentClass::unknown && options_.need_user_agent && auction.channel != domain::Channel::dooh &&
      !auction.first_party) {
    return {Verdict::suspicious, Reason::no_user_agent, 0.7f};
  }
  if (agent == AgentClass::malformed) return {Verdict::suspicious, Reason::malformed_user_agent, 0.8f};
  if (is_impossible_device(device)) return {Verdict::suspicious, Reason::impossible_device, 0.8f};
  if (is_invisible(auction)) return {Verdict::suspicious, Reason::off_placement, 0.8f};

  const auto over = [](float rate, float max) { return max > 0 && rate > max; };
  if (over(input.rates.by_user, options_.user_rate_max))
    return {Verdict::suspicious, Reason::rate_user, 0.6f};
  if (over(input.rates.by_address, options_.address_rate_max))
    return {Verdict::suspicious, Reason::rate_address, 0.6f};
  if (over(input.rates.by_placement, options_.placement_rate_max))
    return {Verdict::suspicious, Reason::rate_placement, 0.5f};
  return {};
}

base::Result<domain::Decided<FraudAnswer>> FraudRules::decide(const FraudInput& input, AgentContext&) {
  return domain::Decided<FraudAnswer>{judge(input), options_.policy, lists_->version};
}

}  // namespace bandstand::agents::fraud
