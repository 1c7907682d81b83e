// learned_state_test: what was written is read; what is damaged is named and does no harm.
#include "serving/learned_state.h"

#include <gtest/gtest.h>

#include "base/rng.h"
#include "serving/learned_keeper.h"
#include "simulation/faulty_disk.h"

namespace bandstand::serving {
namespace {

struct Read {
  std::vector<std::pair<LearnedPart, std::string>> sections;
  int damaged = 0;
};

Read read_all(base::Disk& disk) {
  Read out;
  auto reader = LearnedReader::open(disk);
  if (!reader) return out;
  for (int i = 0; i < 1000; ++i) {
    auto section = reader->next();
    if (!section) {
      ++out.damaged;
    } else if (!*section) {
      return out;
    } else {
      out.sections.emplace_back((*section)->part, (*section)->content);
    }
  }
  ADD_FAILURE() << "it never ends";
  return out;
}

LearnedHeader header() { return {{42}, 0.25, {"alpha", "beta"}}; }

void write(base::Disk& disk, const std::string& text) {
  LearnedWriter writer(disk);
  ASSERT_TRUE(writer.begin(header()));
  ASSERT_TRUE(writer.add(LearnedPart::pacing, text));
  ASSERT_TRUE(writer.add(LearnedPart::users, "u1"));
  ASSERT_TRUE(writer.add(LearnedPart::users, ""));
  ASSERT_TRUE(writer.finish());
}

TEST(LearnedState, IsReadAsItWasWritten) {
  simulation::FaultyDisk disk(1);
  EXPECT_EQ(LearnedReader::open(disk).error().code, base::Code::not_found);
  write(disk, "p");
  const Read read = read_all(disk);
  EXPECT_EQ(read.damaged, 0);
  ASSERT_EQ(read.sections.size(), 4u);
  const auto got = LearnedHeader::decode(read.sections[0].second);
  ASSERT_TRUE(got);
  EXPECT_EQ(got->exchanges, header().exchanges);
  EXPECT_EQ(got->at.ns, 42);
  EXPECT_EQ(got->first_price_share, 0.25);
  EXPECT_EQ(read.sections[1].second, "p");
  EXPECT_EQ(read.sections[3].second, "");
}

TEST(LearnedState, AFileThatWasNotFinishedLeavesTheOldOne) {
  simulation::FaultyDisk disk(1);
  write(disk, "old");
  LearnedWriter writer(disk);
  ASSERT_TRUE(writer.begin(header()));
  ASSERT_TRUE(writer.add(LearnedPart::pacing, "new"));
  disk.crash_losing_all();
  const Read read = read_all(disk);
  ASSERT_EQ(read.sections.size(), 4u);
  EXPECT_EQ(read.sections[1].second, "old");
  EXPECT_EQ(read.damaged, 0);
}

TEST(LearnedState, ACrashAtAnyCallLeavesOneOrTheOther) {
  for (std::uint64_t call = 1; call < 40; ++call) {
    simulation::FaultyDisk disk(call);
    write(disk, "old");
    simulation::DiskFaults faults;
    faults.power_cut_at_call = call;
    disk.set_faults(faults);
    LearnedWriter writer(disk);
    const bool whole = writer.begin(header()) && writer.add(LearnedPart::pacing, "new") && writer.finish();
    base::Rng rng(call);
    disk.crash(rng);
    const Read read = read_all(disk);
    ASSERT_GE(read.sections.size(), 2u) << call;
    EXPECT_EQ(read.damaged, 0) << call;
    EXPECT_TRUE(read.sections[1].second == "new" || (!whole && read.sections[1].second == "old")) << call;
  }
}

TEST(LearnedState, EveryFlippedByteAndEveryCutIsSeen) {
  simulation::FaultyDisk disk(1);
  write(disk, "some content");
  const auto image = disk.image();
  const std::string good = image.at("learned");
  for (std::size_t at = 0; at < good.size(); ++at) {
    auto bad = image;
    bad["learned"][at] = static_cast<char>(good[at] ^ 4);
    disk.set_image(bad);
    const Read flipped = read_all(disk);
    EXPECT_GT(flipped.damaged, 0) << at;
    bad["learned"] = good.substr(0, at);
    disk.set_image(bad);
    const Read cut = read_all(disk);
    EXPECT_GT(cut.damaged, 0) << at;
  }
}

TEST(LearnedState, DamageInOneSectionSparesTheOthers) {
  simulation::FaultyDisk disk(1);
  write(disk, "some content");
  auto image = disk.image();
  std::string& file = image["learned"];
  const auto at = file.find("content");
  ASSERT_NE(at, std::string::npos);
  file[at] = 'C';
  disk.set_image(image);
  const Read read = read_all(disk);
  EXPECT_EQ(read.damaged, 1);
  ASSERT_EQ(read.sections.size(), 3u);
  EXPECT_EQ(read.sections[1].second, "u1");
}

/// A keeper of a small table on a disk that may fail; ten seconds of control's life at a time.
class Keeper : public testing::Test {
 protected:
  Keeper() {
    settings_.keep_learned_every = std::chrono::seconds(5);
    for (std::uint64_t i = 1; i <= 2000; ++i) users_.update({base::mix64(i) | 1}, 1, [](auto&) {});
    LearnedKeeper::Sources sources;
    sources.header = [] { return header(); };
    sources.market = sources.evidence = sources.creative = sources.figures = sources.published = [] { return std::string{}; };
    sources.open_bids = [] { return std::string("o"); };
    sources.pacing = [] { return std::string("p"); };
    keeper_ = std::make_unique<LearnedKeeper>(
        settings_, LearnedKeeper::Parts{disk_, clock_, metrics_, lines_.open("control"), users_}, sources);
  }
  void live() {
    for (int i = 0; i < 2000; ++i) {
      clock_.advance(std::chrono::milliseconds(5));
      keeper_->step();
    }
  }
  [[nodiscard]] bool counts(const std::string& sample) const {
    std::string text;
    const telemetry::MetricSet* sets[] = {&metrics_};
    telemetry::write_exposition(sets, text);
    return text.find(sample) != std::string::npos;
  }

  ServingSettings settings_;
  simulation::FaultyDisk disk_{1};
  base::ManualClock clock_;
  telemetry::Metrics metrics_;
  telemetry::LogWriter lines_{clock_, 2};
  agents::profile::UserTable users_{4096};
  std::unique_ptr<LearnedKeeper> keeper_;
};

TEST_F(Keeper, WritesTheTableInSlicesAndReadsItBack) {
  live();
  EXPECT_TRUE(counts("bandstand_learned_writes_total{result=\"written\"} 1\n"));
  int parts = 0;
  for (const auto& [part, content] : read_all(disk_).sections) parts += part == LearnedPart::users;
  EXPECT_GE(parts, 3) << "512 users a slice";
  agents::profile::UserTable other(4096);
  LearnedKeeper reader(settings_, {disk_, clock_, metrics_, lines_.open("control"), other}, {});
  const Learned learned = reader.restore();
  EXPECT_EQ(learned.users, users_.size());
  EXPECT_EQ(learned.pacing, "p");
  EXPECT_EQ(learned.header.exchanges, header().exchanges);
  EXPECT_EQ(other.encode(), users_.encode());
}

TEST_F(Keeper, OpenBidsAreFoundAgainOnce) {
  keeper_->write_all();
  int before = 0;
  for (const auto& [part, content] : read_all(disk_).sections) before += part == LearnedPart::open_bids;
  EXPECT_EQ(before, 1);
  EXPECT_EQ(keeper_->restore().open_bids, "o");
  for (int i = 0; i < 200; ++i) {  // a second
    clock_.advance(std::chrono::milliseconds(5));
    keeper_->step();
  }
  int after = 0;
  for (const auto& [part, content] : read_all(disk_).sections) after += part == LearnedPart::open_bids;
  EXPECT_EQ(after, 0) << "a life that is killed must not leave the bids of the one before";
}

TEST_F(Keeper, ADiskThatRefusesIsCountedAndTriedAgain) {
  simulation::DiskFaults full;
  full.write_error = 1;
  disk_.set_faults(full);
  live();
  EXPECT_TRUE(counts("bandstand_learned_writes_total{result=\"failed\"} 2\n"));
  EXPECT_EQ(LearnedReader::open(disk_).error().code, base::Code::not_found);
  disk_.set_faults({});
  live();
  EXPECT_GT(read_all(disk_).sections.size(), 4u);
}

TEST(RenumberExchanges, LawsFollowTheNameAndThoseWithoutOneGo) {
  using namespace agents::bid;
  const auto code = [](std::uint16_t exchange, MarketLevel level) {
    return market_code({.exchange = exchange, .media = 1, .device = 0, .size = 300u << 16 | 250}, level);
  };
  const auto law = [](std::uint64_t at, float first) {
    MarketSnapshot::Market market{at, 10, std::vector<float>(320, 0.0f)};
    market.masses[0] = first;
    return market;
  };
  QTable q;
  q.values[3] = 1;
  const auto from = std::make_shared<const MarketSnapshot>(
      7,
      std::vector{law(code(0, MarketLevel::all), 1), law(code(0, MarketLevel::exchange), 2),
                  law(code(1, MarketLevel::exchange), 3), law(code(1, MarketLevel::size), 4)},
      q);
  EXPECT_EQ(renumber_exchanges(from, {"a", "b"}, {"a", "b"}), from);
  const auto to = renumber_exchanges(from, {"a", "b"}, {"c", "d", "b"});
  ASSERT_EQ(to->markets().size(), 3u) << "a is gone";
  for (const auto& market : to->markets()) {
    const float first = market.masses[0];
    EXPECT_EQ(market.code, first == 1   ? code(0, MarketLevel::all)
                           : first == 3 ? code(2, MarketLevel::exchange)
                                        : code(2, MarketLevel::size));
  }
  EXPECT_EQ(to->q_table().values[3], 0) << "it knows exchanges by number alone";
}

}  // namespace
}  // namespace bandstand::serving
