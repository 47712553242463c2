#include "model/tokenizer/normalize/canonical_order.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include "base/utf8.h"

namespace pano::tokenizer {
namespace {

constexpr char32_t kFirstCombining = 0x300;

struct Combining {
  char32_t character;
  uint8_t combining_class;
};

// The decomposition of `character`, appended to `run`.
void AppendDecomposed(const icu::Normalizer2& form, char32_t character, std::vector<Combining>& run) {
  icu::UnicodeString parts;
  if (!form.getDecomposition(static_cast<UChar32>(character), parts)) {
    run.push_back({character, form.getCombiningClass(static_cast<UChar32>(character))});
    return;
  }
  for (int32_t i = 0; i < parts.length(); i = parts.moveIndex32(i, 1)) {
    const UChar32 part = parts.char32At(i);
    run.push_back({static_cast<char32_t>(part), form.getCombiningClass(part)});
  }
}

// Stable, by class.
std::vector<Combining> Ordered(const std::vector<Combining>& run) {
  std::array<size_t, 257> starts{};
  for (const Combining& c : run) ++starts[c.combining_class + size_t{1}];
  for (size_t i = 1; i < starts.size(); ++i) starts[i] += starts[i - 1];
  std::vector<Combining> ordered(run.size());
  for (const Combining& c : run) ordered[starts[c.combining_class]++] = c;
  return ordered;
}

// Gives each maximal run of combining characters of `text` that is long to `take(begin, end)`.
template <typename Take>
void ForLongRuns(const icu::Normalizer2& form, bool compatible, const icu::UnicodeSet& known,
                 std::string_view text, const Take& take) {
  size_t begin = 0;
  size_t count = 0;
  for (size_t pos = 0; pos < text.size();) {
    const size_t length = static_cast<signed char>(text[pos]) >= 0
                              ? 1
                              : std::max<size_t>(Utf8Length(text.substr(pos)), 1);
    const char32_t c = length == 1 ? 0 : Utf8Decode(text.substr(pos), length);
    const bool combining = c >= kFirstCombining && BeginsCombining(form, compatible, c) &&
                           known.contains(static_cast<UChar32>(c));
    if (combining && count++ == 0) begin = pos;
    if (!combining) {
      if (count > kShortRunMax) take(begin, pos);
      count = 0;
    }
    pos += length;
  }
  if (count > kShortRunMax) take(begin, text.size());
}

}  // namespace

bool BeginsCombining(const icu::Normalizer2& form, bool compatible, char32_t character) {
  if (form.getCombiningClass(static_cast<UChar32>(character)) != 0) return true;
  // The only characters of class 0 with such a decomposition: Tibetan vowels, half-width kana marks.
  if (character == 0xf73 || character == 0xf75 || character == 0xf81) return true;
  return compatible && (character == 0xff9e || character == 0xff9f);
}

void OrderLongRuns(const icu::Normalizer2& form, bool compatible, const icu::UnicodeSet& known,
                   std::string& text, Boundaries* boundaries) {
  std::string out;
  size_t done = 0;   // everything before is in `out`
  BoundaryMover mover(boundaries);
  std::vector<Combining> run;
  ForLongRuns(form, compatible, known, text, [&](size_t begin, size_t end) {
    run.clear();
    for (size_t pos = begin; pos < end;) {
      const std::string_view rest = std::string_view(text).substr(pos);
      const size_t length = Utf8Length(rest);
      AppendDecomposed(form, Utf8Decode(rest, length), run);
      pos += length;
    }
    mover.Copied(begin, out.size());
    out.append(text, done, begin - done);
    const size_t out_begin = out.size();
    for (const Combining& c : Ordered(run)) Utf8Append(out, c.character);
    mover.Replaced(end, out_begin, out.size());
    done = end;
  });
  if (done == 0) return;
  mover.Copied(text.size(), out.size());
  out.append(text, done, std::string::npos);
  mover.Finish(out.size());
  text = std::move(out);
}

}  // namespace pano::tokenizer
