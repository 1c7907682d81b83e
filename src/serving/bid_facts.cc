// bid_facts: copies, and nothing else.
#include "serving/bid_facts.h"

#include "domain/topic.h"

namespace bandstand::serving {

domain::BidFacts facts_of(const orchestrator::Bid& bid, const orchestrator::FlowResult& result,
                          const domain::Auction& auction, const domain::Catalogue& catalogue, bool personal) {
  const domain::DecisionRecord& record = *result.record;
  const domain::LineItem& item = catalogue.line_items[bid.line_item];
  const domain::Creative& creative = catalogue.creatives[bid.creative];
  domain::BidFacts facts;
  facts.bid = bid.id;
  facts.campaign = catalogue.campaign_of(item).id;
  facts.line_item = item.id;
  facts.creative = creative.id;
  facts.exchange = auction.exchange;
  facts.media = static_cast<std::uint8_t>(creative.type);
  facts.device = static_cast<std::uint8_t>(auction.device.type);
  facts.at = auction.first_party ? std::uint8_t{1} : auction.at;
  facts.first_party = auction.first_party;
  facts.test = auction.test;
  facts.suspicious = record.verdict != 0;
  facts.personal = personal;
  facts.size = creative.size;
  facts.at_time = record.at;
  facts.life = bid.life;
  facts.price = bid.price;
  const domain::Impression& impression = auction.impressions[bid.impression];
  facts.floor = impression.floor;
  for (const auto& candidate : record.impressions[bid.impression].candidates) {
    const bool left = candidate.refusal == domain::Refusal::none && candidate.deal == bid.deal;
    if (!left || candidate.line_item != item.id.value) continue;
    facts.value = candidate.value;
    facts.mu = candidate.mu;
    facts.click_rate = candidate.click_rate;
    facts.conversion_rate = candidate.conversion_rate;
    facts.propensity = candidate.creative_propensity;
  }
  facts.user_topic = result.response.user_topic;
  facts.user_topic_weight = result.response.user_topic_weight;
  facts.impressions_seen = result.response.impressions_seen;
  facts.placement = domain::topic_of(impression.tag_id);
  facts.user.value = record.user;
  facts.taste = result.response.taste;
  return facts;
}

}  // namespace bandstand::serving
