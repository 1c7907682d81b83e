// verbs_test: the program as its users start it: each verb's exit code and what it prints.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "app/replay_decision.h"
#include "app/simulate.h"
#include "base/clock.h"
#include "base/disk.h"
#include "log/file_log.h"
#include "serving/explain_names.h"

namespace bandstand::app {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;

/// One run of the program; its outputs come through one pipe.
class Process {
 public:
  explicit Process(std::vector<std::string> arguments) {
    int ends[2];
    if (pipe(ends) != 0) return;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
    posix_spawn_file_actions_addclose(&actions, ends[0]);
    std::vector<char*> argv{const_cast<char*>(BANDSTAND_PROGRAM)};
    for (auto& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    if (posix_spawn(&pid_, BANDSTAND_PROGRAM, &actions, nullptr, argv.data(), environ) != 0) pid_ = -1;
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    output_ = ends[0];
  }
  ~Process() {
    if (pid_ > 0) kill(pid_, SIGKILL);
    if (pid_ > 0) waitpid(pid_, nullptr, 0);
    if (output_ >= 0) close(output_);
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  /// Reads until `word` and the end of its line, or the end of the output.
  std::string read_until(const std::string& word) {
    char byte = 0;
    while ((printed_.find(word) == std::string::npos || printed_.back() != '\n') && read(output_, &byte, 1) == 1)
      printed_.push_back(byte);
    return printed_;
  }
  void signal(int number) const { kill(pid_, number); }
  /// Reads all that is left; -1 if a signal ended it.
  int wait() {
    char buffer[4096];
    for (ssize_t n = 0; (n = read(output_, buffer, sizeof buffer)) > 0;)
      printed_.append(buffer, static_cast<std::size_t>(n));
    int status = -1;
    waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  [[nodiscard]] const std::string& printed() const { return printed_; }

 private:
  pid_t pid_ = -1;
  int output_ = -1;
  std::string printed_;
};

class Verbs : public testing::Test {
 protected:
  void SetUp() override { fs::create_directories(dir_); }
  void TearDown() override { fs::remove_all(dir_); }
  [[nodiscard]] std::string in_dir(const char* name) const { return (dir_ / name).string(); }

  static void expect_run(std::vector<std::string> arguments, int code, const std::string& words) {
    Process process(std::move(arguments));
    EXPECT_EQ(process.wait(), code) << process.printed();
    EXPECT_THAT(process.printed(), HasSubstr(words));
  }

  static std::string value_after(const std::string& text, const std::string& name) {
    const auto at = text.find(name) + name.size();
    return text.substr(at, text.find_first_of(" \n", at) - at);
  }

  /// A decision in the log of a data directory that ended in a bid.
  static std::string id_of_a_bid(const std::string& data) {
    const base::SystemClock clock;
    auto disk = base::open_posix_disk(data + "/log");
    if (!disk) return "";
    auto log = log::open_file_log(**disk, clock);
    const serving::ServingSettings settings = demo_settings(86'400);
    auto replayer = DecisionReplayer::open(*log, settings, TeamNames{});
    if (!replayer) return "";
    for (const auto id : (*replayer)->ids()) {
      const auto outcome = (*replayer)->replay(id);
      if (outcome.recorded != nullptr && outcome.recorded->bids > 0) return serving::id_text(id);
    }
    return "";
  }

 private:
  fs::path dir_ = fs::path(testing::TempDir()) /
                  (std::string("verbs_") + testing::UnitTest::GetInstance()->current_test_info()->name());
};

TEST_F(Verbs, DemoPlaysServesAndItsBooksAgree) {
  expect_run({"demo", "--seconds", "2", "--rate", "60", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"}, 0,
             "books: the ledger equals the exchange's account to the nano");
}

TEST_F(Verbs, SimulateRepeatsItselfAndItsBooksAgree) {
  const std::vector<std::string> arguments{"simulate", "--seed", "3", "--seconds", "20", "--rate", "50"};
  Process first(arguments);
  Process second(arguments);
  EXPECT_EQ(first.wait(), 0) << first.printed();
  EXPECT_EQ(second.wait(), 0);
  EXPECT_THAT(first.printed(), HasSubstr("books: the ledger equals the exchange's account"));
  EXPECT_EQ(first.printed(), second.printed());
}

TEST_F(Verbs, SimulateWritesJsonAndTheExchangesAccount) {
  const std::string account = in_dir("account.json");
  expect_run({"simulate", "--seconds", "10", "--rate", "50", "--json", "--account", account}, 0, "\"differences\":0");
  std::stringstream text;
  text << std::ifstream(account).rdbuf();
  EXPECT_THAT(text.str(), HasSubstr("\"campaigns\""));
}

TEST_F(Verbs, ServeAnswersReloadsAndStopsInOrder) {
  const std::string data = in_dir("data");
  Process server({"serve", "--data", data, "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"});
  const std::string ready = server.read_until("ready public=");
  ASSERT_THAT(ready, HasSubstr("ready public="));
  expect_run({"simulate", "--server", value_after(ready, "public="), "--seconds", "2", "--rate", "60", "--json"}, 0,
             "\"world\":");
  server.signal(SIGHUP);
  server.signal(SIGTERM);
  EXPECT_EQ(server.wait(), 0) << server.printed();

  const std::string id = id_of_a_bid(data);
  ASSERT_FALSE(id.empty());
  expect_run({"replay", "decision", id, "--data", data}, 0, "the same, bit for bit");
  expect_run({"explain", id, "--data", data}, 0, id);
  expect_run({"explain", id, "--data", data, "--json"}, 0, "{");
  const std::string other(32, 'f');
  expect_run({"replay", "decision", other, "--data", data}, 2, "there is no such decision in the log");
  expect_run({"explain", other, "--data", data}, 2, "there is no such decision in the log");
}

TEST_F(Verbs, WrongUseEndsWithTwoAndNamesTheProblem) {
  expect_run({}, 2, "subcommand");
  expect_run({"simulate", "--pacing", "wishful"}, 2, "there is no policy 'wishful'");
  expect_run({"simulate", "--bid", "wishful"}, 2, "wishful");
  expect_run({"simulate", "--catalogue", in_dir("none.json")}, 2, "cannot read the catalogue");
  expect_run({"simulate", "--server", "nowhere"}, 2, "expected an address");
  expect_run({"serve", "--config", in_dir("none.toml")}, 2, "cannot read");
  expect_run({"serve", "--catalogue", in_dir("none.json"), "--data", in_dir("data")}, 2, "cannot read the catalogue");
  expect_run({"demo", "--listen", "nowhere"}, 2, "bandstand: ");
  expect_run({"replay", "decision", "17"}, 2, "'17' is no decision's id");
  expect_run({"explain", "17"}, 2, "'17' is no decision's id");
  expect_run({"replay", "bidding", "--protocol", "wishful"}, 2, "wishful");
  expect_run({"replay", "openrtb", in_dir("none.jsonl"), "--server", "http://127.0.0.1:1"}, 2, "none.jsonl");
}

TEST_F(Verbs, LedgerSimHoldsThroughASeedAndFindsAPlantedBug) {
  expect_run({"ledger-sim", "--seed", "1", "--events", "20000"}, 0, "all invariants hold");
  expect_run({"ledger-sim", "--seeds", "1..20", "--bug", "dedupe_off"}, 0, "");
  expect_run({"ledger-sim", "--seed", "1", "--bug", "none_such"}, 2, "usage: ");
}

TEST_F(Verbs, CheckAcceptsTheEmbeddedDefaults) { expect_run({"check", "--plan"}, 0, "reservation"); }

}  // namespace
}  // namespace bandstand::app
