// file_watch_test: a change is told once, when it is over.
#include "serving/file_watch.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace bandstand::serving {
namespace {

class Watch : public testing::Test {
 protected:
  Watch()
      : file_(testing::TempDir() + "/watched-" +
              testing::UnitTest::GetInstance()->current_test_info()->name()) {
    write("a");
  }
  ~Watch() override { std::filesystem::remove(file_); }
  void write(const std::string& text) { std::ofstream(file_) << text; }
  std::string file_;
};

TEST_F(Watch, TellsAChangeOnceItIsOver) {
  FileWatch watch({file_, file_ + ".absent"});
  EXPECT_FALSE(watch.changed());
  write("ab");
  EXPECT_FALSE(watch.changed()) << "it may still be written";
  write("abc");
  EXPECT_FALSE(watch.changed()) << "it was";
  EXPECT_TRUE(watch.changed());
  EXPECT_FALSE(watch.changed());
}

TEST_F(Watch, SeesAReplacementAndAFileThatGoesAndComes) {
  FileWatch watch({file_});
  std::ofstream(file_ + ".new") << "b";
  std::filesystem::rename(file_ + ".new", file_);
  EXPECT_FALSE(watch.changed());
  EXPECT_TRUE(watch.changed());
  std::filesystem::remove(file_);
  EXPECT_FALSE(watch.changed());
  EXPECT_TRUE(watch.changed());
  write("b");
  EXPECT_FALSE(watch.changed());
  EXPECT_TRUE(watch.changed());
}

}  // namespace
}  // namespace bandstand::serving
