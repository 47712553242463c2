#include "model/tokenizer/split/run_scanner.h"

namespace pano::tokenizer {

bool CharSet::Has(const Char& c) const {
  bool has = (c.classes & classes) != 0;
  for (size_t i = 0; i < ranges.size() && !has; ++i) {
    has = c.code >= ranges[i].first && c.code <= ranges[i].second;
  }
  return has != negated;
}

RunScanner::RunScanner(Pattern pattern) : pattern_(std::move(pattern)) {
  for (size_t byte = 0; byte < may_begin_.size(); ++byte) {
    const auto c = static_cast<char>(byte);
    may_begin_[byte] =
        byte >= 0x80 || pattern_.lead.Has(At(&c, &c + 1)) || pattern_.set.Has(At(&c, &c + 1));
  }
}

const char* RunScanner::Run(const char* p, const char* end) const {
  size_t count = 0;
  for (; p < end && count < pattern_.max; ++count) {
    const Char c = At(p, end);
    if (!pattern_.set.Has(c)) break;
    p += c.length;
  }
  return count >= pattern_.min ? p : nullptr;
}

const char* RunScanner::Next(const char* p, const char* end) const {
  const Char c = At(p, end);
  return Run(pattern_.lead.Has(c) ? p + c.length : p, end);
}

void RunScanner::Scan(std::string_view text, PieceSink& sink) const {
  const char* p = text.data();
  const char* const end = p + text.size();
  const char* gap = p;  // where what no match has taken begins
  while (p < end) {
    if (!may_begin_[static_cast<unsigned char>(*p)]) {
      ++p;
      continue;
    }
    const char* next = Next(p, end);
    if (next == nullptr) {
      p += At(p, end).length;
      continue;
    }
    if (gap < p) sink.Add(gap, p);
    sink.Add(p, next);
    p = gap = next;
  }
  if (gap < end) sink.Add(gap, end);
}

}  // namespace pano::tokenizer
