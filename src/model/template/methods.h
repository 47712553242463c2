#pragma once

#include <string_view>

#include "model/template/native.h"

namespace pano::jinja {

// The method `name` of a string, list, dict, loop or other object, bound to it; an attribute of one
// of our objects; kNothing when its type has none.
Value FindMethod(Runtime& rt, const Value& object, std::string_view name);

// Whether Python has such a method and it changes the object: the sandbox refuses those.
bool IsMutatingMethod(const Value& object, std::string_view name);

}  // namespace pano::jinja
