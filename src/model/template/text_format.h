#pragma once

#include "model/template/native.h"

namespace pano::jinja {

// `format % arguments`: a tuple gives one value a directive, a dict those by name.
Value PercentFormat(Runtime& rt, const Value& format, const Value& arguments);

// str.format: "{} {name.attribute[0]!r:>8.2f}". A method of strings.
Value BraceFormat(Runtime& rt, const Value& format, const CallArguments& arguments);

}  // namespace pano::jinja
