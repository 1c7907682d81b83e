// settings_checks: see the header.
#include "app/settings_checks.h"

#include <algorithm>
#include <charconv>

#include "base/hash.h"
#include "base/money.h"
#include "serving/http/message.h"

namespace bandstand::app {
namespace {

bool all_of(std::string_view text, std::string_view extra) {
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           extra.find(c) != std::string_view::npos;
  });
}

bool is_currency(std::string_view text) {
  return text.size() == 3 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

bool is_url(std::string_view text) {
  const auto scheme = text.find("://");
  if (scheme == std::string_view::npos) return false;
  if (text.substr(0, scheme) != "http" && text.substr(0, scheme) != "https") return false;
  const std::string_view rest = text.substr(scheme + 3);
  return !rest.empty() && rest.front() != '/' && rest.back() != '/' &&
         rest.find_first_of(" \t\"<>?#") == std::string_view::npos;
}

/// What the flow gives a banner on a web page (OpenRTB implementation notes: 60 s).
constexpr base::Duration kShortestBidLife = std::chrono::seconds(60);

class Checks {
 public:
  Checks(Settings& settings, std::vector<Problem>& problems) : settings_(settings), problems_(problems) {}

  void run() {
    addresses();
    exchanges();
    rates();
    windows();
    keys();
    challenger("creative", settings_.team.creative, settings_.team.creative_challenger,
               settings_.team.creative_rollout);
    challenger("bid", settings_.team.bid, settings_.team.bid_challenger, settings_.team.bid_rollout);
  }

 private:
  void problem(const std::string& key, std::string what) {
    const auto line = settings_.lines.find(key);
    problems_.push_back({line == settings_.lines.end() ? 0 : line->second, key, std::move(what)});
  }

  /// The first key that the file sets: the one to point at.
  std::string set_one(std::string first, std::string second) const {
    return settings_.lines.count(first) != 0 || settings_.lines.count(second) == 0 ? first : second;
  }

  template <class T>
  void not_above(const std::string& low, const T& low_value, const std::string& high, const T& high_value) {
    if (low_value <= high_value) return;
    const std::string at = set_one(low, high);
    problem(at, at == low ? "must not be above " + high : "must not be below " + low);
  }

  void addresses() {
    if (settings_.admin_token_file.empty() && !is_loopback(settings_.server.admin)) {
      problem("admin", "is reachable from other machines; ask for a token there (admin_token_file)");
    }
    if (settings_.server.listen != settings_.server.admin || settings_.server.listen.ends_with(":0")) return;
    problem(set_one("admin", "listen"), "listen and admin are the same address");
  }

  /// Also true for what is no address, which is reported already.
  static bool is_loopback(const std::string& text) {
    return !serving::http::Address::parse(text) || text.starts_with("127.") || text.starts_with("[::1]:");
  }

  void exchanges() {
    auto& list = settings_.serving.exchanges;
    if (list.empty()) problem("exchanges", "at least one exchange is needed");
    for (std::size_t i = 0; i < list.size(); ++i) {
      const std::string at = "exchanges[" + std::to_string(i) + "].";
      const auto& exchange = list[i];
      for (std::size_t j = 0; j < i; ++j) {
        if (list[j].name == exchange.name && settings_.lines.count(at + "name") != 0) {
          problem(at + "name",
                  "exchange '" + exchange.name + "' is there already, exchanges[" + std::to_string(j) + "]");
        }
      }
      not_above(at + "tmax_default_ms", exchange.tmax_default_ms, at + "tmax_cap_ms", exchange.tmax_cap_ms);
      if (exchange.network + exchange.write_margin >= std::chrono::milliseconds(exchange.tmax_default_ms)) {
        problem(set_one(at + "network_ms", at + "tmax_default_ms"),
                "the network and the write margin take all of tmax_default_ms");
      }
      if (exchange.default_currency != domain::pack8("USD") && !has_rate(exchange.default_currency)) {
        problem(at + "currency", "has no rate; add it to [[fx]]");
      }
    }
  }

  [[nodiscard]] bool has_rate(std::uint64_t currency) const {
    return std::any_of(settings_.fx.begin(), settings_.fx.end(),
                       [&](const RateText& rate) { return domain::pack8(rate.currency) == currency; });
  }

  void rates() {
    for (std::size_t i = 0; i < settings_.fx.size(); ++i) {
      const RateText& rate = settings_.fx[i];
      const std::string at = "fx[" + std::to_string(i) + "].";
      if (rate.currency.empty() || rate.usd.empty()) continue;  // reported as missing or wrong
      if (!is_currency(rate.currency)) problem(at + "currency", "expected three capital letters of ISO 4217");
      if (rate.currency == "USD") problem(at + "currency", "rates are in USD");
      for (std::size_t j = 0; j < i; ++j) {
        if (settings_.fx[j].currency == rate.currency)
          problem(at + "currency", rate.currency + " is there already");
      }
      settings_.serving.fx.push_back({domain::pack8(rate.currency), base::parse_amount(rate.usd)->value});
    }
  }

  void windows() {
    const auto& serving = settings_.serving;
    if (std::chrono::seconds(serving.token_life_s) > serving.ledger.remember) {
      problem(set_one("token_life_s", "ledger.remember_s"),
              "a token (token_life_s) must not live longer than the ledger remembers its bid "
              "(ledger.remember_s)");
    }
    not_above("ledger.keep_recent_s", serving.ledger.keep_recent, "ledger.remember_s",
              serving.ledger.remember);
    // A win waits for its bill, and a lease for its bids, no longer than their bids are known.
    not_above("ledger.hold_won_s", serving.ledger.hold_won, "ledger.remember_s", serving.ledger.remember);
    not_above("ledger.bid_period_s", serving.ledger.bid_period, "ledger.keep_recent_s",
              serving.ledger.keep_recent);
    const auto lease_max = serving.ledger.lease_duration * (100 + serving.ledger.lease_jitter_percent) / 100;
    if (lease_max + serving.ledger.reclaim_after_lease > serving.ledger.remember) {
      problem(set_one("ledger.reclaim_after_lease_s", "ledger.remember_s"),
              "a lease and its reclaim (ledger.lease_s with its jitter, ledger.reclaim_after_lease_s) must "
              "be over "
              "before its bids are forgotten (ledger.remember_s)");
    }
    if (serving.ledger.reclaim_after_lease < kShortestBidLife) {
      problem(
          "ledger.reclaim_after_lease_s",
          "must not be below 60: a display bid on a web page lives so long, and its bill would come late");
    }
    // Links of clicks and conversions that no longer work cannot be waited for.
    const base::Duration token_life = std::chrono::seconds(serving.token_life_s);
    not_above("matcher.click_window_s", serving.matcher.click_window, "token_life_s", token_life);
    not_above("matcher.conversion_window_s", serving.matcher.conversion_window, "token_life_s", token_life);
    not_above("pacing.window_min_ms", serving.pacing.window_min, "pacing.window_max_ms",
              serving.pacing.window_max);
    not_above("pacing.mu_min", serving.pacing.mu_min, "pacing.mu_max", serving.pacing.mu_max);
    not_above("flow.contenders_max", serving.flow.contenders_max, "flow.candidates_max",
              serving.flow.candidates_max);
    if ((serving.decision_ring_bytes & (serving.decision_ring_bytes - 1)) != 0) {
      problem("log.ring_bytes", "must be a power of two");
    }
  }

  void keys() {
    const auto& keys = settings_.token_keys;
    if (keys.size() > 2) problem("token_keys", "at most two keys: the one that signs and the one before");
    for (std::size_t i = 1; i < keys.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        if (keys[j].id == keys[i].id) {
          problem("token_keys[" + std::to_string(i) + "].id",
                  "key " + std::to_string(keys[i].id) + " is there already");
        }
      }
    }
  }

  void challenger(const std::string& agent, const std::string& policy, const std::string& name,
                  orchestrator::Rollout& rollout) {
    const std::string key = "policies." + agent + "_challenger";
    // Who is in the share of one experiment says nothing about another, and stays in it over restarts.
    rollout.salt = base::hash64(key + "=" + name);
    if (name.empty()) {
      if (rollout.mode != orchestrator::Mode::off)
        problem(key + "_mode", "there is no " + key + " to roll out");
      return;
    }
    if (name == policy) problem(key, "is the policy that it should challenge");
    if (rollout.percent != 0 && rollout.mode != orchestrator::Mode::percent) {
      problem(key + "_percent", "has no meaning unless " + key + "_mode is percent");
    }
    if (rollout.percent == 0 && rollout.mode == orchestrator::Mode::percent) {
      problem(key + "_mode", "percent needs " + key + "_percent above 0");
    }
  }

  Settings& settings_;
  std::vector<Problem>& problems_;
};

}  // namespace

std::string number_text(double number) {
  char text[64];
  const auto end = std::to_chars(text, text + sizeof text, number, std::chars_format::fixed);
  return {text, end.ptr};
}

std::string wrong_text(const SettingInfo& info, std::string_view text) {
  switch (info.type) {
    case SettingType::choice: {
      if (std::find(info.choices.begin(), info.choices.end(), text) != info.choices.end()) return "";
      std::string out = "must be one of ";
      for (const auto choice : info.choices) {
        out += choice.empty() ? "\"\"" : std::string(choice);
        out += ", ";
      }
      out.resize(out.size() - 2);
      return out;
    }
    case SettingType::name:
      return !text.empty() && text.size() <= 64 && all_of(text, "-_.")
                 ? ""
                 : "expected letters, digits, '-', '_' and '.', at most 64";
    case SettingType::currency: return is_currency(text) ? "" : "expected three capital letters of ISO 4217";
    case SettingType::amount: {
      const auto amount = base::parse_amount(text);
      return amount && amount->value > 0 ? "" : "expected an amount above 0 such as \"1.0834\"";
    }
    case SettingType::address:
      return serving::http::Address::parse(text)
                 ? ""
                 : "expected ADDRESS:PORT, such as 127.0.0.1:8080 or [::]:8080";
    case SettingType::url:
      return text.empty() || is_url(text) ? ""
                                          : "expected http:// or https://, a host, and no slash at the end";
    default: return "";
  }
}

void check_settings(Settings& settings, std::vector<Problem>& problems) { Checks(settings, problems).run(); }

}  // namespace bandstand::app
