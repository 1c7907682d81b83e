// server: the process: one thread a shard with its sockets, one control thread, and how they wake each other.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "serving/control.h"
#include "serving/file_watch.h"
#include "serving/http/server.h"
#include "serving/reload_report.h"
#include "serving/settings.h"
#include "serving/shard.h"
#include "telemetry/log.h"

namespace bandstand::serving {

/// Makes the agents of one shard (app/wiring).
using TeamFactory = std::function<std::unique_ptr<ShardTeam>(const ServingSettings&)>;
/// Makes the operators' endpoint, which lives on the control thread.
using AdminFactory =
    std::function<std::unique_ptr<http::Handler>(Control&, std::span<const telemetry::MetricSet* const>)>;
/// What is read at the start and anew at a reload: the catalogue, nullptr if it or the lists are bad, and the fraud
/// lists.
struct LoadedCatalogue {
  domain::CatalogueSnapshot catalogue;
  std::string text;
  std::shared_ptr<const agents::fraud::FraudLists> fraud;  ///< nullptr: the built-in ones, or as they are
  std::vector<std::string> problems{};  ///< why there is no catalogue: a line each, already on standard error
};
using CatalogueLoader = std::function<LoadedCatalogue()>;

struct ServerOptions {
  std::string data_dir = "data";
  std::string listen = "127.0.0.1:8080";
  std::string admin = "127.0.0.1:8081";
  std::size_t connections_max = 4096;      ///< a shard; beyond it only notices and events are taken ...
  std::size_t connections_reserved = 256;  ///< ... by so many more connections
  std::vector<std::string> watched;  ///< files whose change is a reload, once they are quiet for a second
  telemetry::LogOptions log;         ///< of the lines on standard error
  ModelReader read_model{};          ///< empty: no models are served
  bool pin_threads = false;  ///< shard i on core i, control on the last
};

/// Starts, serves, stops. The thread that calls run() becomes the control thread.
class Server {
 public:
  Server(ServingSettings settings, ServerOptions options, TeamFactory teams, AdminFactory admin,
         CatalogueLoader loader);
  ~Server();

  /// Opens data and sockets and starts the shards. Errors carry their text in error().
  base::Result<std::monostate> start();
  [[nodiscard]] const std::string& error() const { return error_; }
  [[nodiscard]] std::string public_address() const;
  [[nodiscard]] std::string admin_address() const;

  /// Serves until stop(); then drains (answers what is under way, gives leases back, flushes). Returns the
  /// exit code.
  int run();
  /// Any thread, also a signal handler.
  void stop() noexcept { stopping_.store(true, std::memory_order_relaxed); }
  void reload() noexcept { reloading_.store(true, std::memory_order_relaxed); }
  /// Reads the files again at once. On the control thread alone (where the operators' endpoint is called).
  ReloadReport reload_now();
  [[nodiscard]] Control& control() { return *control_; }

 private:
  struct ShardThread;
  base::Result<std::monostate> fail(std::string text, base::Error error);
  base::Result<std::monostate> open_secrets();
  void fit_connections();
  bool files_changed();
  bool take_fraud_lists(std::shared_ptr<const agents::fraud::FraudLists> lists);
  void count_entries(const agents::fraud::FraudLists& lists);
  void drain();

  ServingSettings settings_;
  ServerOptions options_;
  TeamFactory teams_;
  AdminFactory admin_factory_;
  CatalogueLoader loader_;
  std::string error_;
  base::SystemClock clock_;
  std::unique_ptr<base::Disk> root_, log_disk_, ledger_disk_;
  std::unique_ptr<base::File> lock_;
  std::unique_ptr<log::Log> log_;
  std::unique_ptr<agents::profile::UserTable> users_;
  std::unique_ptr<telemetry::Metrics> control_metrics_;
  std::unique_ptr<telemetry::LogWriter> lines_;
  std::unique_ptr<Control> control_;
  std::shared_ptr<const agents::fraud::FraudLists> fraud_;
  std::vector<std::unique_ptr<ShardThread>> shards_;
  telemetry::Log* own_lines_ = nullptr;
  std::vector<const telemetry::MetricSet*> metric_sets_;
  std::unique_ptr<http::EventLoop> loop_;
  std::unique_ptr<http::Handler> admin_handler_;
  std::unique_ptr<http::HttpServer> admin_server_;
  FileWatch watch_{{}};
  base::MonoTime next_watch_;
  std::atomic<bool> stopping_{false}, reloading_{false};
};

}  // namespace bandstand::serving
