// creative_fits_test: each limit of an impression keeps the creative that breaks it away, and no other.
#include <gtest/gtest.h>

#include <array>

#include "agents/creative/creative_agent.h"

namespace bandstand::agents::creative {
namespace {

using domain::Creative;
using domain::MediaType;
using domain::Refusal;

class CreativeFits : public testing::Test {
 protected:
  Refusal fits() { return creative_fits(creative_, auction_, impression_); }

  Creative creative_;
  domain::Auction auction_;
  domain::Impression impression_;
};

class BannerFits : public CreativeFits {
 protected:
  BannerFits() {
    creative_.size = {300, 250};
    banner_.sizes = sizes_;
    impression_.banner = &banner_;
  }
  std::array<domain::Size, 2> sizes_{{{728, 90}, {300, 250}}};
  domain::Banner banner_;
};

TEST_F(BannerFits, BySizeExactOrFlexible) {
  EXPECT_EQ(fits(), Refusal::none);
  creative_.size = {300, 600};
  EXPECT_EQ(fits(), Refusal::size);
  sizes_[0] = {250, 0};  // any banner of at least this width
  EXPECT_EQ(fits(), Refusal::none);
  banner_.sizes = {};
  EXPECT_EQ(fits(), Refusal::none);
}

TEST_F(BannerFits, NotWithoutABannerOrApproval) {
  impression_.banner = nullptr;
  EXPECT_EQ(fits(), Refusal::media_type);
  impression_.banner = &banner_;
  creative_.approval = Creative::Approval::pending;
  EXPECT_EQ(fits(), Refusal::no_creative);
}

TEST_F(BannerFits, NotAgainstBlocksOfAttributeTypeMimeOrApi) {
  const std::uint8_t six[] = {6};
  const std::uint8_t five[] = {5};
  creative_.attributes = {6, 9};
  banner_.battr = six;
  EXPECT_EQ(fits(), Refusal::creative_limits);
  banner_.battr = five;
  EXPECT_EQ(fits(), Refusal::none);
  creative_.ad_type = 6;
  banner_.btype = six;
  EXPECT_EQ(fits(), Refusal::creative_limits);
  banner_.btype = {};
  creative_.apis = {5};
  banner_.api = six;
  EXPECT_EQ(fits(), Refusal::creative_limits);
  banner_.api = five;
  EXPECT_EQ(fits(), Refusal::none);
  const std::string_view mimes[] = {"image/png"};
  banner_.mimes = mimes;
  creative_.mime = "text/html";
  EXPECT_EQ(fits(), Refusal::creative_limits);
  creative_.mime = "IMAGE/PNG";
  EXPECT_EQ(fits(), Refusal::none);
}

TEST_F(BannerFits, ByLanguageSecurityAndApp) {
  const std::string_view english[] = {"en-GB"};
  const std::string_view bundle[] = {"com.shop"};
  creative_.language = "de";
  auction_.languages_allowed = english;
  EXPECT_EQ(fits(), Refusal::language);
  creative_.language = "en";
  EXPECT_EQ(fits(), Refusal::none);
  auction_.languages_allowed = {};
  auction_.languages_blocked = english;
  EXPECT_EQ(fits(), Refusal::language);
  auction_.languages_blocked = {};
  impression_.secure = true;
  creative_.secure = false;
  EXPECT_EQ(fits(), Refusal::secure);
  creative_.secure = true;
  auction_.blocked_apps = bundle;
  EXPECT_EQ(fits(), Refusal::none);
  creative_.app_bundle = "com.shop";
  EXPECT_EQ(fits(), Refusal::advertiser_block);
}

class VideoFits : public CreativeFits {
 protected:
  VideoFits() {
    creative_.type = MediaType::video;
    creative_.mime = "video/mp4";
    creative_.duration_s = 30;
    creative_.bitrate_kbps = 800;
    video_.mimes = mimes_;
    video_.protocols = protocols_;
    video_.min_duration_s = 5;
    video_.max_duration_s = 30;
    impression_.video = &video_;
  }
  std::array<std::string_view, 1> mimes_{"video/mp4"};
  std::array<std::uint8_t, 2> protocols_{{3, 7}};
  domain::TimedMedia video_;
};

TEST_F(VideoFits, ByLength) {
  EXPECT_EQ(fits(), Refusal::none);
  creative_.duration_s = 31;
  EXPECT_EQ(fits(), Refusal::creative_limits);
  creative_.duration_s = 4;
  EXPECT_EQ(fits(), Refusal::creative_limits);
  const std::uint16_t required[] = {15, 20};
  video_.required_durations_s = required;
  creative_.duration_s = 30;
  EXPECT_EQ(fits(), Refusal::creative_limits);
  creative_.duration_s = 20;
  EXPECT_EQ(fits(), Refusal::none);
}

TEST_F(VideoFits, ByProtocolBitrateAndLinearity) {
  protocols_[1] = 2;
  EXPECT_EQ(fits(), Refusal::creative_limits);
  protocols_[1] = 7;
  video_.max_bitrate = 500;
  EXPECT_EQ(fits(), Refusal::creative_limits);
  video_.max_bitrate = 1000;
  video_.min_bitrate = 900;
  EXPECT_EQ(fits(), Refusal::creative_limits);
  video_.min_bitrate = 0;
  EXPECT_EQ(fits(), Refusal::none);
  video_.linearity = 2;
  EXPECT_EQ(fits(), Refusal::creative_limits);
}

TEST_F(VideoFits, ASkippableOneDeclaresItselfAndIsNotRefused) {
  creative_.skippable = true;
  EXPECT_EQ(fits(), Refusal::creative_limits);
  creative_.attributes = {16};
  EXPECT_EQ(fits(), Refusal::none);
  video_.skip = 0;
  EXPECT_EQ(fits(), Refusal::creative_limits);
}

TEST_F(VideoFits, AudioNeedsAnAudioImpression) {
  creative_.type = MediaType::audio;
  EXPECT_EQ(fits(), Refusal::media_type);
  impression_.audio = &video_;
  EXPECT_EQ(fits(), Refusal::none);
}

TEST_F(CreativeFits, NativeHasEveryRequiredAsset) {
  domain::NativeAsset asset;
  asset.required = true;
  asset.len = 10;
  domain::Native native;
  native.assets = {&asset, 1};
  impression_.native = &native;
  creative_.type = MediaType::native;
  creative_.native.title = "Shoes";
  EXPECT_EQ(fits(), Refusal::none);
  creative_.native.title = "Shoes for every day";
  EXPECT_EQ(fits(), Refusal::creative_limits);
  asset.required = false;
  EXPECT_EQ(fits(), Refusal::none);
  asset = {.id = 2, .required = true, .kind = domain::NativeAsset::Kind::image, .type = 3, .size = {}, .size_min = {600, 300}};
  creative_.native.image_url = "https://x.example/i.png";
  creative_.native.image_size = {1200, 627};
  EXPECT_EQ(fits(), Refusal::none);
  creative_.native.image_size = {300, 300};
  EXPECT_EQ(fits(), Refusal::creative_limits);
  asset.kind = domain::NativeAsset::Kind::video;
  EXPECT_EQ(fits(), Refusal::creative_limits);
}

}  // namespace
}  // namespace bandstand::agents::creative
