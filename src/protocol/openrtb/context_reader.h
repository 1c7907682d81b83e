// context_reader: who asks and where: site, app, dooh, device, user, source, regs. Internal to this folder.
#pragma once

#include "protocol/openrtb/json_reader.h"

namespace bandstand::protocol::openrtb {

using domain::Texts;

/// What several fields decide together, until all are read.
struct Pending {
  std::string_view consent, consent_ext, gpp, us_privacy, us_privacy_ext, buyer_uid, user_id, ifa;
  std::span<const std::uint16_t> gpp_sid;
  std::int64_t gdpr = -1, gdpr_ext = -1;
  domain::SupplyChain schain_ext;
  domain::Geo user_geo;
  Texts site_keywords, content_keywords, user_keywords, wlangb, categories, section_categories,
      page_categories;
  std::string_view language_b, platform;
  domain::Size screen;
  int channels = 0;
  bool has_language_b = false;
};

/// site, app or dooh.
void read_channel(JsonReader& reader, ondemand::value& value, const Place& at, domain::Channel channel,
                  Pending& pending);
void read_device(JsonReader& reader, ondemand::value& value, const Place& at, Pending& pending);
void read_user(JsonReader& reader, ondemand::value& value, const Place& at, Pending& pending);
void read_source(JsonReader& reader, ondemand::value& value, const Place& at, Pending& pending);
void read_regs(JsonReader& reader, ondemand::value& value, const Place& at, Pending& pending);
void read_schain(JsonReader& reader, ondemand::value& value, const Place& at, domain::SupplyChain& chain);

/// Both lists; a copy only if neither is empty.
Texts joined(base::Arena& arena, Texts a, Texts b);

}  // namespace bandstand::protocol::openrtb
