// settings: bandstand.toml becomes checked values, or a list of everything that is wrong with it.
//
// 1. One table of rows (settings_rows.cc) drives reading, the JSON Schema, the reference page and the print
// of what holds.
// 2. Secrets are never in the file, only the names of files that hold them; nothing here prints their
// contents.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "app/fraud_files.h"
#include "app/wiring.h"
#include "protocol/catalogue/document.h"
#include "serving/server.h"
#include "serving/settings.h"

namespace bandstand::app {

using protocol::catalogue::Problem;

/// A signing key as the file names it.
struct TokenKeyFile {
  std::int64_t id = 1;
  std::string file;
};

/// An exchange rate as written, so that it is never read through floating point.
struct RateText {
  std::string currency;
  std::string usd;
};

/// Everything that a bandstand.toml can say.
struct Settings {
  Settings() { serving.public_url.clear(); }

  serving::ServingSettings serving;  ///< an empty public_url: the address that the server got
  serving::ServerOptions server;
  TeamNames team;
  std::string catalogue;
  std::string admin_token_file;
  std::string admin_token;  ///< secret; of admin_token_file
  std::vector<TokenKeyFile> token_keys;
  std::vector<RateText> fx;
  FraudFiles fraud;
  bool watch_files = true;
  std::map<std::string, std::uint32_t, std::less<>> lines;  ///< what the file sets, and where
};

/// Reads the text of a settings file. Whatever is wrong is added to `problems`, all of it; what is right is
/// taken. A problem of the whole, or of a default, has line 0.
Settings parse_settings(std::string_view text, std::vector<Problem>& problems);

/// Reads what the settings name: keys, the operators' token, fraud lists. Once, on the control thread.
void read_named_files(Settings& settings, std::vector<Problem>& problems);

/// The fraud lists alone, as the files are now; nullptr if none is named.
std::shared_ptr<const agents::fraud::FraudLists> read_fraud_lists(const Settings& settings,
                                                                  std::vector<Problem>& problems);

/// Both of the above from a file; "" = the defaults. Errors: the file cannot be read at all.
base::Result<Settings> load_settings(const std::string& path, std::vector<Problem>& problems);

/// What holds, as a settings file with a remark at each value that the file does not set. Has no secrets in
/// it.
std::string print_settings(const Settings& settings);
/// The same as JSON.
std::string settings_json(const Settings& settings);

/// config/schema.json.
std::string settings_schema();
/// docs/reference/settings.md.
std::string settings_reference();

}  // namespace bandstand::app
