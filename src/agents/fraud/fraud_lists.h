// fraud_lists: the crawlers and addresses that the fraud agent knows of, as one thing to swap.
#pragma once

#include <cstdint>
#include <memory>

#include "agents/fraud/address_lists.h"
#include "agents/fraud/crawler_list.h"

namespace bandstand::agents::fraud {

/// The lists, immutable, shared by all shards and swapped whole.
struct FraudLists {
  CrawlerList crawlers;
  AddressLists addresses;
  std::uint32_t version = 0;  ///< 0: built in; else by contents

  /// What needs no file: default_crawler_patterns() and the reserved ranges.
  static std::shared_ptr<const FraudLists> built_in();
};

}  // namespace bandstand::agents::fraud
