// lab_joint: options to protocol, tables to text.
#include "app/lab_joint.h"

#include <ostream>

#include "base/words.h"
#include "experiments/protocol_joint.h"

namespace bandstand::app {

int lab_joint(const LabJointOptions& options, const base::Clock& clock, std::ostream& out, std::ostream& err) {
  const auto seeds = base::read_seeds(options.seeds);
  if (!seeds || seeds->second - seeds->first >= 1000 ||
      options.training_days < 1 || options.test_days < 1 || !(options.trust > 0 && options.trust <= 1)) {
    err << "bandstand-lab: measure joint: --seeds like 1..10, --days and --test-days from 1, --trust above 0, at most 1\n";
    return 2;
  }
  experiments::JointProtocol protocol;
  protocol.first_seed = seeds->first;
  protocol.seeds = static_cast<int>(seeds->second - seeds->first + 1);
  protocol.training_days = options.training_days;
  protocol.test_days = options.test_days;
  protocol.trust = static_cast<float>(options.trust);
  protocol.search_rounds = options.quick ? 0 : protocol.search_rounds;
  protocol.clock = &clock;
  protocol.progress = options.json ? nullptr : &err;
  const auto result = experiments::run_joint_protocol(protocol);
  const auto format = options.json ? experiments::TableFormat::json : experiments::TableFormat::aligned;
  result.arms.print(format, out);
  out << "\n";
  result.agents.print(format, out);
  if (!options.json) out << "\n" << result.verdict << "\n";
  return 0;
}

}  // namespace bandstand::app
