#include "model/template/native.h"

#include <algorithm>

#include "base/strings.h"
#include "model/template/operators.h"

namespace pano::jinja {

Value BindMethod(Runtime& rt, const Value& self, Native function) {
  return Value::Of(std::shared_ptr<Object>(std::make_shared<NativeObject>(
      Object::Kind::kMethod, self, function, rt.Hold(sizeof(NativeObject)))));
}

Value CallNative(Runtime& rt, const NativeObject& object, const CallArguments& arguments) {
  if (!rt.Step()) return {};
  const Value out = object.function(rt, object.self, arguments);
  if (rt.failed()) return {};
  // Markup's methods give markup.
  return object.self.markup() && out.is_string() ? out.AsMarkup() : out;
}

Bound::Bound(Runtime& rt, std::string_view function, const CallArguments& arguments,
             std::initializer_list<std::string_view> parameters, size_t required)
    : rt_(rt), function_(function), values_(parameters.size()) {
  if (arguments.positional.size() > parameters.size()) {
    rt.TypeError(StrCat(function, "() takes at most ", parameters.size(), " arguments (",
                        arguments.positional.size(), " given)"));
    return;
  }
  std::ranges::copy(arguments.positional, values_.begin());
  for (const auto& [keyword, value] : arguments.keywords) {
    const auto* const place = std::ranges::find(parameters, std::string_view(keyword));
    if (place == parameters.end()) {
      rt.TypeError(StrCat(function, "() got an unexpected keyword argument '", keyword, "'"));
      return;
    }
    Value& slot = values_[static_cast<size_t>(place - parameters.begin())];
    if (!slot.is_nothing()) {
      rt.TypeError(StrCat(function, "() got multiple values for argument '", keyword, "'"));
      return;
    }
    slot = value;
  }
  for (size_t i = 0; i < required; ++i) {
    if (!values_[i].is_nothing()) continue;
    rt.TypeError(StrCat(function, "() misses the argument '", *(parameters.begin() + i), "'"));
    return;
  }
}

int64_t Bound::Integer(size_t i, int64_t fallback) const {
  const Value& v = values_[i];
  if (v.is_nothing() || v.is_none()) return fallback;
  if (v.is_integral()) return v.integer();
  if (v.is_undefined()) {
    rt_.UseOfUndefined(v);
  } else {
    rt_.TypeError(StrCat(function_, "() needs an integer, not '", v.type_name(), "'"));
  }
  return fallback;
}

bool Bound::Boolean(size_t i, bool fallback) const {
  return values_[i].is_nothing() ? fallback : Truthy(values_[i]);
}

const Value* Bound::String(size_t i) const {
  const Value& v = values_[i];
  if (v.is_nothing() || v.is_none()) return nullptr;
  if (v.is_string()) return &v;
  if (v.is_undefined()) {
    rt_.UseOfUndefined(v);
  } else {
    rt_.TypeError(StrCat(function_, "() needs a string, not '", v.type_name(), "'"));
  }
  return nullptr;
}

}  // namespace pano::jinja
