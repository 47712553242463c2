#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "model/grammar/json_schema/value_set.h"

namespace pano::grammar {

// The conditions of one compilation, each once: a schema of the document, a constant, or some of
// them combined. Confined to its compilation's thread.
class FormulaTable {
 public:
  enum class Kind : uint8_t { kAlways, kNever, kSchema, kConstant, kAnd, kNot };
  struct Entry {
    Kind kind = Kind::kAlways;
    const json::Value* value = nullptr;  // kSchema, kConstant: in the document
    std::string place;                   // kSchema: its JSON pointer, for messages
    std::vector<Formula> parts;          // kAnd: sorted; kNot: one
    std::string keyword;                 // kNot: which keyword, at `place`, first asked for it
  };

  explicit FormulaTable(size_t entries_max);

  // true and {} are kTrue, false is kFalse.
  Formula Schema(const json::Value& schema, std::string place);
  Formula Constant(const json::Value& value);
  Formula And(Formula a, Formula b);
  Formula Not(Formula a);
  // Whose opposites those are that are asked for from now on.
  void SetCause(std::string place, std::string_view keyword);

  const Entry& operator[](Formula formula) const { return entries_[formula.id]; }
  size_t size() const { return entries_.size(); }
  // Exhausted once more conditions were asked for than the table holds; those are kFalse.
  const Status& status() const { return status_; }

 private:
  Formula Add(Entry entry);

  const size_t entries_max_;
  std::string cause_place_, cause_keyword_;
  std::vector<Entry> entries_;
  std::map<std::pair<Kind, const json::Value*>, Formula> by_value_;
  std::map<std::pair<Kind, std::vector<Formula>>, Formula> by_parts_;
  Status status_;
};

}  // namespace pano::grammar
