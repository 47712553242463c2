#include "model/template/loop.h"

#include "model/template/operators.h"

namespace pano::jinja {
namespace {

Value CycleMethod(Runtime& rt, const Value& self, const CallArguments& arguments) {
  const auto& loop = static_cast<const LoopObject&>(self.object());
  if (arguments.positional.empty()) return rt.TypeError("no items for cycling given");
  return arguments.positional[loop.index0 % arguments.positional.size()];
}

Value ChangedMethod(Runtime& rt, const Value& self, const CallArguments& arguments) {
  auto& loop = static_cast<LoopObject&>(self.object());
  Value now = rt.Tuple(arguments.positional);
  if (rt.failed()) return {};
  if (!loop.last_seen.is_nothing() && Equal(rt, loop.last_seen, now)) return Value::Bool(false);
  // From now on the loop may refer to itself.
  if (loop.last_seen.is_nothing()) rt.Keep(self.shared_object());
  loop.last_seen = std::move(now);
  return Value::Bool(true);
}

Value LoopAttribute(Runtime& rt, const Value& object, std::string_view name) {
  const auto& loop = static_cast<const LoopObject&>(object.object());
  const std::vector<Value>& items = loop.items.items();
  const size_t i = loop.index0;
  const auto number = [](size_t v) { return Value::Int(static_cast<int64_t>(v)); };
  if (name == "index") return number(i + 1);
  if (name == "index0") return number(i);
  if (name == "first") return Value::Bool(i == 0);
  if (name == "last") return Value::Bool(i + 1 == items.size());
  if (name == "length") return number(items.size());
  if (name == "revindex") return number(items.size() - i);
  if (name == "revindex0") return number(items.size() - i - 1);
  if (name == "depth") return number(loop.depth0 + 1);
  if (name == "depth0") return number(loop.depth0);
  if (name == "previtem") return i > 0 ? items[i - 1] : rt.Undefined("there is no previous item");
  if (name == "nextitem")
    return i + 1 < items.size() ? items[i + 1] : rt.Undefined("there is no next item");
  if (name == "cycle") return BindMethod(rt, object, CycleMethod);
  if (name == "changed") return BindMethod(rt, object, ChangedMethod);
  return {};
}

Value NextMethod(Runtime&, const Value& self, const CallArguments&) {
  auto& cycler = static_cast<CyclerObject&>(self.object());
  const std::vector<Value>& items = cycler.items.items();
  return items[cycler.position++ % items.size()];
}

Value ResetMethod(Runtime&, const Value& self, const CallArguments&) {
  static_cast<CyclerObject&>(self.object()).position = 0;
  return Value::None();
}

Value CyclerAttribute(Runtime& rt, const Value& object, std::string_view name) {
  const auto& cycler = static_cast<const CyclerObject&>(object.object());
  const std::vector<Value>& items = cycler.items.items();
  if (name == "current") return items[cycler.position % items.size()];
  if (name == "next") return BindMethod(rt, object, NextMethod);
  if (name == "reset") return BindMethod(rt, object, ResetMethod);
  return {};
}

}  // namespace

Value ObjectAttribute(Runtime& rt, const Value& object, std::string_view name) {
  switch (object.object().kind()) {
    case Object::Kind::kLoop:
      return LoopAttribute(rt, object, name);
    case Object::Kind::kCycler:
      return CyclerAttribute(rt, object, name);
    default:
      return {};
  }
}

}  // namespace pano::jinja
