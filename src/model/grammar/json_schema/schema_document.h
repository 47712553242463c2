#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace pano::grammar {

// The members of an object, in order, each name once: of repeated ones the last value counts.
std::vector<const std::pair<std::string, json::Value>*> LastMembers(const json::Object& object);

// `place` (a JSON pointer behind '#') and one more step. Places are for messages, and each condition of a schema has one:
// they end at `kPlaceBytesMax`, so that long names do not count once for each schema below them.
inline constexpr size_t kPlaceBytesMax = 256;
std::string PlaceOf(std::string_view place, std::string_view step);

// A place that cannot be enforced: Unimplemented, reason "unsupported_keyword", the field says
// where.
Status UnsupportedKeyword(std::string_view place, std::string_view keyword, std::string_view why);
// A keyword whose value is not what the specification has: InvalidArgument.
Status WrongKeyword(std::string_view place, std::string_view keyword, std::string_view why);

// A schema document and the places that references name. Borrows the document. Thread-compatible.
class SchemaDocument {
 public:
  explicit SchemaDocument(const json::Value& root);

  struct Target {
    const json::Value* schema = nullptr;
    std::string place;
  };
  const json::Value& root() const { return root_; }
  // What `reference`, found at `place`, names: "#", "#/a/b", "#anchor", also behind the document's
  // own $id. Others are refused: nothing is fetched.
  Result<Target> Resolve(const std::string& reference, const std::string& place) const;

 private:
  const json::Value& root_;
  std::string id_;  // of the root, without a fragment
  std::map<std::string, Target> anchors_;
};

}  // namespace pano::grammar
