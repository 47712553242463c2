#pragma once

#include "model/template/runtime.h"

namespace pano::jinja {

// How templates reach into values. Only data and the methods of methods.h can be reached.

// `object.name`: a method or attribute, else an item, else undefined.
Value GetAttribute(Runtime& rt, const Value& object, std::string_view name);
// `object[key]`: an item, else (for a string key) an attribute, else undefined.
Value GetItem(Runtime& rt, const Value& object, const Value& key);
// `object[start:stop:step]`; kNothing or none for what is left out.
Value GetSlice(Runtime& rt, const Value& object, const Value& start, const Value& stop,
               const Value& step);
// The items that "a.b.0", or an index, leads to from `object`.
Value GetPath(Runtime& rt, const Value& object, const Value& path);

// What iterating over `v` yields, as a sequence; fails for what is not iterable.
Value ToSequence(Runtime& rt, const Value& v);
// Python's len(); fails for what has none.
size_t Length(Runtime& rt, const Value& v);

}  // namespace pano::jinja
