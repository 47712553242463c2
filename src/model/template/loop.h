#pragma once

#include <string_view>

#include "model/template/ast.h"
#include "model/template/native.h"

namespace pano::jinja {

// The variable `loop` inside a for block.
struct LoopObject final : Object {
  LoopObject(const Stmt& statement, Value sequence, size_t depth, Allocation held)
      : Object(Kind::kLoop, sequence.depth() + 1),
        stmt(statement),
        items(std::move(sequence)),
        depth0(depth),
        allocation(std::move(held)) {}
  void Clear() override { last_seen = {}; }

  const Stmt& stmt;
  Value items;  // all that the loop goes through
  size_t index0 = 0;
  size_t depth0;    // calls of itself around this one
  Value last_seen;  // by changed()
  Allocation allocation;
};

// cycler(...): hands out its items in turn.
struct CyclerObject final : Object {
  explicit CyclerObject(Value sequence)
      : Object(Kind::kCycler, sequence.depth() + 1), items(std::move(sequence)) {}
  Value items;
  size_t position = 0;
};

// joiner(separator): nothing on the first call, then the separator.
struct JoinerObject final : Object {
  explicit JoinerObject(Value text) : Object(Kind::kJoiner, 1), separator(std::move(text)) {}
  Value separator;
  bool used = false;
};

// The attribute of a loop or a cycler; kNothing when it has none of that name.
Value ObjectAttribute(Runtime& rt, const Value& object, std::string_view name);

}  // namespace pano::jinja
