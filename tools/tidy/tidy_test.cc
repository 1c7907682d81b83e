// tidy_test: the program finds each kind of broken rule where it is, and passes a tree that keeps them all.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

struct Outcome {
  std::string printed;
  int status = -1;
};

/// A tree of its own, with four layers.
class Tidy : public testing::Test {
 protected:
  void SetUp() override {
    write("LAYERS", "# layer folder where\n9 app both\n8 simulation offline\n5 agents online\n3 ledger online\n1 base online\n");
  }

  void TearDown() override { fs::remove_all(root_); }

  void write(const std::string& file, const std::string& text) {
    fs::create_directories((root_ / file).parent_path());
    std::ofstream(root_ / file) << text;
  }

  Outcome run() const {
    Outcome outcome;
    FILE* pipe = popen((std::string(BANDSTAND_TIDY) + " '" + root_.string() + "' 2>&1").c_str(), "r");
    if (pipe == nullptr) return outcome;
    char buffer[4096];
    for (std::size_t n = 0; (n = fread(buffer, 1, sizeof buffer, pipe)) > 0;) outcome.printed.append(buffer, n);
    outcome.status = WEXITSTATUS(pclose(pipe));
    return outcome;
  }

  /// One file is added to an empty tree: exactly one problem, on that line, with these words.
  void expect_refused(const std::string& file, const std::string& text, int line, const std::string& words) {
    write(file, text);
    const Outcome outcome = run();
    EXPECT_EQ(outcome.status, 1);
    EXPECT_THAT(outcome.printed, HasSubstr(file + ":" + std::to_string(line) + ": "));
    EXPECT_THAT(outcome.printed, HasSubstr(words));
    EXPECT_THAT(outcome.printed, HasSubstr(" 1 problems"));
  }

  void expect_accepted(const std::string& file, const std::string& text) {
    write(file, text);
    const Outcome outcome = run();
    EXPECT_EQ(outcome.status, 0) << outcome.printed;
  }

 private:
  fs::path root_ = fs::path(testing::TempDir()) /
                   (std::string("tidy_") + testing::UnitTest::GetInstance()->current_test_info()->name());
};

TEST_F(Tidy, PassesATreeThatKeepsTheRulesAndCountsItsFiles) {
  write("src/base/a.h", "// a: one.\n");
  write("src/ledger/b.cc", "// b: two.\n#include \"base/a.h\"\n");
  write("tests/c.cc", "// c: three.\n");
  write("src/base/readme.md", "no source \n");
  const Outcome outcome = run();
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(outcome.printed, "tidy: 3 files, 0 problems\n");
}

TEST_F(Tidy, IncludesGoDown) {
  expect_refused("src/base/a.cc", "// a: one.\n\n#include \"ledger/b.h\"\n", 3, "goes up or sideways");
}

TEST_F(Tidy, IncludesOfUnknownFoldersAreRefused) {
  expect_refused("src/base/a.cc", "// a: one.\n#include \"other/b.h\"\n", 2, "'other' has no line in LAYERS");
}

TEST_F(Tidy, ATestMayIncludeUpwards) {
  expect_accepted("src/base/a_test.cc", "// a_test: one.\n#include \"simulation/b.h\"\n");
}

TEST_F(Tidy, AgentsDoNotIncludeEachOther) {
  expect_refused("src/agents/bid/a.cc", "// a: one.\n#include \"agents/budget/b.h\"\n", 2, "agents meet in the orchestrator");
}

TEST_F(Tidy, AnAgentIncludesItsOwnPoliciesAndNobodyElseButApp) {
  expect_accepted("src/agents/bid/a.cc", "// a: one.\n#include \"agents/bid/bid_rules.h\"\n");
  expect_accepted("src/app/a.cc", "// a: one.\n#include \"agents/bid/bid_rules.h\"\n");
  write("LAYERS", "9 app both\n7 serving online\n5 agents online\n");
  expect_refused("src/serving/a.cc", "// a: one.\n#include \"agents/bid/bid_rules.h\"\n", 2, "only app names a concrete policy");
}

TEST_F(Tidy, OnlineCodeIncludesNoOfflineCode) {
  write("LAYERS", "9 serving online\n8 simulation offline\n");
  expect_refused("src/serving/a.cc", "// a: one.\n#include \"simulation/b.h\"\n", 2, "includes offline");
}

TEST_F(Tidy, ClocksAndChanceComeFromBase) {
  expect_accepted("src/base/a.cc", "// a: one.\nauto t = std::chrono::system_clock::now();\n");
  expect_refused("src/ledger/a.cc", "// a: one.\nauto t = std::chrono::system_clock::now();\n", 2, "take a base::Clock");
}

TEST_F(Tidy, MoneyIsNoFraction) {
  expect_refused("src/ledger/a.cc", "// a: one.\ndouble price = 0;\n", 2, "money is base::Nanos");
}

TEST_F(Tidy, BannedWordsMayStandInComments) {
  expect_accepted("src/ledger/a.cc", "// a: one.\nint price = 0;  // a double would round\n");
}

TEST_F(Tidy, NotesToOneselfAreIssuesEvenInComments) {
  expect_refused("src/base/a.cc", "// a: one.\nint x = 0;  // TODO: more\n", 2, "an issue");
}

TEST_F(Tidy, AFileSaysFirstWhatItIsFor) {
  expect_refused("bench/a.cc", "#include <vector>\n", 1, "open with \"// a: what it is for.\"");
}

TEST_F(Tidy, LinesHaveAnEndAndNoBlanksBeforeIt) {
  expect_accepted("src/base/a.h", "// a: one.\n//" + std::string(128, 'x') + "\n");
  write("src/base/b.h", "// b: one.\nint x; \n");
  EXPECT_THAT(run().printed, HasSubstr("src/base/b.h:2: white space at the end"));
  write("src/base/a.h", "// a: one.\n//" + std::string(129, 'x') + "\n");
  EXPECT_THAT(run().printed, HasSubstr("src/base/a.h:2: line of 131 columns"));
}

TEST_F(Tidy, WithoutLayersNothingIsChecked) {
  write("LAYERS", "# none\n");
  const Outcome outcome = run();
  EXPECT_EQ(outcome.status, 2);
  EXPECT_THAT(outcome.printed, HasSubstr("no LAYERS below"));
}

}  // namespace
