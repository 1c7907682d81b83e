// admin: the operators' endpoint: health, metrics, status page, campaigns and balances, decisions, kill
// switches, reload.
//
// 1. Lives on the control thread and reads what lives there, without locks. Nothing here is on the bid path.
// 2. GET changes nothing. What changes something asks for the token, if there is one, and refuses other
// sites' pages.
// 3. Every answer is described by web/openapi.json, and a test holds the two together.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "serving/admin_status.h"
#include "serving/control.h"
#include "serving/http/message.h"
#include "serving/reload_report.h"

namespace bandstand::serving {

struct AdminOptions {
  /// Bearer token for calls that change something; empty: none is asked for (for a port on loopback).
  std::string token;
  std::function<ReloadReport()> reload;  ///< what POST /api/v1/reload does
  /// Names by which browsers may reach this port, besides "localhost" and plain addresses
  /// ("ads.example:8081").
  std::vector<std::string> hosts{};
  std::string version = "0.1.0";
};

/// A path that is answered, and with which methods.
struct AdminRoute {
  std::string_view path;     ///< "{id}" stands for one segment
  std::string_view methods;  ///< as in Allow: "GET, HEAD"
};

class AdminEndpoint final : public http::Handler {
 public:
  /// `metric_sets` (at least one) and the rest outlive this. Takes Control::on_second for itself.
  AdminEndpoint(Control& control, AdminOptions options,
                std::span<const telemetry::MetricSet* const> metric_sets, const base::Clock& clock);
  ~AdminEndpoint() override;
  AdminEndpoint(const AdminEndpoint&) = delete;
  AdminEndpoint& operator=(const AdminEndpoint&) = delete;

  void handle(const http::Request& request, http::Response& response) override;

  /// All of them, for the test that compares with the description.
  [[nodiscard]] static std::span<const AdminRoute> routes();

 private:
  struct Call;
  using Action = void (AdminEndpoint::*)(Call&);
  struct Row;
  static std::span<const Row> table();

  void page(Call& call);
  void health(Call& call);
  void readiness(Call& call);
  void metrics(Call& call);
  void status(Call& call);
  void history(Call& call);
  void campaigns(Call& call);
  void balance(Call& call);
  void decisions(Call& call);
  void decision(Call& call);
  void refusals(Call& call);
  void kill(Call& call);
  void reload(Call& call);
  void models(Call& call);
  void publish_model(Call& call);
  void roll_out(Call& call);
  void roll_back(Call& call);
  static void refuse_model(Call& call, const ModelRefusal& why);
  static std::optional<ModelAgent> agent_of(Call& call);
  void erase_user(Call& call);
  void openapi(Call& call);

  [[nodiscard]] bool is_ready() const;
  [[nodiscard]] bool has_token(const http::Request& request) const;
  [[nodiscard]] bool is_foreign(const http::Request& request) const;
  void sample();

  Control& control_;
  AdminOptions options_;
  std::span<const telemetry::MetricSet* const> sets_;
  const base::Clock& clock_;
  base::MonoTime started_;
  StatusHistory history_;
  std::string body_;
};

/// web/openapi.json and the files of the status page, embedded when built.
extern const std::string_view kOpenApi;
extern const std::string_view kStatusHtml;
extern const std::string_view kStatusScript;
extern const std::string_view kStatusStyle;

}  // namespace bandstand::serving
