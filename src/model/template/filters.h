#pragma once

#include "model/template/native.h"

namespace pano::jinja {

// The filter or test of that name; null when there is none.
Native FindFilter(std::string_view name);
Native FindTest(std::string_view name);

// Applies it; fails with Jinja's message when there is none of that name.
Value ApplyFilter(Runtime& rt, std::string_view name, const Value& self,
                  const CallArguments& arguments);
bool ApplyTest(Runtime& rt, std::string_view name, const Value& self,
               const CallArguments& arguments);

// The parts of the table: filters of text and numbers, and filters of sequences.
Native FindTextFilter(std::string_view name);
Native FindSequenceFilter(std::string_view name);

}  // namespace pano::jinja
