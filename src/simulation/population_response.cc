// population_response: hashed weights, a logistic curve.
#include "simulation/population_response.h"

#include <cmath>

#include "base/hash.h"
#include "base/rng.h"

namespace bandstand::simulation {
namespace {

double logistic(double logit) { return 1 / (1 + std::exp(-logit)); }

/// A standard normal number that belongs to this text in this world.
double weight_of(std::uint64_t seed, std::string_view text, std::uint64_t salt) {
  base::Rng rng(base::hash64(text, base::mix64(seed) ^ base::mix64(salt)));
  return rng.normal();
}

constexpr std::uint64_t kOwnSalt = 1, kConversionSalt = 2, kInterestSalt = 1'000, kDeviceSalt = 2'000,
                        kStyleSalt = 3'000;

}  // namespace

int topic_index(std::string_view category) noexcept {
  const std::string_view tier1 = category.substr(0, category.find('-'));
  for (int i = 0; i < kTopics; ++i) {
    if (topics()[static_cast<std::size_t>(i)].category == tier1) return i;
  }
  return -1;
}

ResponseModel::ResponseModel(const ResponseOptions& options, const domain::Catalogue* catalogue)
    : options_(options) {
  if (catalogue == nullptr) return;
  creatives_.reserve(catalogue->creatives.size());
  for (const domain::Creative& creative : catalogue->creatives) {
    const domain::Advertiser& advertiser = catalogue->advertisers[creative.advertiser];
    int topic = -1;
    for (const auto& category : creative.categories) topic = topic < 0 ? topic_index(category) : topic;
    for (const auto& category : advertiser.categories) topic = topic < 0 ? topic_index(category) : topic;
    const std::string id = std::to_string(creative.id.value);
    index_.emplace(id, static_cast<std::uint32_t>(creatives_.size()));
    creatives_.push_back(make(id, topic, creative.features));
  }
}

CreativeTruth ResponseModel::make(std::string_view id, int topic,
                                  const std::vector<std::string>& features) const {
  CreativeTruth truth;
  truth.id = id;
  truth.topic = topic;
  const std::vector<std::string> named =
      features.empty() ? std::vector<std::string>{"id=" + std::string(id)} : features;
  for (const std::string& feature : named) {
    truth.appeal += options_.feature * weight_of(options_.seed, feature, kOwnSalt);
    truth.conversion += .2 * weight_of(options_.seed, feature, kConversionSalt);
    for (std::size_t t = 0; t < truth.with_interest.size(); ++t) {
      truth.with_interest[t] += static_cast<float>(options_.feature_interest *
                                                   weight_of(options_.seed, feature, kInterestSalt + t));
    }
    for (std::size_t d = 0; d < truth.with_device.size(); ++d) {
      truth.with_device[d] +=
          static_cast<float>(options_.feature_device * weight_of(options_.seed, feature, kDeviceSalt + d));
    }
    for (std::size_t k = 0; k < truth.style.size(); ++k) {
      truth.style[k] +=
          static_cast<float>(options_.taste * weight_of(options_.seed, feature, kStyleSalt + k));
    }
  }
  return truth;
}

std::uint32_t ResponseModel::index_of(std::string_view crid) {
  const auto [found, added] =
      index_.emplace(std::string(crid), static_cast<std::uint32_t>(creatives_.size()));
  if (added) creatives_.push_back(make(crid, -1, {}));
  return found->second;
}

double ResponseModel::interest(const User& user, const CreativeTruth& creative) const {
  for (std::size_t i = 0; i < user.interests.size(); ++i) {
    if (user.interests[i] == creative.topic) return options_.match / static_cast<double>(i + 1);
  }
  return 0;
}

double ResponseModel::click(const User& user, const SlotKind& slot, std::uint32_t creative,
                            std::uint32_t seen) const {
  const CreativeTruth& truth = creatives_[creative];
  double logit = options_.click_base + truth.appeal + slot.appeal + static_cast<double>(user.eagerness);
  logit += interest(user, truth) + static_cast<double>(truth.with_interest[user.interests[0]]);
  logit += static_cast<double>(truth.with_device[device_kinds()[user.device].type]);
  for (std::size_t k = 0; k < truth.style.size(); ++k) {
    logit += static_cast<double>(truth.style[k]) * static_cast<double>(user.taste[k]);
  }
  logit -= options_.fatigue * std::log2(1 + static_cast<double>(seen));
  return logistic(logit);
}

double ResponseModel::conversion(const User& user, std::uint32_t creative) const {
  const CreativeTruth& truth = creatives_[creative];
  return logistic(options_.conversion_base + truth.conversion + .5 * interest(user, truth));
}

}  // namespace bandstand::simulation
