#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace pano::bearer {

// Where a claim stands in a token: names with dots between, each one level down ("realm_access.roles"), or,
// when it begins with '/', a JSON pointer (RFC 6901), for names that have dots themselves
// ("/https:~1~1example.org~1roles"). A value; thread-compatible.
class ClaimPath {
 public:
  // InvalidArgument for "", an empty name between dots, a '~' that is no escape, more than 16 levels.
  static Result<ClaimPath> Parse(std::string_view text);

  // The claim, or null. A level of an array is chosen by its index.
  const json::Value* Find(const json::Value& claims) const;
  const std::string& text() const { return text_; }

 private:
  std::string text_;
  std::vector<std::string> names_;
};

}  // namespace pano::bearer
