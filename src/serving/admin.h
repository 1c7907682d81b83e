// admin: the operators' endpoint: health, metrics, campaigns and balances, decisions, kill switches, the
// status page.
#pragma once

#include <functional>
#include <span>
#include <string>

#include "base/clock.h"
#include "serving/control.h"
#include "serving/http/server.h"

namespace bandstand::serving {

struct AdminOptions {
  std::string token;  ///< bearer token for calls that change something; empty: none (loopback only)
  std::function<void()> reload;  ///< what POST /api/v1/reload does
};

/// Lives on the control thread; reads what lives there without locks.
class AdminEndpoint final : public http::Handler {
 public:
  AdminEndpoint(Control& control, AdminOptions options,
                std::span<const telemetry::MetricSet* const> metric_sets, const base::Clock& clock);
  void handle(const http::Request& request, http::Response& response) override;

 private:
  void status(http::Response& response);
  void campaigns(http::Response& response);
  void balance(std::string_view id, http::Response& response);
  void decision(std::string_view id, std::string_view query, http::Response& response);
  void kill(const http::Request& request, http::Response& response, bool on);
  [[nodiscard]] bool authorised(const http::Request& request) const;

  Control& control_;
  AdminOptions options_;
  std::span<const telemetry::MetricSet* const> sets_;
  const base::Clock& clock_;
  base::MonoTime started_;
  std::string body_;
};

/// The OpenAPI 3.1 description of what admin answers.
extern const char* const kOpenApi;
/// The status page: one file, no request to anywhere else.
extern const char* const kStatusPage;

}  // namespace bandstand::serving
