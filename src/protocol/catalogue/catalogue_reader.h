// catalogue_reader: a catalogue file becomes a checked snapshot, or a list of everything that is wrong with it.
#pragma once

#include <string_view>
#include <vector>

#include "domain/catalogue.h"
#include "protocol/catalogue/document.h"

namespace bandstand::protocol::catalogue {

/// Names of the exchanges in the settings, in order: a catalogue's "exchanges" refer to them.
using ExchangeNames = std::vector<std::string>;

/// Reads JSON or YAML in the format of docs/formats/catalogue.md. Returns null and at least one problem if anything is
/// wrong: unknown or missing fields, bad values, ids twice, dangling references, a line item without a creative that
/// could be shown. Everything is reported at once. The version is a hash of the text. A creative with slots becomes its
/// variants (creative_template.h). `notes`: what is worth saying but not wrong, such as variants that were left out.
domain::CatalogueSnapshot read_catalogue(std::string_view text, const ExchangeNames& exchanges,
                                         std::vector<Problem>& problems, std::vector<Problem>* notes = nullptr);

}  // namespace bandstand::protocol::catalogue
