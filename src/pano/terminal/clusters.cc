#include "pano/terminal/clusters.h"

#include <memory>

#include <unicode/ubrk.h>
#include <unicode/uchar.h>
#include <unicode/utext.h>

#include "base/utf8.h"

namespace pano::terminal {
namespace {

constexpr char32_t kJoiner = 0x200D, kEmojiStyle = 0xFE0F;

struct CloseIterator {
  void operator()(UBreakIterator* it) const { ubrk_close(it); }
};
struct CloseText {
  void operator()(UText* text) const { utext_close(text); }
};

bool Is(char32_t c, UProperty property) {
  return u_hasBinaryProperty(static_cast<UChar32>(c), property) != 0;
}

// As wcwidth has it: nothing for marks that do not advance and for format characters, two for wide
// and full-width characters of UAX 11. The vowels and final consonants of Hangul join the column of
// their first consonant.
int CodePointColumns(char32_t c) {
  const auto code = static_cast<UChar32>(c);
  const int8_t category = u_charType(code);
  if (category == U_NON_SPACING_MARK || category == U_ENCLOSING_MARK) return 0;
  if (category == U_FORMAT_CHAR && c != 0x00AD) return 0;
  if ((c >= 0x1160 && c <= 0x11FF) || (c >= 0xD7B0 && c <= 0xD7FF)) return 0;
  const int width = u_getIntPropertyValue(code, UCHAR_EAST_ASIAN_WIDTH);
  return width == U_EA_WIDE || width == U_EA_FULLWIDTH ? 2 : 1;
}

int ClusterColumns(std::string_view text) {
  int sum = 0;
  bool is_emoji = false;
  char32_t first = 0;
  for (size_t i = 0; i < text.size();) {
    const size_t length = Utf8Length(text.substr(i));
    if (length == 0) return static_cast<int>(text.size());
    const char32_t c = Utf8Decode(text.substr(i), length);
    if (i == 0) {
      first = c;
      is_emoji = Is(c, UCHAR_EMOJI_PRESENTATION) && !Is(c, UCHAR_REGIONAL_INDICATOR);
    } else if (c == kEmojiStyle) {
      is_emoji = is_emoji || Is(first, UCHAR_EMOJI);
    } else if (c == kJoiner || Is(c, UCHAR_EMOJI_MODIFIER)) {
      is_emoji = is_emoji || Is(first, UCHAR_EXTENDED_PICTOGRAPHIC);
    } else if (Is(first, UCHAR_REGIONAL_INDICATOR) && Is(c, UCHAR_REGIONAL_INDICATOR)) {
      is_emoji = true;  // a flag
    }
    sum += CodePointColumns(c);
    i += length;
  }
  if (first < 0x20 || (first >= 0x7F && first < 0xA0)) return 1;
  return is_emoji ? 2 : sum;
}

// Calls `visit` with the begin and end of each part of `text` that ICU's iterator of this kind finds.
template <typename Visit>
void ForEachPart(std::string_view text, UBreakIteratorType type, const Visit& visit) {
  UErrorCode error = U_ZERO_ERROR;
  const std::unique_ptr<UBreakIterator, CloseIterator> it(
      ubrk_open(type, "", nullptr, 0, &error));
  const std::unique_ptr<UText, CloseText> source(
      utext_openUTF8(nullptr, text.data(), static_cast<int64_t>(text.size()), &error));
  if (U_SUCCESS(error)) ubrk_setUText(it.get(), source.get(), &error);
  size_t begin = 0;
  if (U_SUCCESS(error)) {
    for (int32_t at = ubrk_first(it.get()); at != UBRK_DONE; at = ubrk_next(it.get())) {
      const auto end = static_cast<size_t>(at);
      if (end > begin) visit(begin, end, ubrk_getRuleStatus(it.get()));
      begin = end;
    }
  }
  if (begin < text.size()) visit(begin, text.size(), 0);  // ICU without its data
}

}  // namespace

std::vector<Cluster> SplitClusters(std::string_view text) {
  std::vector<Cluster> out;
  ForEachPart(text, UBRK_CHARACTER, [&](size_t begin, size_t end, int32_t) {
    const std::string_view part = text.substr(begin, end - begin);
    if (Utf8Valid(part)) {
      out.push_back({begin, end, ClusterColumns(part)});
      return;
    }
    for (size_t i = begin; i < end; ++i) out.push_back({i, i + 1, 1});
  });
  return out;
}

std::vector<Word> SplitWords(std::string_view text) {
  std::vector<Word> out;
  ForEachPart(text, UBRK_WORD, [&](size_t begin, size_t end, int32_t) {
    const std::string_view part = text.substr(begin, end - begin);
    const size_t length = Utf8Length(part);
    const bool is_space =
        length > 0 && u_isUWhiteSpace(static_cast<UChar32>(Utf8Decode(part, length)));
    out.push_back({begin, end, is_space});
  });
  return out;
}

int Columns(std::string_view text) {
  int columns = 0;
  for (const Cluster& cluster : SplitClusters(text)) columns += cluster.columns;
  return columns;
}

std::string_view ClipToColumns(std::string_view text, int columns) {
  size_t end = 0;
  // A cluster has a byte at least for each column but for wide ones, so that a short part suffices;
  // marks without end are cut.
  const std::string_view start = text.substr(0, static_cast<size_t>(std::max(columns, 0)) * 32 + 64);
  for (const Cluster& cluster : SplitClusters(start)) {
    columns -= cluster.columns;
    if (columns < 0) break;
    end = cluster.end;
  }
  return text.substr(0, end);
}

}  // namespace pano::terminal
