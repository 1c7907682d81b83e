// settings_rows: the table of settings: what each is called, means and may be, and where its value lives.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "app/settings.h"

namespace bandstand::app {

using Scalar = std::variant<bool, std::int64_t, double, std::string>;

/// text and its kinds are told apart so that a value can be checked and a schema written.
enum class SettingType : std::uint8_t {
  boolean,
  integer,
  number,
  text,
  choice,
  name,
  currency,
  amount,
  address,
  url,
  file
};
enum class Reload : std::uint8_t { hot, restart };
enum class Audience : std::uint8_t { everyone, operators, developers };

struct SettingInfo {
  std::string_view key;  ///< "ledger.remember_s"; within a list of tables without the list's name
  SettingType type;
  std::string_view unit;    ///< "" = none
  double min = 0, max = 0;  ///< of integer and number
  std::vector<std::string_view> choices;
  Audience audience = Audience::operators;
  std::string_view says;  ///< one sentence
  Reload reload = Reload::restart;
  bool required = false;  ///< in a list of tables
};

template <class T>
struct SettingRow {
  SettingInfo info;
  std::function<Scalar(const T&)> get;
  std::function<void(T&, const Scalar&)> set;
};

std::span<const SettingRow<Settings>> root_rows();
std::span<const SettingRow<serving::ExchangeSettings>> exchange_rows();
std::span<const SettingRow<TokenKeyFile>> token_key_rows();
std::span<const SettingRow<RateText>> fx_rows();

/// Calls `each(name, says, rows, list)` for every list of tables; `list` is that of `settings`.
template <class AnySettings, class Each>
void each_list(AnySettings& settings, Each each) {
  each("exchanges",
       "One table an exchange; its place in the list is its number in the logs. Without any there is one, "
       "`default`.",
       exchange_rows(), settings.serving.exchanges);
  each("token_keys",
       "Keys that sign links: the first signs, a second is still accepted. Without any, one is made at the "
       "first "
       "start and kept with the data.",
       token_key_rows(), settings.token_keys);
  each("fx", "Exchange rates, for floors in other currencies than the bid's.", fx_rows(), settings.fx);
}

std::string_view name_of(SettingType type);
std::string_view name_of(Reload reload);
std::string_view name_of(Audience audience);

}  // namespace bandstand::app
