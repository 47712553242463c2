#include "model/template/string_operations.h"

#include <algorithm>
#include <cstring>

#include "base/utf8.h"
#include "model/template/characters.h"
#include "model/template/printing.h"

namespace pano::jinja {
namespace {

constexpr size_t kFlushBytes = 4096;
constexpr size_t kShortNeedle = 16;  // up to here a plain search is linear enough

// Each character replaced by what `map` appends for it.
template <typename Map>
Value MapCharacters(Runtime& rt, const Value& text, Map map) {
  if (!rt.Scan(text.bytes().size())) return {};
  TextBuilder out(rt);
  std::string piece;
  bool piece_input = false;
  auto range = text.text().inputs.begin();
  const auto end = text.text().inputs.end();
  for (CharacterCursor at(text.bytes()); !at.done() && !rt.failed(); at.Next()) {
    while (range != end && range->end <= at.begin()) ++range;
    const bool input = range != end && range->begin <= at.begin();
    if (input != piece_input || piece.size() >= kFlushBytes) {
      out.Append(piece, piece_input);
      piece.clear();
      piece_input = input;
    }
    map(at.value(), piece);
  }
  out.Append(piece, piece_input);
  return out.Take();
}

void AppendUpper(std::string& out, char32_t c) {
  if (c == 0xdf) {
    out += "SS";
  } else {
    Utf8Append(out, ToUpper(c));
  }
}

bool EndsWord(char32_t c) {
  return IsSpace(c) || c == '-' || c == '(' || c == '{' || c == '[' || c == '<';
}

void SplitAtSpace(Runtime& rt, const Value& text, int64_t count, std::vector<Value>* out) {
  const std::string_view bytes = text.bytes();
  size_t begin = SkipLeading(bytes);
  while (begin < bytes.size() && rt.Step()) {
    size_t end = begin;
    if (count-- == 0) {
      end = bytes.size();
    } else {
      CharacterCursor at(bytes.substr(begin));
      while (!at.done() && !IsSpace(at.value())) at.Next();
      end = begin + std::min(at.begin(), bytes.size() - begin);
    }
    out->push_back(Substring(rt, text, begin, end));
    begin = end + SkipLeading(bytes.substr(end));
  }
}

void SplitAtSpaceFromRight(Runtime& rt, const Value& text, int64_t count, std::vector<Value>* out) {
  const std::string_view bytes = text.bytes();
  size_t end = DropTrailing(bytes);
  while (end > 0 && rt.Step()) {
    size_t begin = end;
    while (begin > 0) {
      size_t previous = begin - 1;
      while (previous > 0 && (static_cast<unsigned char>(bytes[previous]) & 0xc0) == 0x80)
        --previous;
      if (count != 0 && SkipLeading(bytes.substr(previous, begin - previous)) > 0) break;
      begin = previous;
    }
    --count;
    out->push_back(Substring(rt, text, begin, end));
    end = DropTrailing(bytes.substr(0, begin));
  }
  std::ranges::reverse(*out);
}

}  // namespace

size_t FindText(std::string_view text, std::string_view needle, size_t from) {
  if (needle.size() <= kShortNeedle || from > text.size()) return text.find(needle, from);
  const void* const found =
      memmem(text.data() + from, text.size() - from, needle.data(), needle.size());
  return found ? static_cast<size_t>(static_cast<const char*>(found) - text.data())
               : std::string_view::npos;
}

size_t FindLastText(std::string_view text, std::string_view needle) {
  if (needle.size() <= kShortNeedle) return text.rfind(needle);
  const std::string reversed(text.rbegin(), text.rend());
  const size_t found = FindText(reversed, std::string(needle.rbegin(), needle.rend()));
  return found == std::string_view::npos ? found : text.size() - found - needle.size();
}

Value ChangeCase(Runtime& rt, const Value& text, Case to) {
  if (!rt.Affordable(text.bytes().size())) return {};
  bool fresh = true;  // the next letter begins a word
  return MapCharacters(rt, text, [&](char32_t c, std::string& out) {
    bool upper = to == Case::kUpper;
    if (to == Case::kSwap) upper = IsLower(c);
    if (to == Case::kCapitalize || to == Case::kTitle || to == Case::kTitleWords) upper = fresh;
    if (to == Case::kCapitalize) fresh = false;
    if (to == Case::kTitle) fresh = !IsUpper(c) && !IsLower(c);
    if (to == Case::kTitleWords) fresh = EndsWord(c);
    if (upper) {
      AppendUpper(out, c);
    } else {
      Utf8Append(out, ToLower(c));
    }
  });
}

Value Strip(Runtime& rt, const Value& text, const Value* set, bool left, bool right) {
  const std::string_view bytes = text.bytes();
  const std::string_view chars = set ? set->bytes() : std::string_view();
  rt.Scan(bytes.size() + (set ? bytes.size() / 8 * chars.size() : 0));
  if (rt.failed()) return {};
  const size_t end = right ? DropTrailing(bytes, set ? &chars : nullptr) : bytes.size();
  const size_t begin = left ? SkipLeading(bytes.substr(0, end), set ? &chars : nullptr) : 0;
  return Substring(rt, text, begin, end);
}

Value Replace(Runtime& rt, const Value& text, const Value& from, const Value& to, int64_t count) {
  const std::string_view bytes = text.bytes();
  const std::string_view needle = from.bytes();
  TextBuilder out(rt);
  rt.Scan(bytes.size());
  size_t begin = 0;
  if (needle.empty()) {
    for (CharacterCursor at(bytes); !at.done() && count != 0 && !rt.failed(); at.Next(), --count) {
      out.Append(to.text());
      out.Append(text.text(), at.begin(), at.end());
      begin = at.end();
    }
    if (begin == bytes.size() && count != 0) out.Append(to.text());
  }
  while (!needle.empty() && count != 0 && !rt.failed()) {
    const size_t found = FindText(bytes, needle, begin);
    if (found == std::string_view::npos) break;
    out.Append(text.text(), begin, found);
    out.Append(to.text());
    begin = found + needle.size();
    --count;
  }
  out.Append(text.text(), begin, bytes.size());
  return out.Take();
}

std::vector<Value> SplitText(Runtime& rt, const Value& text, const Value* separator,
                             int64_t count) {
  std::vector<Value> out;
  if (!rt.Scan(text.bytes().size())) return out;
  if (!separator) {
    SplitAtSpace(rt, text, count, &out);
    return out;
  }
  const std::string_view bytes = text.bytes();
  if (separator->bytes().empty()) {
    rt.Error("ValueError: empty separator");
    return out;
  }
  size_t begin = 0;
  while (count-- != 0 && rt.Step()) {
    const size_t found = FindText(bytes, separator->bytes(), begin);
    if (found == std::string_view::npos) break;
    out.push_back(Substring(rt, text, begin, found));
    begin = found + separator->bytes().size();
  }
  out.push_back(Substring(rt, text, begin, bytes.size()));
  return out;
}

std::vector<Value> SplitTextFromRight(Runtime& rt, const Value& text, const Value* separator,
                                      int64_t count) {
  std::vector<Value> out;
  if (!rt.Scan(text.bytes().size())) return out;
  if (!separator) {
    SplitAtSpaceFromRight(rt, text, count, &out);
    return out;
  }
  const std::string_view bytes = text.bytes();
  const std::string_view needle = separator->bytes();
  if (needle.empty()) {
    rt.Error("ValueError: empty separator");
    return out;
  }
  size_t end = bytes.size();
  while (count-- != 0 && end >= needle.size() && rt.Step()) {
    if (needle.size() > kShortNeedle && !rt.Work(end)) break;
    const size_t found = FindLastText(bytes.substr(0, end), needle);
    if (found == std::string_view::npos) break;
    out.push_back(Substring(rt, text, found + needle.size(), end));
    end = found;
  }
  out.push_back(Substring(rt, text, 0, end));
  std::ranges::reverse(out);
  return out;
}

std::vector<Value> SplitLines(Runtime& rt, const Value& text, bool keep_ends) {
  std::vector<Value> out;
  if (!rt.Scan(text.bytes().size())) return out;
  const std::string_view bytes = text.bytes();
  size_t begin = 0;
  for (CharacterCursor at(bytes); !at.done(); at.Next()) {
    if (!IsLineBreak(at.value())) continue;
    const size_t end = at.begin();
    if (at.value() == '\r' && bytes.substr(at.end()).starts_with('\n')) at.Next();
    out.push_back(Substring(rt, text, begin, keep_ends ? at.end() : end));
    begin = at.end();
    if (!rt.Step()) return out;
  }
  if (begin < bytes.size()) out.push_back(Substring(rt, text, begin, bytes.size()));
  return out;
}

Value Join(Runtime& rt, const Value& separator, const std::vector<Value>& items, bool escape) {
  TextBuilder out(rt);
  for (size_t i = 0; i < items.size() && rt.Step(); ++i) {
    if (i > 0) out.Append(separator.text());
    if (escape && items[i].is_string() && !items[i].markup()) {
      AppendEscaped(out, items[i].text());
    } else {
      AppendStr(out, items[i]);
    }
  }
  return out.Take();
}

Value Pad(Runtime& rt, const Value& text, int64_t width, std::string_view fill, Align align) {
  if (rt.failed()) return {};   // then `text` may be nothing
  const auto length = static_cast<int64_t>(text.text().characters);
  if (width <= length) return text;
  const auto missing = static_cast<size_t>(width - length);
  if (missing > rt.limits().memory_bytes_max || !rt.Affordable(missing * fill.size())) {
    return rt.Exhausted("memory");
  }
  size_t left = align == Align::kRight ? missing : 0;
  if (align == Align::kCenter) left = missing / 2 + (missing & static_cast<size_t>(width) & 1);
  TextBuilder out(rt);
  for (size_t i = 0; i < left && !rt.failed(); ++i) out.Append(fill);
  out.Append(text.text());
  for (size_t i = left; i < missing && !rt.failed(); ++i) out.Append(fill);
  return out.Take();
}

Value Reverse(Runtime& rt, const Value& text) {
  TextBuilder out(rt);
  const std::string_view bytes = text.bytes();
  for (size_t end = bytes.size(); end > 0 && !rt.failed();) {
    size_t begin = end - 1;
    while (begin > 0 && (static_cast<unsigned char>(bytes[begin]) & 0xc0) == 0x80) --begin;
    out.Append(text.text(), begin, end);
    end = begin;
  }
  return out.Take();
}

}  // namespace pano::jinja
