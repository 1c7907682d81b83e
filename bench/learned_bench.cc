// learned_bench: what keeping the learned state costs: how long it holds control up, how large it is, how long a start reads it.
// Usage: learned_bench [users = 100000] [directory = .]
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "base/rng.h"
#include "serving/learned_keeper.h"

namespace bandstand::bench {
namespace {

using serving::LearnedKeeper;

double ms(base::Duration d) { return std::chrono::duration<double, std::milli>(d).count(); }

void fill(agents::profile::UserTable& table, std::uint64_t users) {
  base::Rng rng(1);
  for (std::uint64_t i = 1; i <= users; ++i) {
    table.update({base::mix64(i) | 1}, 1, [&](domain::UserState& state) {
      for (auto& interest : state.interests) interest = {static_cast<std::uint32_t>(rng.below(1 << 30)), 1, 1, 2, 3};
      state.last_seen_s = 1;
    });
  }
}

/// A model in which a tenth of the weights was learned, and 200 markets.
LearnedKeeper::Sources sources() {
  using agents::bid::MarketSnapshot;
  base::Rng rng(2);
  std::vector<agents::creative::Weight> weights(agents::creative::ResponseModel::kTableSize);
  for (std::size_t i = 0; i < weights.size(); i += 10) weights[i] = {static_cast<float>(rng.uniform()), 1};
  auto model = std::make_shared<agents::creative::ResponseModel>(1, -5.0f, 0.02f, std::move(weights),
                                                                 std::vector<agents::creative::LineItemResponse>{});
  std::vector<MarketSnapshot::Market> markets;
  for (std::uint64_t i = 0; i < 200; ++i) markets.push_back({i << 8 | 4, 10, std::vector<float>(320, 0.1f)});
  auto market = std::make_shared<MarketSnapshot>(1, std::move(markets), agents::bid::QTable{});
  LearnedKeeper::Sources out;
  out.header = [] { return serving::LearnedHeader{{1}, 0.5, {"default"}}; };
  out.market = [market] { return market->encode(); };
  out.creative = [model] { return model->encode(); };
  out.evidence = [] { return std::string(1000 * 200, 'e'); };
  out.figures = [] { return std::string(84 * 1000, 'f'); };
  out.pacing = [] { return std::string(2300 * 1000, 'p'); };  // 1,000 campaigns
  out.open_bids = [] { return std::string(200 * 50'000, 'b'); };
  return out;
}

int run(std::uint64_t users, const std::string& directory) {
  const base::SystemClock clock;
  const std::string root = directory + "/learned-bench";
  auto disk = base::open_posix_disk(root);
  if (!disk) {
    std::fprintf(stderr, "cannot open %s\n", root.c_str());
    return 1;
  }
  serving::ServingSettings settings;
  settings.keep_learned_every = base::Duration{0};
  telemetry::Metrics metrics;
  telemetry::LogWriter lines(clock, 2);
  agents::profile::UserTable table(2 * users);
  fill(table, users);
  LearnedKeeper keeper(settings, {**disk, clock, metrics, lines.open("control"), table}, sources());
  std::vector<double> slices;
  const base::MonoTime begin = clock.mono();
  const auto size = [&]() -> std::uintmax_t {
    return std::filesystem::exists(root + "/learned") ? std::filesystem::file_size(root + "/learned") : 0;
  };
  while (size() == 0) {  // slices at the pace that control has
    const base::MonoTime before = clock.mono();
    keeper.step();
    const double took = ms(clock.mono() - before);
    if (took > 0.02) slices.push_back(took);
  }
  const double whole = ms(clock.mono() - begin);
  std::sort(slices.begin(), slices.end());
  double sum = 0;
  for (const double one : slices) sum += one;
  std::printf("%llu users: %.1f MB in %zu slices over %.0f ms\n", static_cast<unsigned long long>(users),
              static_cast<double>(size()) / 1e6, slices.size(), whole);
  std::printf("a slice holds control up %.2f ms (median), %.2f ms (p99), %.2f ms (longest), %.0f ms in all\n",
              slices[slices.size() / 2], slices[slices.size() * 99 / 100], slices.back(), sum);
  base::MonoTime at = clock.mono();
  keeper.write_all();
  std::printf("an orderly stop writes all of it, and 50,000 open bids, in %.0f ms\n", ms(clock.mono() - at));
  agents::profile::UserTable other(2 * users);
  LearnedKeeper reader(settings, {**disk, clock, metrics, lines.open("control"), other}, sources());
  at = clock.mono();
  const auto learned = reader.restore();
  std::printf("a start reads it in %.0f ms (%zu users, %zu laws)\n", ms(clock.mono() - at), learned.users,
              learned.market == nullptr ? 0 : learned.market->markets().size());
  std::filesystem::remove_all(root);
  return learned.users == table.size() ? 0 : 1;
}

}  // namespace
}  // namespace bandstand::bench

int main(int argc, char** argv) {
  return bandstand::bench::run(argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 100'000, argc > 2 ? argv[2] : ".");
}
