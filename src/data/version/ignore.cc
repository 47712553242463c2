#include "data/version/ignore.h"

#include <algorithm>

#include "base/strings.h"
#include "base/utf8.h"

namespace pano::data {
namespace {

constexpr std::string_view kFileName = ".dvcignore";

// Whether the class "[...]" at pattern[at] has `c`; `at` moves behind it. False in `well` where it does not end: then '['
// stands for itself.
bool MatchesClass(std::string_view pattern, size_t* at, unsigned char c, bool* well) {
  size_t i = *at + 1;
  const bool negated = i < pattern.size() && (pattern[i] == '!' || pattern[i] == '^');
  if (negated) ++i;
  bool found = false;
  for (const size_t first = i; i < pattern.size() && (pattern[i] != ']' || i == first); ++i) {
    if (pattern[i] == '\\' && i + 1 < pattern.size()) ++i;
    const auto low = static_cast<unsigned char>(pattern[i]);
    auto high = low;
    if (i + 2 < pattern.size() && pattern[i + 1] == '-' && pattern[i + 2] != ']') {
      i += 2;
      if (pattern[i] == '\\' && i + 1 < pattern.size()) ++i;
      high = static_cast<unsigned char>(pattern[i]);
    }
    found = found || (low <= c && c <= high);
  }
  *well = i < pattern.size();
  if (*well) *at = i + 1;
  return found != negated;
}

// Whether the pattern's first unit takes the name's first character; both move behind it.
bool MatchesOne(std::string_view pattern, size_t* p, std::string_view name, size_t* n) {
  const char c = pattern[*p];
  if (c == '?') {
    ++*p;
    *n += std::max<size_t>(1, Utf8Length(name.substr(*n)));
    return true;
  }
  if (c == '[') {
    bool well = false;
    size_t after = *p;
    const bool found = MatchesClass(pattern, &after, static_cast<unsigned char>(name[*n]), &well);
    if (well) {
      *p = after;
      ++*n;
      return found;
    }
  }
  const bool escaped = c == '\\' && *p + 1 < pattern.size();
  const char literal = escaped ? pattern[*p + 1] : c;
  *p += escaped ? 2 : 1;
  return literal == name[(*n)++];
}

// Matches lists against lists by the last wildcard that could take one more: work is the product of the lengths.
template <typename IsWild, typename Step>
bool MatchWithWildcards(size_t pattern_end, size_t name_end, IsWild is_wild, Step step) {
  size_t p = 0, n = 0;
  size_t back_p = SIZE_MAX, back_n = 0;
  while (n < name_end) {
    if (p < pattern_end && is_wild(p)) {
      back_p = ++p;
      back_n = n;
      continue;
    }
    size_t next_p = p, next_n = n;
    if (p < pattern_end && step(&next_p, &next_n)) {
      p = next_p;
      n = next_n;
      continue;
    }
    if (back_p == SIZE_MAX) return false;
    p = back_p;
    n = ++back_n;
  }
  while (p < pattern_end && is_wild(p)) ++p;
  return p == pattern_end;
}

}  // namespace

bool MatchesGlob(std::string_view pattern, std::string_view name) {
  return MatchWithWildcards(
      pattern.size(), name.size(), [&](size_t p) { return pattern[p] == '*'; },
      [&](size_t* p, size_t* n) { return MatchesOne(pattern, p, name, n); });
}

bool IgnorePattern::Parse(std::string_view line, IgnorePattern* out) {
  line = Trim(line);   // DVC takes white space off both ends, an escaped one too
  if (line.empty() || line.front() == '#') return false;
  *out = IgnorePattern();
  if (line.front() == '!') {
    out->negated_ = true;
    line.remove_prefix(1);
  }
  if (line.ends_with('/')) {
    out->folders_only_ = true;
    while (line.ends_with('/')) line.remove_suffix(1);
  }
  if (line.empty()) return false;
  out->anchored_ = line.find('/') != line.npos;
  if (line.starts_with('/')) line.remove_prefix(1);
  if (!out->anchored_) out->parts_.push_back("**");
  for (const std::string_view part : Split(line, '/')) {
    if (part.empty()) continue;
    if (part == "**" && !out->parts_.empty() && out->parts_.back() == "**") continue;
    out->parts_.emplace_back(part);
  }
  // "a/**" is all that lies in a, not a itself.
  if (out->parts_.size() > 1 && out->parts_.back() == "**") out->parts_.push_back("*");
  return !out->parts_.empty();
}

bool IgnorePattern::Matches(std::string_view path, bool is_folder) const {
  if (folders_only_ && !is_folder) return false;
  if (!anchored_ && parts_.size() == 2) return MatchesGlob(parts_[1], BaseName(path));
  const std::vector<std::string_view> names = Split(path, '/');
  // As DVC has it, "a/**" is the folder a, too: nothing in it can be taken back.
  const bool all_in_it = parts_.size() > 2 && parts_[parts_.size() - 2] == "**" && parts_.back() == "*";
  const auto matches = [&](size_t parts) {
    return MatchWithWildcards(
        parts, names.size(), [&](size_t p) { return parts_[p] == "**"; },
        [&](size_t* p, size_t* n) { return MatchesGlob(parts_[(*p)++], names[(*n)++]); });
  };
  return matches(parts_.size()) || (all_in_it && is_folder && matches(parts_.size() - 2));
}

Result<IgnoreFile> IgnoreFile::Parse(std::string_view text) {
  if (text.size() > kBytesMax) return InvalidArgument(StrCat("has ", text.size(), " bytes of at most ", kBytesMax));
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  IgnoreFile file;
  int number = 0;
  for (const std::string_view line : Split(text, '\n')) {
    ++number;
    if (line.size() > 4096) return InvalidArgument(StrCat("line ", number, ": the pattern is longer than 4096 bytes"));
    if (line.find('\0') != line.npos || !Utf8Valid(line)) {
      return InvalidArgument(StrCat("line ", number, ": the pattern is not UTF-8 text"));
    }
    IgnorePattern pattern;
    if (!IgnorePattern::Parse(line, &pattern)) continue;
    if (file.patterns_.size() == kPatternsMax) return InvalidArgument(StrCat("has more than ", kPatternsMax, " patterns"));
    file.patterns_.push_back(std::move(pattern));
  }
  return file;
}

int IgnoreFile::Match(std::string_view path, bool is_folder) const {
  for (auto it = patterns_.rbegin(); it != patterns_.rend(); ++it) {
    if (it->Matches(path, is_folder)) return it->negated() ? 0 : 1;
  }
  return -1;
}

bool Ignore::Scope::LeavesOut(std::string_view name, bool is_folder) const {
  if (name.starts_with('.')) {
    if (name == ".git") return true;
    if (is_folder && (name == ".hg" || name == ".dvc")) return true;
  }
  for (const Level& level : levels_) {
    const int match = level.file->Match(level.prefix.empty() ? std::string(name) : StrCat(level.prefix, name), is_folder);
    if (match >= 0) return match == 1;
  }
  return false;
}

Result<std::shared_ptr<const IgnoreFile>> Ignore::FileOf(std::string_view folder) const {
  {
    MutexLock lock(mu_);
    if (const auto it = files_.find(folder); it != files_.end()) return it->second;
  }
  const std::string path = StrCat(root_, folder.empty() ? "" : "/", folder, "/", kFileName);
  std::shared_ptr<const IgnoreFile> file;   // null: none
  if (const auto text = ReadFile(path, IgnoreFile::kBytesMax, env_); text.ok()) {
    auto parsed = IgnoreFile::Parse(*text);
    if (!parsed.ok()) return parsed.status().Wrap(path);
    if (!parsed->empty()) file = std::make_shared<const IgnoreFile>(*std::move(parsed));
  } else if (text.status().code() != StatusCode::kNotFound) {
    return text.status().Wrap(path + ": cannot read");
  }
  MutexLock lock(mu_);
  return files_.emplace(std::string(folder), std::move(file)).first->second;
}

Result<Ignore::Scope> Ignore::ScopeOf(std::string_view folder) const {
  Scope scope;
  std::string prefix;
  for (std::string_view at = folder;;) {
    PANO_ASSIGN_OR_RETURN(const auto file, FileOf(at));
    if (file != nullptr) scope.levels_.push_back({prefix, file});
    if (at.empty()) return scope;
    prefix = StrCat(BaseName(at), "/", prefix);
    const size_t slash = at.rfind('/');
    at = slash == at.npos ? std::string_view() : at.substr(0, slash);
  }
}

Result<bool> Ignore::LeavesOut(std::string_view path, bool is_folder) const {
  for (size_t begin = 0; begin <= path.size();) {
    const size_t end = std::min(path.find('/', begin), path.size());
    PANO_ASSIGN_OR_RETURN(const Scope scope, ScopeOf(begin == 0 ? std::string_view() : path.substr(0, begin - 1)));
    if (scope.LeavesOut(path.substr(begin, end - begin), end < path.size() || is_folder)) return true;
    begin = end + 1;
  }
  return false;
}

}  // namespace pano::data
