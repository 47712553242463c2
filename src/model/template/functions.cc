#include "model/template/functions.h"

#include <algorithm>
#include <ctime>

#include "base/strings.h"
#include "model/template/access.h"
#include "model/template/loop.h"
#include "model/template/printing.h"

namespace pano::jinja {
namespace {

Value RangeFunction(Runtime& rt, const Value&, const CallArguments& arguments) {
  constexpr uint64_t kItemsMax = 100'000;
  const Bound bound(rt, "range", arguments, {"start", "stop", "step"}, 1);
  const bool one = bound[1].is_nothing();
  const int64_t start = one ? 0 : bound.Integer(0, 0);
  const int64_t stop = bound.Integer(one ? 0 : 1, 0);
  const int64_t step = bound.Integer(2, 1);
  if (rt.failed()) return {};
  if (step == 0) return rt.Error("ValueError: range() arg 3 must not be zero");
  const bool empty = step > 0 ? start >= stop : start <= stop;
  const uint64_t span = step > 0 ? static_cast<uint64_t>(stop) - static_cast<uint64_t>(start)
                                 : static_cast<uint64_t>(start) - static_cast<uint64_t>(stop);
  const uint64_t stride = step > 0 ? static_cast<uint64_t>(step) : 0 - static_cast<uint64_t>(step);
  const uint64_t count = empty ? 0 : (span - 1) / stride + 1;
  if (count > kItemsMax) {
    return rt.Exhausted("Range too big. The sandbox blocks ranges larger than MAX_RANGE (100000).");
  }
  if (!rt.Affordable(count * sizeof(Value)) || !rt.Step(count / 8)) return {};
  std::vector<Value> items;
  items.reserve(count);
  for (uint64_t i = 0; i < count; ++i) {
    items.push_back(Value::Int(
        static_cast<int64_t>(static_cast<uint64_t>(start) + i * static_cast<uint64_t>(step))));
  }
  return rt.Make(Sequence::Kind::kRange, std::move(items));
}

// Adds the members of a dict, or of a sequence of pairs.
void AddMembers(Runtime& rt, const Value& from, Dict* to) {
  if (from.is_dict()) {
    for (const auto& [key, value] : from.dict().entries()) {
      if (!rt.Step() || !rt.Key(key)) return;
      to->Set(key, value);
    }
    return;
  }
  const Value pairs = ToSequence(rt, from);
  if (rt.failed()) return;
  for (const Value& each : pairs.items()) {
    const Value pair = ToSequence(rt, each);
    if (rt.failed() || !rt.Step()) return;
    if (pair.items().size() != 2 || !Hashable(pair.items()[0])) {
      rt.TypeError("dict() needs pairs of a key and a value");
      return;
    }
    if (!rt.Key(pair.items()[0])) return;
    to->Set(pair.items()[0], pair.items()[1]);
  }
}

std::shared_ptr<Dict> DictOf(Runtime& rt, const CallArguments& arguments) {
  auto out = std::make_shared<Dict>();
  if (arguments.positional.size() > 1) rt.TypeError("expected at most 1 argument");
  for (const Value& from : arguments.positional) AddMembers(rt, from, out.get());
  for (const auto& [name, value] : arguments.keywords) {
    const Value key = rt.String(name);
    if (rt.failed()) break;
    out->Set(key, value);
  }
  return out;
}

Value DictFunction(Runtime& rt, const Value&, const CallArguments& arguments) {
  auto dict = DictOf(rt, arguments);
  return rt.failed() ? Value() : rt.Of(std::move(dict));
}

Value NamespaceFunction(Runtime& rt, const Value&, const CallArguments& arguments) {
  const Value members = DictFunction(rt, {}, arguments);
  if (rt.failed() || !rt.ChargeForGood(members.dict().size() * sizeof(Dict::Entry))) return {};
  auto out = std::make_shared<NamespaceObject>();
  for (const auto& [key, value] : members.dict().entries()) {
    if (!key.is_string()) return rt.TypeError("the names of a namespace are strings");
    out->attributes.emplace_back(key.bytes(), value);
  }
  return rt.Keep(std::move(out));
}

Value CyclerFunction(Runtime& rt, const Value&, const CallArguments& arguments) {
  if (arguments.positional.empty()) return rt.TypeError("at least one item has to be provided");
  const Value items = rt.List(arguments.positional);
  return rt.failed() ? Value() : rt.Keep(std::make_shared<CyclerObject>(items));
}

Value JoinerFunction(Runtime& rt, const Value&, const CallArguments& arguments) {
  const Bound bound(rt, "joiner", arguments, {"sep"});
  const Value separator = bound[0].is_nothing() ? rt.String(", ") : Str(rt, bound[0]);
  return rt.failed() ? Value() : rt.Keep(std::make_shared<JoinerObject>(separator));
}

Value RaiseFunction(Runtime& rt, const Value&, const CallArguments& arguments) {
  const Bound bound(rt, "raise_exception", arguments, {"message"}, 1);
  const Value message = rt.failed() ? Value() : Str(rt, bound[0]);
  return rt.failed() ? Value() : rt.Raise(message.bytes());
}

Value StrftimeFunction(Runtime& rt, const Value&, const CallArguments& arguments) {
  const Bound bound(rt, "strftime_now", arguments, {"format"}, 1);
  const Value* format = bound.String(0);
  if (rt.failed() || !format)
    return rt.failed() ? Value() : rt.TypeError("strftime_now() needs a string");
  // A directive makes at most some 60 bytes of two.
  if (!rt.Affordable(format->bytes().size() * 32) || !rt.Step(format->bytes().size())) return {};
  return rt.String(FormatTime(format->bytes(), rt.now()), !format->text().inputs.empty());
}

constexpr NativeEntry kFunctions[] = {
    {"cycler", CyclerFunction},         {"dict", DictFunction},
    {"joiner", JoinerFunction},         {"namespace", NamespaceFunction},
    {"raise_exception", RaiseFunction}, {"range", RangeFunction},
    {"strftime_now", StrftimeFunction},
};

void AppendDirective(std::string& out, const std::string& directive, const std::tm& at) {
  char buffer[256];
  // One directive of the C library's; anything else is kept as text.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
  const size_t length = std::strftime(buffer, sizeof buffer, directive.c_str(), &at);
#pragma GCC diagnostic pop
  out.append(buffer, length);
}

}  // namespace

std::string FormatTime(std::string_view format, Moment moment) {
  constexpr std::string_view kDirectives = "aAbBcCdDeFgGhHIjklmMnpPrRsStTuUVwWxXyYzZ%";
  constexpr int64_t kSecondsMax = int64_t{1} << 36;  // some two thousand years either way
  const auto seconds =
      static_cast<std::time_t>(std::clamp(moment.unix_seconds, -kSecondsMax, kSecondsMax));
  std::tm at{};
  if (moment.local) {
    localtime_r(&seconds, &at);
  } else {
    gmtime_r(&seconds, &at);
  }
  std::string out;
  for (size_t i = 0; i < format.size(); ++i) {
    const size_t flag = i + 1 < format.size() && std::string_view("-_0^#").find(format[i + 1]) !=
                                                     std::string_view::npos
                            ? 1
                            : 0;
    const char letter = i + 1 + flag < format.size() ? format[i + 1 + flag] : '\0';
    if (format[i] != '%' || letter == '\0') {
      out += format[i];
    } else if (letter == 'f') {
      out += "000000";
      i += 1 + flag;
    } else if (letter == 'z' || letter == 'Z') {
      i += 1 + flag;  // Python's datetime.now() knows no zone
    } else if (kDirectives.find(letter) != std::string_view::npos) {
      AppendDirective(out, std::string(format.substr(i, 2 + flag)), at);
      i += 1 + flag;
    } else {
      out += format[i];
    }
  }
  return out;
}

Native FindFunction(std::string_view name) { return FindNative(kFunctions, name); }

}  // namespace pano::jinja
