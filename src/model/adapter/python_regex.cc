#define PCRE2_CODE_UNIT_WIDTH 8
#include "model/adapter/python_regex.h"

#include <pcre2.h>
#include <time.h>

#include <utility>

#include "base/check.h"
#include "base/strings.h"
#include "base/utf8.h"

namespace pano::adapter {
namespace {

constexpr size_t kPatternBytesMax = 8 << 10;
constexpr uint32_t kNestingMax = 100;
// A published pattern takes a few hundred steps for a name; catastrophic ones take 2^n.
constexpr uint32_t kStepsMax = 100'000;
constexpr uint32_t kHeapKibMax = 8 << 10;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool IsHex(char c) { return IsDigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

int64_t ThreadCpuNanoseconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

// Walks a pattern of Python's and writes it for PCRE2, construct by construct.
class Translator {
 public:
  explicit Translator(std::string_view pattern) : in_(pattern) {}

  Result<std::string> Run() {
    PANO_RETURN_IF_ERROR(LeadingFlags());
    while (at_ < in_.size()) PANO_RETURN_IF_ERROR(One());
    return std::move(out_);
  }

 private:
  char Peek(size_t ahead = 0) const { return at_ + ahead < in_.size() ? in_[at_ + ahead] : '\0'; }
  bool Take(std::string_view text) {
    if (!in_.substr(at_).starts_with(text)) return false;
    at_ += text.size();
    return true;
  }
  Status Refuse(std::string_view what) const {
    return Unimplemented(StrCat("'", Printable(what), "' at offset ", at_, " is not supported"));
  }

  // (?is) in front of everything. Unicode is the default anyway.
  Status LeadingFlags() {
    const size_t end = in_.find(')');
    if (!in_.starts_with("(?") || end == std::string_view::npos) return {};
    const std::string_view flags = in_.substr(2, end - 2);
    if (flags.empty() || flags.find_first_not_of("imsu") != std::string_view::npos) return {};
    std::string kept;
    for (char c : flags) {
      if (c != 'u' && kept.find(c) == std::string::npos) kept += c;
    }
    if (!kept.empty()) out_ += StrCat("(?", kept, ")");
    at_ = end + 1;
    return {};
  }

  Status One() {
    switch (Peek()) {
      case '\\':
        return Escape(/*in_class=*/false);
      case '[':
        return Class();
      case '(':
        return Open();
      case ')':
        // Python sees the pattern alone; here more stands around it.
        if (depth_-- == 0) return Refuse(")");
        out_ += in_[at_++];
        return {};
      case '{':
        Brace();
        return {};
      default:
        out_ += in_[at_++];
        return {};
    }
  }

  // A character by its code: \xhh, \uhhhh.
  Status Code(size_t digits) {
    std::string code;
    for (size_t i = 0; i < digits; ++i) {
      if (!IsHex(Peek(i))) return Refuse(in_.substr(at_ - 2, 2 + i));
      code += Peek(i);
    }
    at_ += digits;
    out_ += StrCat("\\x{", code, "}");
    return {};
  }

  Status Escape(bool in_class) {
    if (at_ + 1 == in_.size()) return Refuse("\\");
    const char c = Peek(1);
    const std::string_view whole = in_.substr(at_, 2);
    if (std::string_view("dDwWsSfnrt").find(c) != std::string_view::npos) {
      at_ += 2;
      out_ += whole;
      return {};
    }
    const auto put = [&](std::string_view text) {
      at_ += 2;
      out_ += text;
      return Status();
    };
    if (c == 'a') return put("\\x{07}");
    if (c == 'v') return put("\\x{0b}");
    if (c == 'b') return put(in_class ? "\\x{08}" : "\\b");
    if (c == 'x' || c == 'u' || c == 'U') {
      at_ += 2;
      return Code(c == 'x' ? 2 : c == 'u' ? 4 : 8);
    }
    if (!in_class && c == 'B') return put("\\B");
    if (!in_class && c == 'A') return put("\\A");
    if (!in_class && (c == 'Z' || c == 'z')) return put("\\z");
    if (!in_class && c >= '1' && c <= '9' && !IsDigit(Peek(2))) {
      return put(StrCat("\\g{", c, "}"));
    }
    if (IsLetter(c) || IsDigit(c)) return Refuse(whole);
    if (static_cast<unsigned char>(c) >= 0x80) {  // the character itself; its first byte follows
      at_ += 1;
      return {};
    }
    return put(whole);
  }

  Status Class() {
    const size_t begin = at_;
    out_ += in_[at_++];
    if (Peek() == '^') out_ += in_[at_++];
    if (Peek() == ']') {  // in front it is a member
      out_ += "\\]";
      ++at_;
    }
    while (at_ < in_.size() && Peek() != ']') {
      if (Peek() == '\\') {
        PANO_RETURN_IF_ERROR(Escape(/*in_class=*/true));
      } else if (Peek() == '[') {  // a member; to PCRE2 it may begin [:alpha:]
        out_ += "\\[";
        ++at_;
      } else {
        out_ += in_[at_++];
      }
    }
    if (at_ == in_.size()) {
      return Unimplemented(StrCat("the set that begins at offset ", begin, " does not end"));
    }
    out_ += in_[at_++];
    return {};
  }

  Status Open() {
    if (Peek(1) == '*') return Refuse("(*");
    if (Peek(1) != '?') {
      ++depth_;
      out_ += in_[at_++];
      return {};
    }
    for (std::string_view same : {"(?:", "(?=", "(?!", "(?<=", "(?<!", "(?>"}) {
      if (!Take(same)) continue;
      ++depth_;
      out_ += same;
      return {};
    }
    if (Take("(?#")) {
      const size_t end = in_.find(')', at_);
      if (end == std::string_view::npos) return Refuse("(?#");
      at_ = end + 1;
      return {};
    }
    for (const auto& [begin, close] : {std::pair{"(?P<", '>'}, {"(?P=", ')'}}) {
      if (!in_.substr(at_).starts_with(begin)) continue;
      const size_t end = in_.find(close, at_);
      if (end == std::string_view::npos) return Refuse(begin);
      if (close == '>') ++depth_;
      out_ += in_.substr(at_, end + 1 - at_);
      at_ = end + 1;
      return {};
    }
    return Flags();
  }

  // (?i-s:...)
  Status Flags() {
    const size_t end = in_.find_first_of(":)", at_);
    if (end == std::string_view::npos || in_[end] != ':') return Refuse(in_.substr(at_, 3));
    const std::string_view flags = in_.substr(at_ + 2, end - at_ - 2);
    if (flags.find_first_not_of("ims-") != std::string_view::npos) {
      return Refuse(in_.substr(at_, end + 1 - at_));
    }
    ++depth_;
    out_ += in_.substr(at_, end + 1 - at_);
    at_ = end + 1;
    return {};
  }

  // {m}, {m,}, {,n}, {m,n}, {,}; any other brace is a character.
  void Brace() {
    size_t end = at_ + 1;
    const auto digits = [&] {
      const size_t begin = end;
      while (end < in_.size() && IsDigit(in_[end])) ++end;
      return in_.substr(begin, end - begin);
    };
    const std::string_view low = digits();
    const bool comma = end < in_.size() && in_[end] == ',';
    if (comma) ++end;
    const std::string_view high = comma ? digits() : low;
    const bool closed = end < in_.size() && in_[end] == '}';
    if (!closed || (!comma && low.empty())) {
      out_ += "\\{";
      ++at_;
      return;
    }
    out_ += StrCat("{", low.empty() ? "0" : low, comma ? "," : "", comma ? high : "", "}");
    at_ = end + 1;
  }

  std::string_view in_;
  size_t at_ = 0;
  size_t depth_ = 0;  // of open groups
  std::string out_;
};

}  // namespace

struct PythonRegex::Code {
  pcre2_code* code = nullptr;
  ~Code() { pcre2_code_free(code); }
};

PythonRegex::~PythonRegex() = default;

Result<std::string> TranslatePythonRegex(std::string_view pattern) {
  return Translator(pattern).Run();
}

Result<std::shared_ptr<const PythonRegex>> PythonRegex::Compile(std::string_view pattern) {
  const std::string quoted = StrCat("regular expression '", Printable(pattern), "'");
  if (pattern.size() > kPatternBytesMax) {
    return Unimplemented(StrCat(quoted, ": ", pattern.size(), " bytes, at most ", kPatternBytesMax));
  }
  if (!Utf8Valid(pattern)) return Unimplemented(StrCat(quoted, ": is not UTF-8"));
  PANO_ASSIGN_OR_RETURN(const std::string translated, TranslatePythonRegex(pattern).Wrap(quoted));
  const std::string whole = StrCat("(?:", translated, ")\\z");
  std::unique_ptr<pcre2_compile_context, decltype(&pcre2_compile_context_free)> context(
      pcre2_compile_context_create(nullptr), &pcre2_compile_context_free);
  PANO_CHECK(context != nullptr);
  pcre2_set_newline(context.get(), PCRE2_NEWLINE_LF);
  pcre2_set_parens_nest_limit(context.get(), kNestingMax);
  int error = 0;
  PCRE2_SIZE offset = 0;
  auto code = std::make_unique<Code>();
  code->code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(whole.data()), whole.size(),
                             PCRE2_ANCHORED | PCRE2_UTF | PCRE2_UCP | PCRE2_NEVER_BACKSLASH_C,
                             &error, &offset, context.get());
  if (!code->code) {
    unsigned char text[160] = {};
    pcre2_get_error_message(error, text, sizeof text);
    return Unimplemented(
        StrCat(quoted, ": not understood: ", reinterpret_cast<const char*>(text)));
  }
  std::shared_ptr<PythonRegex> regex(new PythonRegex());
  regex->code_ = std::move(code);
  return std::shared_ptr<const PythonRegex>(std::move(regex));
}

Result<bool> PythonRegex::FullMatch(std::string_view name, MatchBudget& budget) const {
  if (name.size() > kNameBytesMax || !Utf8Valid(name)) return false;
  std::unique_ptr<pcre2_match_data, decltype(&pcre2_match_data_free)> data(
      pcre2_match_data_create(1, nullptr), &pcre2_match_data_free);
  std::unique_ptr<pcre2_match_context, decltype(&pcre2_match_context_free)> context(
      pcre2_match_context_create(nullptr), &pcre2_match_context_free);
  PANO_CHECK(data != nullptr && context != nullptr);
  pcre2_set_match_limit(context.get(), kStepsMax);
  pcre2_set_heap_limit(context.get(), kHeapKibMax);
  const int64_t begin = ThreadCpuNanoseconds();
  const int rc = pcre2_match(code_->code, reinterpret_cast<PCRE2_SPTR>(name.data()), name.size(), 0,
                             PCRE2_NO_UTF_CHECK, data.get(), context.get());
  const bool in_time = budget.Spend(ThreadCpuNanoseconds() - begin);
  if (rc >= 0 && in_time) return true;
  if (in_time && rc == PCRE2_ERROR_NOMATCH) return false;
  return Status(StatusCode::kExhausted,
                StrCat("a regular expression takes too long for '", Printable(name), "'"));
}

}  // namespace pano::adapter
