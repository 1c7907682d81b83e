// hierarchy_test: claims about names that contain others.
#include "domain/hierarchy.h"

#include <gtest/gtest.h>

namespace bandstand::domain {
namespace {

TEST(Hierarchy, ADomainContainsItsSubdomainsAndNothingElse) {
  EXPECT_TRUE(domain_within("ford.com", "ford.com"));
  EXPECT_TRUE(domain_within("shop.FORD.com", "ford.com"));
  EXPECT_TRUE(domain_within("ford.com", "www.ford.com"));
  EXPECT_TRUE(domain_within("ford.com.", "ford.com"));
  EXPECT_FALSE(domain_within("ford.com", "shop.ford.com"));
  EXPECT_FALSE(domain_within("afford.com", "ford.com"));
  EXPECT_FALSE(domain_within("ford.com", ""));
  EXPECT_TRUE(domain_within("www.com", "www.com"));
}

TEST(Hierarchy, ACategoryContainsItsSubcategoriesAndNothingElse) {
  EXPECT_TRUE(category_within("IAB2-3", "IAB2"));
  EXPECT_TRUE(category_within("IAB2", "IAB2"));
  EXPECT_FALSE(category_within("IAB20", "IAB2"));
  EXPECT_FALSE(category_within("IAB2", "IAB2-3"));
  EXPECT_FALSE(category_within("IAB2", ""));
}

}  // namespace
}  // namespace bandstand::domain
