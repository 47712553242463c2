#pragma once

#include <gtest/gtest.h>

#include <set>
#include <string_view>

#include "app/api/schema.h"

namespace pano::api::testing {

// No field stands twice, each has a range and says what it is.
inline void ExpectSound(const BodySchema& body) {
  std::set<std::string_view> names;
  for (const Field& field : body.fields) {
    EXPECT_TRUE(names.insert(field.name).second) << field.name;
    EXPECT_LE(field.min, field.max) << field.name;
    EXPECT_FALSE(field.help.empty()) << field.name;
  }
}

}  // namespace pano::api::testing
