// train_bid: read, train, write.
#include "app/train_bid.h"

#include <nlohmann/json.hpp>
#include <ostream>

#include "base/hash.h"
#include "base/input.h"
#include "experiments/control_training.h"

namespace bandstand::app {

int train_bid(const TrainBidOptions& options, std::ostream& out, std::ostream& err) {
  const auto fail = [&](int code, const std::string& what) {
    err << "train bid: " << what << '\n';
    return code;
  };
  const experiments::ControlMethod* const method = experiments::find_control_method(options.method);
  if (method == nullptr) {
    std::string names;
    for (const auto& each : experiments::control_methods()) names += " " + each.name;
    return fail(2, "--method: no method '" + options.method + "'; there are:" + names);
  }
  if (!(options.first > 0 && options.first <= 1)) return fail(2, "--first: a share above 0, at most 1");
  if (options.days < 1 || options.windows < 1 || options.day < options.windows)
    return fail(2, "--days, --windows: at least 1; --day: at least an auction a window");
  const auto info = experiments::load_campaign_info(options.info);
  if (!info) return fail(1, info.error());
  const auto auctions = experiments::load_auctions(options.auctions);
  if (!auctions) return fail(1, auctions.error());
  const auto bytes = base::read_whole_file(options.auctions, std::size_t{1} << 32);
  if (!bytes) return fail(1, options.auctions + ": " + bytes.error().what);
  const auto count = static_cast<std::size_t>(options.first * static_cast<double>(auctions->size()));
  if (count == 0) return fail(2, "--first: leaves no auction");
  const std::span<const experiments::RecordedAuction> part(auctions->data(), count);
  model::ModelFile file = experiments::train_control(*method, *info, part,
                                                     {.horizon = {.windows = options.windows, .auctions = options.day},
                                                      .days = options.days,
                                                      .seed = options.seed,
                                                      .progress = &err});
  auto record = nlohmann::json::parse(file.training);
  record["data_xxh64"] = base::hash64(*bytes);
  file.training = record.dump();
  if (!options.out.empty()) {
    if (const auto written = model::write_model(options.out, file); !written)
      return fail(1, options.out + ": " + written.error().what);
  }
  out << file.kind << ' ' << file.training << '\n';
  return 0;
}

}  // namespace bandstand::app
