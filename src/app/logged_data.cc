// logged_data: settings, then the folder.
#include "app/logged_data.h"

#include <filesystem>
#include <ostream>

#include "app/simulate.h"
#include "base/input.h"
#include "log/file_log.h"

namespace bandstand::app {
namespace {

bool take_settings(const std::string& config, Settings& out, std::ostream& err) {
  if (config.empty()) {
    out.serving = demo_settings(86'400);
    return true;
  }
  const auto text = base::read_whole_file(config, 16 << 20);
  if (!text) {
    err << "bandstand: cannot read " << config << ": " << text.error().what << "\n";
    return false;
  }
  std::vector<Problem> problems;
  out = parse_settings(*text, problems);
  out.team.fraud_lists = read_fraud_lists(out, problems);
  for (const auto& problem : problems) err << protocol::catalogue::print(problem, config) << "\n";
  return problems.empty();
}

}  // namespace

bool open_logged_data(const std::string& config, const std::string& data, LoggedData& to, std::ostream& err) {
  if (!take_settings(config, to.settings, err)) return false;
  to.folder = data.empty() ? to.settings.server.data_dir : data;
  // Opening a disk makes its folder; who only reads must not.
  std::error_code none;
  if (!std::filesystem::is_directory(to.folder + "/log", none)) {
    err << "bandstand: there is no log below " << to.folder << " (--data is what the server was given)\n";
    return false;
  }
  auto disk = base::open_posix_disk(to.folder + "/log");
  if (!disk) {
    err << "bandstand: cannot read the log below " << to.folder << ": " << disk.error().what << "\n";
    return false;
  }
  to.disk = std::move(*disk);
  to.log = log::open_file_log(*to.disk, to.clock);
  return true;
}

}  // namespace bandstand::app
