#include "app/http/descriptor_limit.h"

#include <sys/resource.h>

#include <gtest/gtest.h>

namespace pano::http {
namespace {

TEST(DescriptorLimit, IsRaisedToWhatConnectionsNeed) {
  auto plan = PlanDescriptors(2000, 1024, 20000);
  ASSERT_TRUE(plan.ok());
  EXPECT_EQ(plan->connections, 2000u);
  EXPECT_EQ(plan->descriptors, 2256u);
  EXPECT_EQ(PlanDescriptors(100, 1024, 20000)->descriptors, 1024u);  // never lowered
  EXPECT_EQ(PlanDescriptors(0, 1024, SIZE_MAX)->connections, kConnectionsDefault);
}

TEST(DescriptorLimit, WhatDoesNotFitIsRefusedWithTheWaysOut) {
  auto plan = PlanDescriptors(4096, 1024, 1024);
  ASSERT_FALSE(plan.ok());
  EXPECT_EQ(plan.error().code(), StatusCode::kExhausted);
  for (const char* part : {"4096 connections need 4352 descriptors", "may have 1024", "take 768"}) {
    EXPECT_NE(plan.error().message().find(part), std::string::npos) << part;
  }
  EXPECT_EQ(PlanDescriptors(0, 1024, 1024)->connections, 768u);  // where nobody asked for a number
  EXPECT_EQ(PlanDescriptors(0, 64, 64)->connections, 1u);
}

TEST(DescriptorLimit, OfThisProcess) {
  ASSERT_TRUE(FitConnections(0).ok());
  rlimit limit{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  EXPECT_GE(limit.rlim_cur, *FitConnections(0));
}

}  // namespace
}  // namespace pano::http
