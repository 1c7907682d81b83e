// server: threads, sockets, wake-ups, start and drain.
#include "serving/server.h"

#include <pthread.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "base/hash.h"
#include "log/file_log.h"
#include "protocol/openrtb/fault.h"

namespace bandstand::serving {
namespace {

telemetry::Dimensions dimensions_of(const ServingSettings& settings) {
  telemetry::Dimensions dims;
  for (const auto& exchange : settings.exchanges) dims.exchanges.push_back(exchange.name);
  dims.topics = {"ledger", "decisions", "events", "snapshots"};
  for (int i = 0; i < domain::kRefusals; ++i)
    dims.refusals.emplace_back(name_of(static_cast<domain::Refusal>(i)));
  for (int i = 0; i < static_cast<int>(agents::fraud::Reason::count_); ++i) {
    dims.fraud_reasons.emplace_back(name_of(static_cast<agents::fraud::Reason>(i)));
  }
  for (int i = 0; i < static_cast<int>(agents::oversight::Rule::count_); ++i) {
    dims.vetoes.emplace_back(name_of(static_cast<agents::oversight::Rule>(i)));
  }
  for (int i = 0; i <= static_cast<int>(domain::ConsentBasis::unknown_region); ++i) {
    dims.consent_bases.emplace_back(name_of(static_cast<domain::ConsentBasis>(i)));
  }
  return dims;
}

ReplyTag pack(http::ResponseHandle handle) {
  // Connection slots and sequences fit: at most 2^16 connections a shard, 2^24 requests a connection before
  // the tag wraps.
  return static_cast<ReplyTag>(handle.connection & 0xffff) << 48 |
         static_cast<ReplyTag>(handle.generation & 0xffffff) << 24 | (handle.sequence & 0xffffff);
}

void pin(std::thread::native_handle_type thread, unsigned core) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(core % std::max(1u, std::thread::hardware_concurrency()), &set);
  pthread_setaffinity_np(thread, sizeof set, &set);
}

constexpr std::string_view kJson = "application/json";
/// Of all that counts something: nothing between us and the sender may answer in our place.
constexpr http::HeaderField kNoStore[] = {{"Cache-Control", "no-store"}};
constexpr std::size_t kOperatorsMax = 64;                      // connections of the operators' port
constexpr std::size_t kOtherDescriptors = 64 + kOperatorsMax;  // log, ledger, listeners, event loops

http::ServerOptions http_options(const ServerOptions& options) {
  http::ServerOptions out;
  out.connections_max = options.connections_max;
  out.connections_reserved = options.connections_reserved;
  return out;
}

}  // namespace

/// One shard with its loop, server and thread.
struct Server::ShardThread final : http::Handler {
  ShardThread(Server& server, std::size_t index)
      : link(server.settings_.decision_ring_bytes),
        metrics(dimensions_of(server.settings_)),
        loop(server.clock_),
        settings(server.settings_),
        http_server(loop, *this, metrics, http_options(server.options_)) {
    ShardOptions options;
    options.node = {static_cast<std::uint16_t>(index + 1)};
    options.boot_epoch = server.control_->boot_epoch();
    options.seed = base::mix64(options.boot_epoch);
    auto signer = ledger::TokenSigner::make(settings.token_keys);
    BANDSTAND_CHECK(signer.has_value());
    shard = std::make_unique<Shard>(settings, options, server.teams_(settings), *server.users_, *signer,
                                    server.clock_, metrics, server.lines_->open("shard"), link);
    shard->on_reply = [this](ReplyTag tag, int status) { complete(tag, status); };
    loop.on_wake([this] { shard->poll(); });
    loop.on_tick(std::chrono::milliseconds(5), [this](base::MonoTime) { shard->poll(); });
  }

  void handle(const http::Request& request, http::Response& response) override {
    const std::string_view path = request.path;
    if (path.substr(0, 13) == "/openrtb2/bid") return bid(request, response, path.substr(13));
    if (path == "/v1/decide") return decide(request, response);
    if (path.substr(0, 6) == "/n/v1/" || path.substr(0, 6) == "/e/v1/")
      return notice(request, response, path.substr(6));
    if (path == "/healthz") return response.send(200, "text/plain", "ok\n");
    response.send(404, kJson, R"({"code":"not_found","field":"","message":"no such path"})");
  }

  void bid(const http::Request& request, http::Response& response, std::string_view rest) {
    if (request.method != http::Method::post) return response.send(405);
    std::size_t exchange = 0;
    if (!rest.empty()) {
      rest.remove_prefix(1);
      while (exchange < settings.exchanges.size() && settings.exchanges[exchange].name != rest) ++exchange;
      if (exchange == settings.exchanges.size()) return response.send(404);
    }
    // JSON whatever the header says (some exchanges, and curl, say something else), but not the other
    // representation.
    if (request.header(http::Header::content_type).find("protobuf") != std::string_view::npos)
      return response.send(415);
    if (request.reserved) {  // kept for notices
      metrics.bid_requests.add(telemetry::Exchange{exchange}, telemetry::BidOutcome::shed);
      return response.send(204);
    }
    const ShardReply reply =
        shard->bid(static_cast<std::uint16_t>(exchange), request.body, request.received, request.backlog);
    if (reply.body.empty()) return response.send(reply.status);
    static constexpr http::HeaderField kVersion[] = {{"x-openrtb-version", "2.6"}};
    response.send(http::Answer{reply.status, kJson, reply.body, kVersion});
  }

  void decide(const http::Request& request, http::Response& response) {
    if (request.method != http::Method::post) return response.send(405);
    if (request.reserved) {
      metrics.decide_requests.add(telemetry::DecideOutcome::shed);
      return response.send(503, kJson,
                           R"({"code":"unavailable","field":"","message":"too many connections"})");
    }
    const ShardReply reply = shard->decide(request.body, request.received, request.backlog);
    response.send(reply.status, kJson, reply.body);
  }

  void notice(const http::Request& request, http::Response& response, std::string_view token) {
    if (request.method != http::Method::get && request.method != http::Method::post &&
        request.method != http::Method::head) {
      return response.send(405);
    }
    // The answer may be owed for a while: the handle is made first, so that the tag can travel with the
    // notice.
    const http::ResponseHandle handle = response.defer();
    const ReplyTag tag = pack(handle);
    owed[tag & kOwedMask] = {tag, handle, request.received};
    const NoticeReply reply = shard->notice(token, request.query, tag);
    if (reply.kind == NoticeReply::Kind::later) return;
    const http::HeaderField moved[] = {{"Location", reply.location}, kNoStore[0]};
    const auto headers = reply.location.empty() ? std::span(kNoStore) : std::span<const http::HeaderField>(moved);
    http_server.complete(handle, http::Answer{reply.status, {}, {}, headers});
  }

  void complete(ReplyTag tag, int status) {
    const Owed& found = owed[tag & kOwedMask];
    if (found.tag != tag) return;
    http_server.complete(found.handle, http::Answer{status, {}, {}, kNoStore});
    metrics.notice_duration.observe((loop.clock().mono() - found.received).count());
  }

  void run(const std::atomic<bool>& stop, base::Duration drain_time) {
    bool draining = false;
    base::MonoTime until;
    for (;;) {
      loop.poll(std::chrono::milliseconds(5));
      if (!draining && stop.load(std::memory_order_relaxed)) {
        draining = true;
        until = loop.clock().mono() + drain_time;
        http_server.drain(until);
      }
      if (draining && (http_server.connections() == 0 || loop.clock().mono() >= until)) break;
    }
    shard->withdraw_all();
    finished.store(true, std::memory_order_release);
  }

  struct Owed {
    ReplyTag tag = 0;
    http::ResponseHandle handle;
    base::MonoTime received;
  };
  static constexpr std::size_t kOwedMask = 0xffff;

  ShardLink link;
  telemetry::Metrics metrics;
  http::EventLoop loop;
  const ServingSettings& settings;
  http::HttpServer http_server;
  std::unique_ptr<Shard> shard;
  std::vector<Owed> owed = std::vector<Owed>(kOwedMask + 1);
  std::thread thread;
  std::atomic<bool> finished{false};
};

Server::Server(ServingSettings settings, ServerOptions options, TeamFactory teams, AdminFactory admin,
               CatalogueLoader loader)
    : settings_(std::move(settings)),
      options_(std::move(options)),
      teams_(std::move(teams)),
      admin_factory_(std::move(admin)),
      loader_(std::move(loader)) {}

Server::~Server() {
  stopping_.store(true);
  for (auto& shard : shards_) {
    if (shard->thread.joinable()) shard->thread.join();
  }
}

base::Result<std::monostate> Server::fail(std::string text, base::Error error) {
  error_ = std::move(text);
  if (error.what != nullptr && *error.what != '\0') error_ += std::string(": ") + error.what;
  return error;
}

/// The installation's secrets: made at first start, kept beside the data, readable by the owner alone.
base::Result<std::monostate> Server::open_secrets() {
  if (!settings_.token_keys.empty() && settings_.user_salt != 0) return std::monostate{};
  auto file = root_->open("secrets", base::Open::create);
  if (!file) return file.error();
  std::string bytes;
  BANDSTAND_TRY_VOID((*file)->read_at(0, 64, bytes));
  if (bytes.size() != 40) {
    auto random = base::machine_entropy(40);
    if (!random) return random.error();
    bytes = *random;
    BANDSTAND_TRY_VOID((*file)->write_at(0, bytes));
    BANDSTAND_TRY_VOID((*file)->sync());
    BANDSTAND_TRY_VOID(root_->sync_directory(""));
  }
  if (settings_.token_keys.empty()) settings_.token_keys.push_back({1, bytes.substr(0, 32)});
  if (settings_.user_salt == 0) std::memcpy(&settings_.user_salt, bytes.data() + 32, 8);
  return std::monostate{};
}

/// As many descriptors as the system allows, and no more connections than fit into them: those of bidders
/// never leave notices without one.
void Server::fit_connections() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  if (limit.rlim_cur < limit.rlim_max) {
    limit.rlim_cur = limit.rlim_max;
    if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) ::getrlimit(RLIMIT_NOFILE, &limit);
  }
  const std::size_t descriptors = static_cast<std::size_t>(std::min<rlim_t>(limit.rlim_cur, 1u << 24));
  const std::size_t rest = descriptors > kOtherDescriptors ? descriptors - kOtherDescriptors : 0;
  const std::size_t share = std::max<std::size_t>(8, rest / std::max(1u, settings_.shards));
  if (options_.connections_max + options_.connections_reserved <= share) return;
  options_.connections_reserved = std::min(options_.connections_reserved, share / 4);
  options_.connections_max = share - options_.connections_reserved;
  std::fprintf(stderr,
               "bandstand: %zu file descriptors allow %zu connections a shard, and %zu for notices alone\n",
               descriptors, options_.connections_max, options_.connections_reserved);
}

base::Result<std::monostate> Server::start() {
  fit_connections();
  // What the caller may have got wrong comes first: a start that fails by it leaves no folders behind.
  watch_ = FileWatch(options_.watched);
  LoadedCatalogue loaded = loader_();
  if (loaded.catalogue == nullptr)
    return fail("the catalogue is not usable", base::fail(base::Code::invalid_input, ""));
  std::string listen = options_.listen;
  for (const std::string& address : {listen, options_.admin}) {
    if (auto free = http::HttpServer::check_free(address, error_); !free) return free.error();
  }
  const auto disk = [&](const char* part, std::unique_ptr<base::Disk>& out) -> base::Result<std::monostate> {
    auto opened = base::open_posix_disk(options_.data_dir + part);
    if (!opened) return opened.error();
    out = std::move(*opened);
    return std::monostate{};
  };
  if (auto opened = disk("", root_); !opened)
    return fail("cannot open the data directory " + options_.data_dir, opened.error());
  if (auto opened = disk("/log", log_disk_); !opened)
    return fail("cannot open the log directory", opened.error());
  if (auto opened = disk("/ledger", ledger_disk_); !opened)
    return fail("cannot open the ledger directory", opened.error());
  auto lock = root_->lock("lock");
  if (!lock) return fail("cannot lock " + options_.data_dir, lock.error());
  lock_ = std::move(*lock);
  if (auto made = open_secrets(); !made) return fail("cannot keep the installation's secrets", made.error());

  log_ = log::open_file_log(*log_disk_, clock_);
  users_ = std::make_unique<agents::profile::UserTable>(settings_.users_max);
  control_metrics_ = std::make_unique<telemetry::Metrics>(dimensions_of(settings_));
  lines_ = std::make_unique<telemetry::LogWriter>(clock_, 2, options_.log);
  own_lines_ = &lines_->open("server");
  loop_ = std::make_unique<http::EventLoop>(clock_);
  ControlParts parts{*ledger_disk_, *log_, clock_, *control_metrics_, lines_->open("control"), *users_};
  const base::MonoTime before = clock_.mono();
  auto control = Control::open(settings_, parts, loaded.catalogue, loaded.text);
  if (!control) return fail("recovery failed (" + log_->trouble() + ")", control.error());
  control_ = std::move(*control);
  if (options_.read_model) {
    if (auto shelf = control_->serve_models(options_.read_model); !shelf)
      return fail("the models could not be read (" + log_->trouble() + ")", shelf.error());
  }
  control_metrics_->recovery.set((clock_.mono() - before).count());

  if (loaded.fraud == nullptr || !take_fraud_lists(loaded.fraud)) {
    count_entries(*agents::fraud::FraudLists::built_in());
  }
  metric_sets_.push_back(control_metrics_.get());
  for (std::size_t i = 0; i < std::max(1u, settings_.shards); ++i) {
    shards_.push_back(std::make_unique<ShardThread>(*this, i));
    ShardThread& shard = *shards_.back();
    if (auto bound = shard.http_server.listen(listen); !bound)
      return fail(shard.http_server.listen_error(), {bound.error().code, 0, ""});
    listen = shard.http_server.bound().text();  // port 0 is picked once, then shared
    metric_sets_.push_back(&shard.metrics);
    control_->attach(shard.link);
    shard.shard->on_message = [this] { loop_->wake(); };
  }
  admin_handler_ = admin_factory_(*control_, metric_sets_);
  http::ServerOptions operators;
  operators.connections_max = kOperatorsMax;
  operators.body_bytes_max = kModelUploadMax;
  admin_server_ = std::make_unique<http::HttpServer>(*loop_, *admin_handler_, *control_metrics_, operators);
  if (auto bound = admin_server_->listen(options_.admin); !bound) {
    return fail(admin_server_->listen_error(), {bound.error().code, 0, ""});
  }
  if (settings_.public_url.empty()) settings_.public_url = "http://" + public_address();
  if (const auto first = control_->step(); !first) return fail("the first round failed", first.error());
  for (std::size_t i = 0; i < shards_.size(); ++i) {
    ShardThread* shard = shards_[i].get();
    shard->thread = std::thread([this, shard] { shard->run(stopping_, std::chrono::seconds(5)); });
    pthread_setname_np(shard->thread.native_handle(), ("shard" + std::to_string(i)).c_str());
    if (options_.pin_threads) pin(shard->thread.native_handle(), static_cast<unsigned>(i));
  }
  return std::monostate{};
}

std::string Server::public_address() const { return shards_.front()->http_server.bound().text(); }
std::string Server::admin_address() const { return admin_server_->bound().text(); }

ReloadReport Server::reload_now() {
  control_metrics_->config_last_reload_timestamp.set(clock_.wall().seconds());
  LoadedCatalogue loaded = loader_();
  ReloadReport report;
  report.problems = std::move(loaded.problems);
  if (loaded.catalogue != nullptr) {
    report.result = telemetry::ReloadResult::unchanged;
    const bool lists = loaded.fraud != nullptr && take_fraud_lists(std::move(loaded.fraud));
    const bool catalogue = loaded.catalogue->version != control_->catalogue().version;
    if (catalogue) control_->replace_catalogue(std::move(loaded.catalogue), loaded.text);
    if (lists || catalogue) report.result = telemetry::ReloadResult::taken;
  }
  const bool refused = report.result == telemetry::ReloadResult::refused;
  control_metrics_->config_reloads.add(report.result);
  control_metrics_->config_last_reload_successful.set(refused ? 0 : 1);
  telemetry::Line line;
  line.level = refused ? telemetry::Level::warning : telemetry::Level::info;
  line.msg = refused ? "changed files refused, what was served goes on"
             : report.result == telemetry::ReloadResult::taken ? "changed files taken"
                                                               : "files read again, nothing has changed";
  own_lines_->write(line);
  return report;
}

bool Server::files_changed() {
  const base::MonoTime now = clock_.mono();
  if (options_.watched.empty() || now < next_watch_) return false;
  next_watch_ = now + std::chrono::seconds(1);
  return watch_.changed();
}

/// False if these are the lists that are served already.
bool Server::take_fraud_lists(std::shared_ptr<const agents::fraud::FraudLists> lists) {
  if (fraud_ != nullptr && fraud_->version == lists->version) return false;
  fraud_ = std::move(lists);
  count_entries(*fraud_);
  control_->replace_fraud_lists(fraud_);
  return true;
}

void Server::count_entries(const agents::fraud::FraudLists& lists) {
  using agents::fraud::AddressLabel;
  using telemetry::FraudList;
  auto& entries = control_metrics_->fraud_list_entries;
  const auto set = [&](FraudList list, std::size_t count) {
    entries.set(static_cast<std::int64_t>(count), list);
  };
  set(FraudList::crawlers, lists.crawlers.size());
  set(FraudList::exempt, lists.addresses.entries(AddressLabel::exempt));
  set(FraudList::data_center, lists.addresses.entries(AddressLabel::data_center));
  set(FraudList::reserved, lists.addresses.entries(AddressLabel::reserved));
  set(FraudList::blocked, lists.addresses.entries(AddressLabel::blocked));
}

int Server::run() {
  bool busy = true;
  while (!stopping_.load(std::memory_order_relaxed)) {
    loop_->poll(busy ? base::Duration{0} : base::Duration{std::chrono::milliseconds(1)});
    if (reloading_.exchange(false) || files_changed()) reload_now();
    const auto taken = control_->step();
    if (!taken) {
      std::fprintf(stderr,
                   "bandstand: stopping: the log or the ledger could not be written: %s. Restart recovers.\n",
                   taken.error().what);
      stopping_.store(true);
      for (auto& shard : shards_) shard->thread.join();
      return 1;
    }
    busy = *taken > 0;
    for (std::size_t i = 0; i < shards_.size(); ++i) {
      if (control_->take_wake(i)) shards_[i]->loop.wake();
    }
    lines_->drain();
  }
  drain();
  return 0;
}

/// Shards finish what they have; control goes on settling until they are done, then everything is flushed.
void Server::drain() {
  const auto all_done = [&] {
    for (const auto& shard : shards_) {
      if (!shard->finished.load(std::memory_order_acquire)) return false;
    }
    return true;
  };
  bool done = false;
  for (int rounds_after = 0; rounds_after < 3;) {
    loop_->poll(std::chrono::milliseconds(1));
    if (!control_->step()) break;
    for (std::size_t i = 0; i < shards_.size(); ++i) {
      if (control_->take_wake(i)) shards_[i]->loop.wake();
    }
    done = done || all_done();
    if (done) ++rounds_after;
  }
  for (auto& shard : shards_) shard->thread.join();
  if (const auto closed = control_->close(); !closed) {
    std::fprintf(stderr, "bandstand: the last flush failed: %s\n", closed.error().what);
  }
  lines_->drain();
}

}  // namespace bandstand::serving
