#pragma once

#include "model/template/native.h"

namespace pano::jinja {

// The function every template can call by that name (range, dict, namespace, cycler, joiner,
// raise_exception, strftime_now); null when there is none.
Native FindFunction(std::string_view name);

// `format` as strftime of Python's datetime fills it in.
std::string FormatTime(std::string_view format, Moment moment);

}  // namespace pano::jinja
