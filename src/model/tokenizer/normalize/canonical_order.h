#pragma once

#include <string>

#include <unicode/normalizer2.h>
#include <unicode/uniset.h>

#include "model/tokenizer/normalize/boundaries.h"

namespace pano::tokenizer {

// A run of combining characters shorter than this may be left out of order: sorting it by insertion, as
// ICU does, costs at most so many steps a character.
inline constexpr size_t kShortRunMax = 64;

// Puts every longer run of combining characters into canonical order (Unicode 15.0, 3.11, D109) by a
// stable counting sort over the 256 combining classes, decomposed as `form` decomposes (canonically, or
// by compatibility where `compatible`). The text stays equivalent, so `form` makes the same of it, in
// linear time. Characters outside `known` end a run: the form leaves them alone.
void OrderLongRuns(const icu::Normalizer2& form, bool compatible, const icu::UnicodeSet& known,
                   std::string& text, Boundaries* boundaries);

// Whether what `form` decomposes the character to begins with a combining character (a class other
// than 0).
bool BeginsCombining(const icu::Normalizer2& form, bool compatible, char32_t character);

}  // namespace pano::tokenizer
