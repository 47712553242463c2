#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/grammar/json_schema/number_set.h"
#include "model/grammar/json_schema/string_set.h"

namespace pano::grammar {

// A condition on a value that is not worked out yet: a number of a FormulaTable. Children of arrays
// and objects are such, so that recursive schemas stay finite.
struct Formula {
  uint32_t id = 0;
  auto operator<=>(const Formula&) const = default;
};
inline constexpr Formula kTrue{0};
inline constexpr Formula kFalse{1};

// Arrays: prefix[i] for element i, `rest` for those behind, lengths, and conditions on the whole.
struct ArraySet {
  struct Contains {
    Formula what;
    uint64_t min = 1;
    std::optional<uint64_t> max;
    bool operator==(const Contains&) const = default;
  };
  std::vector<Formula> prefix;
  Formula rest = kTrue;
  uint64_t min = 0;
  std::optional<uint64_t> max;
  bool unique = false;
  std::vector<Contains> contains;

  Formula Element(size_t index) const { return index < prefix.size() ? prefix[index] : rest; }
  bool any() const {
    return prefix.empty() && rest == kTrue && min == 0 && !max && !unique && contains.empty();
  }
  bool operator==(const ArraySet&) const = default;
};

// Objects: named properties in the order in which they are written, and what other names may hold.
struct ObjectSet {
  struct Property {
    std::string name;
    Formula value = kTrue;
    bool required = false;
    bool declared = true;  // by `properties`; the others' order among themselves is free
    bool operator==(const Property&) const = default;
  };
  // The names that `names` holds and no property has.
  struct Others {
    Dfa names = Dfa::Any();
    Formula value = kTrue;
    bool operator==(const Others&) const = default;
  };
  std::vector<Property> properties;         // names differ; declared ones first
  std::vector<Others> others = {Others()};  // disjoint, and together all names
  uint64_t min = 0;
  std::optional<uint64_t> max;

  bool any() const {
    return properties.empty() && min == 0 && !max && others.size() == 1 && others[0].value == kTrue;
  }
  // What the value under `name` must be where it is no property.
  Formula Other(const std::string& name) const;
  bool operator==(const ObjectSet&) const = default;
};

// A set of JSON values, by type; each list is a union. A value; thread-compatible.
struct ValueSet {
  bool null = false;
  bool yes = false;
  bool no = false;
  std::vector<NumberSet> numbers;
  StringSet strings = StringSet::None();
  std::vector<ArraySet> arrays;
  std::vector<ObjectSet> objects;

  static ValueSet All();
};

}  // namespace pano::grammar
