#include "model/template/access.h"

#include <algorithm>

#include "base/strings.h"
#include "model/template/characters.h"
#include "model/template/methods.h"
#include "model/template/printing.h"

namespace pano::jinja {
namespace {

std::string ObjectName(const Value& object) {
  if (object.is_none()) return "None";
  return StrCat(object.type_name(), " object");
}

Value NoAttribute(Runtime& rt, const Value& object, std::string_view name) {
  return rt.Undefined(StrCat("'", ObjectName(object), "' has no attribute '", name, "'"));
}

Value NoElement(Runtime& rt, const Value& object, const Value& key) {
  if (key.is_string()) return NoAttribute(rt, object, key.bytes());
  TextBuilder text(rt);
  AppendRepr(text, key);
  return rt.Undefined(StrCat(ObjectName(object), " has no element ", text.bytes()));
}

// Data by attribute: members of dicts and namespaces; null when there is none.
const Value* FindMember(Runtime& rt, const Value& object, std::string_view name) {
  if (object.is_dict()) return object.dict().Find(name);
  if (object.is_object() && object.object().kind() == Object::Kind::kNamespace) {
    const auto& members = static_cast<const NamespaceObject&>(object.object());
    return rt.Step(members.attributes.size() / 64) ? members.Find(name) : nullptr;
  }
  return nullptr;
}

// Methods and what the sandbox refuses; kNothing when the type has no such attribute.
Value TypeAttribute(Runtime& rt, const Value& object, std::string_view name) {
  if (Value method = FindMethod(rt, object, name); !method.is_nothing() || rt.failed())
    return method;
  if (IsMutatingMethod(object, name) || name.starts_with("__")) {
    return rt.Undefined(
        StrCat("access to attribute '", name, "' of '", object.type_name(), "' object is unsafe."),
        /*unsafe=*/true);
  }
  return {};
}

// A Python index into `length` things; false when it is outside.
bool ResolveIndex(int64_t index, size_t length, size_t* out) {
  if (index < 0) index += static_cast<int64_t>(length);
  if (index < 0 || static_cast<size_t>(index) >= length) return false;
  *out = static_cast<size_t>(index);
  return true;
}

bool Indexable(const Value& v) {
  return v.is_string() || (v.is_sequence() && v.sequence().kind <= Sequence::Kind::kRange);
}

Value ElementAt(Runtime& rt, const Value& object, size_t index) {
  if (object.is_sequence()) return object.items()[index];
  const std::string_view bytes = object.bytes();
  if (!object.text().ascii()) rt.Work(bytes.size());
  const size_t begin = object.text().ascii() ? index : ByteOffset(bytes, index);
  return Substring(rt, object, begin, begin + ByteOffset(bytes.substr(begin, 8), 1));
}

struct SliceBounds {
  int64_t start = 0;
  int64_t stop = 0;
  int64_t step = 1;
};

bool SlicePart(Runtime& rt, const Value& v, int64_t* out) {
  if (v.is_nothing() || v.is_none()) return false;
  if (v.is_undefined()) {
    rt.UseOfUndefined(v);
  } else if (!v.is_integral()) {
    rt.TypeError("slice indices must be integers or None or have an __index__ method");
  }
  *out = v.integer();
  return !rt.failed();
}

bool ResolveSlice(Runtime& rt, const Value& start, const Value& stop, const Value& step,
                  int64_t length, SliceBounds* out) {
  SlicePart(rt, step, &out->step);
  if (out->step == 0) rt.Error("ValueError: slice step cannot be zero");
  const bool back = out->step < 0;
  const int64_t low = back ? -1 : 0;
  const int64_t high = back ? length - 1 : length;
  const auto place = [&](int64_t v) {
    if (v < 0) v = v < -length ? low - length : v;
    return std::clamp(v < 0 ? v + length : v, low, high);
  };
  int64_t given = 0;
  out->start = SlicePart(rt, start, &given) ? place(given) : back ? high : low;
  out->stop = SlicePart(rt, stop, &given) ? place(given) : back ? low : high;
  return !rt.failed();
}

Value SliceText(Runtime& rt, const Value& text, const SliceBounds& at) {
  const std::string_view bytes = text.bytes();
  if (!rt.Work(bytes.size())) return {};
  if (at.step == 1) {
    if (at.start >= at.stop) return Substring(rt, text, 0, 0);
    const auto from = static_cast<size_t>(at.start);
    const auto count = static_cast<size_t>(at.stop - at.start);
    const size_t begin = text.text().ascii() ? from : ByteOffset(bytes, from);
    const size_t end =
        text.text().ascii() ? begin + count : begin + ByteOffset(bytes.substr(begin), count);
    return Substring(rt, text, begin, end);
  }
  if (!rt.Affordable((text.text().characters + 1) * sizeof(size_t))) return {};
  if (!rt.Scan(bytes.size())) return {};
  std::vector<size_t> offsets;
  for (CharacterCursor cursor(bytes); !cursor.done(); cursor.Next())
    offsets.push_back(cursor.begin());
  offsets.push_back(bytes.size());
  TextBuilder out(rt);
  for (int64_t i = at.start; at.step > 0 ? i < at.stop : i > at.stop;) {
    out.Append(text.text(), offsets[static_cast<size_t>(i)], offsets[static_cast<size_t>(i) + 1]);
    if (rt.failed() || __builtin_add_overflow(i, at.step, &i)) break;
  }
  return out.Take().AsMarkup(text.markup());
}

}  // namespace

Value GetAttribute(Runtime& rt, const Value& object, std::string_view name) {
  if (object.is_undefined()) return rt.UseOfUndefined(object);
  if (object.is_object()) {
    if (const Value* member = FindMember(rt, object, name)) return *member;
  }
  if (Value out = TypeAttribute(rt, object, name); !out.is_nothing() || rt.failed()) {
    const Value* member =
        out.is_undefined() && name.starts_with("__") ? FindMember(rt, object, name) : nullptr;
    return member ? *member : out;
  }
  if (const Value* member = FindMember(rt, object, name)) return *member;
  return NoAttribute(rt, object, name);
}

Value GetItem(Runtime& rt, const Value& object, const Value& key) {
  if (object.is_undefined()) return rt.UseOfUndefined(object);
  if (object.is_dict() && Hashable(key)) {
    if (!rt.Key(key)) return {};
    if (const Value* found = object.dict().Find(key)) return *found;
  } else if (Indexable(object) && key.is_integral()) {
    size_t index = 0;
    const size_t length = object.is_string() ? object.text().characters : object.items().size();
    if (ResolveIndex(key.integer(), length, &index)) return ElementAt(rt, object, index);
  }
  if (key.is_string()) {
    if (object.is_object()) {
      if (const Value* member = FindMember(rt, object, key.bytes())) return *member;
    }
    if (Value out = TypeAttribute(rt, object, key.bytes()); !out.is_nothing()) return out;
  }
  return rt.failed() ? Value() : NoElement(rt, object, key);
}

Value GetSlice(Runtime& rt, const Value& object, const Value& start, const Value& stop,
               const Value& step) {
  if (object.is_undefined()) return rt.UseOfUndefined(object);
  if (!Indexable(object)) return rt.Undefined(StrCat(ObjectName(object), " has no element slice"));
  const size_t length = object.is_string() ? object.text().characters : object.items().size();
  SliceBounds at;
  if (!ResolveSlice(rt, start, stop, step, static_cast<int64_t>(length), &at)) return {};
  if (object.is_string()) return SliceText(rt, object, at);
  std::vector<Value> out;
  if (!rt.Affordable(length * sizeof(Value))) return {};
  for (int64_t i = at.start; at.step > 0 ? i < at.stop : i > at.stop;) {
    out.push_back(object.items()[static_cast<size_t>(i)]);
    if (!rt.Step() || __builtin_add_overflow(i, at.step, &i)) break;
  }
  return rt.Make(object.sequence().kind, std::move(out));
}

Value GetPath(Runtime& rt, const Value& object, const Value& path) {
  if (!path.is_string()) return GetItem(rt, object, path);
  Value out = object;
  if (!rt.Scan(path.bytes().size())) return {};
  for (const std::string_view part : Split(path.bytes(), '.')) {
    if (!rt.Step()) return {};
    const bool digits =
        !part.empty() && std::ranges::all_of(part, [](char c) { return c >= '0' && c <= '9'; });
    const auto index = digits ? ParseInt(part) : std::nullopt;
    out = GetItem(rt, out, index ? Value::Int(*index) : rt.String(part));
  }
  return out;
}

Value ToSequence(Runtime& rt, const Value& v) {
  if (v.is_undefined()) {
    if (v.reason() && v.reason()->unsafe) return rt.UseOfUndefined(v);
    return rt.List({});
  }
  if (v.is_sequence()) {
    const Sequence& sequence = v.sequence();
    if (sequence.kind != Sequence::Kind::kGenerator) return v;
    if (std::exchange(sequence.consumed, true)) return rt.List({});
    return v;
  }
  std::vector<Value> items;
  if (v.is_dict()) {
    if (!rt.Affordable(v.dict().size() * sizeof(Value))) return {};
    for (const auto& entry : v.dict().entries()) items.push_back(entry.first);
    return rt.List(std::move(items));
  }
  if (!v.is_string()) return rt.TypeError(StrCat("'", v.type_name(), "' object is not iterable"));
  if (!rt.Affordable(v.text().characters * (sizeof(Value) + sizeof(Text)))) return {};
  for (CharacterCursor cursor(v.bytes()); !cursor.done() && rt.Step(); cursor.Next()) {
    items.push_back(Substring(rt, v, cursor.begin(), cursor.end()));
  }
  return rt.List(std::move(items));
}

size_t Length(Runtime& rt, const Value& v) {
  if (v.is_string()) return v.text().characters;
  if (v.is_dict()) return v.dict().size();
  if (v.is_sequence() && v.sequence().kind != Sequence::Kind::kGenerator) return v.items().size();
  if (v.is_undefined() && !(v.reason() && v.reason()->unsafe)) return 0;
  if (v.is_undefined()) {
    rt.UseOfUndefined(v);
  } else {
    rt.TypeError(StrCat("object of type '", v.type_name(), "' has no len()"));
  }
  return 0;
}

}  // namespace pano::jinja
