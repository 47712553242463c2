#include "model/grammar/json_schema/formula_table.h"

#include <algorithm>

#include "base/strings.h"

namespace pano::grammar {

FormulaTable::FormulaTable(size_t entries_max) : entries_max_(entries_max) {
  entries_.resize(2);
  entries_[kFalse.id].kind = Kind::kNever;
}

Formula FormulaTable::Add(Entry entry) {
  if (entries_.size() >= entries_max_) {
    status_ = Status(StatusCode::kExhausted,
                     StrCat("its parts combine to more than ", entries_max_, " conditions"))
                  .WithReason("too_complex");
    return kFalse;
  }
  entries_.push_back(std::move(entry));
  return Formula{static_cast<uint32_t>(entries_.size() - 1)};
}

Formula FormulaTable::Schema(const json::Value& schema, std::string place) {
  if (schema.is_bool()) return schema.as_bool() ? kTrue : kFalse;
  if (schema.is_object() && schema.as_object().empty()) return kTrue;
  const auto [at, added] = by_value_.try_emplace({Kind::kSchema, &schema});
  if (added) {
    Entry entry{.kind = Kind::kSchema,
                .value = &schema,
                .place = std::move(place),
                .parts = {},
                .keyword = ""};
    at->second = Add(std::move(entry));
  }
  return at->second;
}

Formula FormulaTable::Constant(const json::Value& value) {
  const auto [at, added] = by_value_.try_emplace({Kind::kConstant, &value});
  if (added)
    at->second =
        Add({.kind = Kind::kConstant, .value = &value, .place = "", .parts = {}, .keyword = ""});
  return at->second;
}

Formula FormulaTable::And(Formula a, Formula b) {
  if (a == kFalse || b == kFalse) return kFalse;
  if (a == kTrue || a == b) return b;
  if (b == kTrue) return a;
  std::vector<Formula> parts;
  for (Formula side : {a, b}) {
    const Entry& entry = entries_[side.id];
    if (entry.kind == Kind::kAnd) {
      parts.insert(parts.end(), entry.parts.begin(), entry.parts.end());
    } else {
      parts.push_back(side);
    }
  }
  std::sort(parts.begin(), parts.end());
  parts.erase(std::unique(parts.begin(), parts.end()), parts.end());
  for (Formula part : parts) {
    const Entry& entry = entries_[part.id];
    if (entry.kind == Kind::kNot &&
        std::binary_search(parts.begin(), parts.end(), entry.parts[0])) {
      return kFalse;
    }
  }
  const auto [at, added] = by_parts_.try_emplace({Kind::kAnd, parts});
  if (added)
    at->second = Add({.kind = Kind::kAnd,
                      .value = nullptr,
                      .place = "",
                      .parts = std::move(parts),
                      .keyword = ""});
  return at->second;
}

void FormulaTable::SetCause(std::string place, std::string_view keyword) {
  cause_place_ = std::move(place);
  cause_keyword_ = keyword;
}

Formula FormulaTable::Not(Formula a) {
  if (a == kTrue) return kFalse;
  if (a == kFalse) return kTrue;
  if (entries_[a.id].kind == Kind::kNot) return entries_[a.id].parts[0];
  const auto [at, added] = by_parts_.try_emplace({Kind::kNot, {a}});
  if (added)
    at->second = Add({.kind = Kind::kNot,
                      .value = nullptr,
                      .place = cause_place_,
                      .parts = {a},
                      .keyword = cause_keyword_});
  return at->second;
}

}  // namespace pano::grammar
