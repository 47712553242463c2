#include "model/template/filters.h"

#include "base/strings.h"
#include "model/template/operators.h"

namespace pano::jinja {

Native FindFilter(std::string_view name) {
  const Native text = FindTextFilter(name);
  return text ? text : FindSequenceFilter(name);
}

Value ApplyFilter(Runtime& rt, std::string_view name, const Value& self,
                  const CallArguments& arguments) {
  const Native filter = FindFilter(name);
  if (!filter) return rt.Raise(StrCat("No filter named '", name, "' found."));
  if (!rt.Step()) return {};
  Value out = filter(rt, self, arguments);
  return rt.failed() ? Value() : out;
}

bool ApplyTest(Runtime& rt, std::string_view name, const Value& self,
               const CallArguments& arguments) {
  const Native test = FindTest(name);
  if (!test) {
    rt.Raise(StrCat("No test named '", name, "' found."));
    return false;
  }
  return rt.Step() && Truthy(test(rt, self, arguments)) && !rt.failed();
}

}  // namespace pano::jinja
