// lab_delays: figures of learning::measure_delayed_world over seeds.
#include "app/lab_delays.h"

#include <algorithm>
#include <ostream>
#include <vector>

#include "experiments/table.h"
#include "learning/response/delayed_world.h"

namespace bandstand::app {

int lab_delays(const LabDelaysOptions& options, std::ostream& out, std::ostream& err) {
  if (options.seeds < 1 || options.epochs < 1 || options.clicks == 0 || !(options.days > 0)) {
    err << "bandstand-lab: --seeds, --epochs, --clicks and --days: expected more than 0\n";
    return 2;
  }
  std::vector<std::vector<learning::DelayedFigure>> worlds;
  for (int i = 0; i < options.seeds; ++i) {
    worlds.push_back(learning::measure_delayed_world(
        {options.clicks, options.days, options.epochs, options.seed + static_cast<std::uint64_t>(i)}));
    err << "world " << i + 1 << " of " << options.seeds << '\n';
  }
  experiments::Table table({"labels", "bias %", "least", "most", "log loss"});
  for (std::size_t way = 0; way < worlds[0].size(); ++way) {
    double bias = 0, loss = 0, least = 1e9, most = -1e9;
    for (const auto& world : worlds) {
      bias += world[way].bias / options.seeds;
      loss += world[way].log_loss / options.seeds;
      least = std::min(least, world[way].bias);
      most = std::max(most, world[way].bias);
    }
    table.add({experiments::cell(worlds[0][way].name), experiments::cell(100 * bias, 1), experiments::cell(100 * least, 1),
               experiments::cell(100 * most, 1), experiments::cell(loss, 5)});
  }
  table.print(options.json ? experiments::TableFormat::json : experiments::TableFormat::aligned, out);
  return 0;
}

}  // namespace bandstand::app
