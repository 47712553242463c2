#define PCRE2_CODE_UNIT_WIDTH 8
#include "model/tokenizer/text/regex.h"

#include <pcre2.h>
#include <time.h>

#include <algorithm>

#include "base/check.h"
#include "base/strings.h"
#include "base/utf8.h"
#include "model/tokenizer/text/regex_syntax.h"

// Patterns are translated from the syntax of the original libraries (Oniguruma, Rust) to PCRE2
// (regex_syntax.h) and compiled, with the JIT where there is one. As patterns come from files, a match
// is bounded in steps, heap and processor time, in proportion to the text.
//
// PCRE2's own match limit does not see a repetition that runs over a long text again and again, or that
// gives it back character by character ("\\s+\\s+\\s+x", "(?=a*b)a"). So the translation puts callouts around
// every repetition: each time one is passed it counts one step, and one for every few bytes that it ran over.

namespace pano::tokenizer {
namespace {

constexpr size_t kPatternBytesMax = 32 << 10;
constexpr size_t kJitStackMax = 1 << 20;
constexpr uint32_t kHeapKibMax = 32 << 10;
// One match takes about as many steps as its text has characters; catastrophic ones take 2^n.
constexpr uint64_t kStepsBase = 2'000'000;
constexpr uint64_t kStepsPerByte = 8;
// Steps counted at callouts; published patterns need below ten a byte.
constexpr uint64_t kCountedPerByte = 64;
// A pattern may stay below that at each of a million matches: the last line of defence is time spent.
constexpr double kSecondsBase = 5;
constexpr double kSecondsPerMegabyte = 5;
constexpr uint32_t kSearchesPerTimeCheck = 256;

double ThreadCpuSeconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

}  // namespace

struct Regex::Code {
  pcre2_code* code = nullptr;
  bool jit = false;
  ~Code() { pcre2_code_free(code); }
};

struct Regex::Matcher::State {
  pcre2_match_data* data = nullptr;
  pcre2_match_context* context = nullptr;
  pcre2_jit_stack* stack = nullptr;
  uint32_t searches = 0;
  double cpu_start = 0;
  uint64_t bytes = 0;    // of all texts so far: they buy steps and time
  uint64_t counted = 0;  // steps at count points so far
  size_t run_begin = 0;  // of the repetition that began last

  uint64_t counted_max() const { return kStepsBase + kCountedPerByte * bytes; }
  static int Count(pcre2_callout_block* block, void* data) {
    auto& state = *static_cast<State*>(data);
    const size_t place = block->current_position;
    if (block->callout_number >= kRegexRepetitionBegins) {
      state.counted += block->callout_number - kRegexRepetitionBegins;
    } else {
      const size_t run = place > state.run_begin ? place - state.run_begin : 0;
      state.counted += 1 + run / kRegexBytesPerStep;
    }
    state.run_begin = place;
    return state.counted <= state.counted_max() ? 0 : PCRE2_ERROR_CALLOUT;
  }
  ~State() {
    pcre2_jit_stack_free(stack);
    pcre2_match_context_free(context);
    pcre2_match_data_free(data);
  }
};

Regex::~Regex() = default;

namespace {

Result<RegexPtr> CompileDialect(std::string_view pattern, RegexDialect dialect) {
  if (pattern.size() > kPatternBytesMax) {
    return Unimplemented(StrCat("a regex of ", pattern.size(), " bytes is not supported"));
  }
  PANO_ASSIGN_OR_RETURN(const std::string translated, TranslateRegex(pattern, dialect));
  return Regex::CompilePcre2(translated).Wrap(StrCat("regex '", Printable(pattern), "'"));
}

}  // namespace

Result<RegexPtr> Regex::Compile(std::string_view pattern) {
  return CompileDialect(pattern, RegexDialect::kRuby);
}

Result<RegexPtr> Regex::CompileRust(std::string_view pattern) {
  return CompileDialect(pattern, RegexDialect::kRust);
}

Result<RegexPtr> Regex::CompilePcre2(std::string_view pattern) {
  int error = 0;
  PCRE2_SIZE offset = 0;
  std::unique_ptr<pcre2_compile_context, decltype(&pcre2_compile_context_free)> context(
      pcre2_compile_context_create(nullptr), &pcre2_compile_context_free);
  PANO_CHECK(context != nullptr);
  pcre2_set_newline(context.get(), PCRE2_NEWLINE_LF);
  pcre2_set_parens_nest_limit(context.get(), 100);
  auto code = std::make_unique<Code>();
  code->code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(),
                             PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE | PCRE2_NEVER_BACKSLASH_C,
                             &error, &offset, context.get());
  if (code->code == nullptr) {
    unsigned char text[160] = {};
    pcre2_get_error_message(error, text, sizeof text);
    return Unimplemented(StrCat("not understood: ", reinterpret_cast<const char*>(text)));
  }
  // Without a JIT (another processor) the interpreter gives the same answers, slower.
  code->jit = pcre2_jit_compile(code->code, PCRE2_JIT_COMPLETE) == 0;
  std::shared_ptr<Regex> regex(new Regex());
  regex->pattern_ = pattern;
  regex->code_ = std::move(code);
  return RegexPtr(std::move(regex));
}

Regex::Matcher::Matcher(const Regex& regex) : regex_(regex), state_(std::make_unique<State>()) {
  state_->data = pcre2_match_data_create(1, nullptr);
  state_->context = pcre2_match_context_create(nullptr);
  PANO_CHECK(state_->data != nullptr && state_->context != nullptr);
  pcre2_set_heap_limit(state_->context, kHeapKibMax);
  pcre2_set_callout(state_->context, &State::Count, state_.get());
  if (regex_.code_->jit) {
    state_->stack = pcre2_jit_stack_create(32 << 10, kJitStackMax, nullptr);
    PANO_CHECK(state_->stack != nullptr);
    pcre2_jit_stack_assign(state_->context, nullptr, state_->stack);
  }
  state_->cpu_start = ThreadCpuSeconds();
}

Regex::Matcher::~Matcher() = default;

Result<bool> Regex::Matcher::Search(std::string_view text, size_t from, uint32_t options) {
  if (++state_->searches % kSearchesPerTimeCheck == 0) {
    const double seconds = ThreadCpuSeconds() - state_->cpu_start;
    const double megabytes = static_cast<double>(state_->bytes) / 1e6;
    if (seconds > kSecondsBase + kSecondsPerMegabyte * megabytes) {
      return Status(StatusCode::kExhausted, StrCat("[tokenizer] splitting took ", seconds, " s"));
    }
  }
  const uint64_t steps = kStepsBase + kStepsPerByte * text.size();
  pcre2_set_match_limit(state_->context, static_cast<uint32_t>(std::min<uint64_t>(steps, UINT32_MAX)));
  const auto* subject = reinterpret_cast<PCRE2_SPTR>(text.data());
  const uint32_t flags = options | PCRE2_NO_UTF_CHECK;
  int rc = pcre2_match(regex_.code_->code, subject, text.size(), from, flags, state_->data,
                       state_->context);
  if (rc == PCRE2_ERROR_JIT_STACKLIMIT) {  // the interpreter's heap holds deeper backtracking
    rc = pcre2_match(regex_.code_->code, subject, text.size(), from, flags | PCRE2_NO_JIT,
                     state_->data, state_->context);
  }
  if (rc >= 0) return true;
  if (rc == PCRE2_ERROR_NOMATCH) return false;
  return Status(StatusCode::kExhausted,
                StrCat("[tokenizer] the split pattern backtracks too much on this text (", rc, ")"));
}

Status Regex::Matcher::FindAll(std::string_view text, std::vector<Match>& parts) {
  state_->bytes += text.size();
  size_t done = 0;                           // everything before is in parts
  size_t from = 0;
  size_t last_end = std::string_view::npos;  // of the last match
  while (from <= text.size()) {
    PANO_ASSIGN_OR_RETURN(const bool found, Search(text, from, 0));
    if (!found) break;
    const PCRE2_SIZE* range = pcre2_get_ovector_pointer(state_->data);
    const size_t begin = range[0];
    const size_t end = std::max<size_t>(range[1], begin);
    if (begin == end && end == last_end) {
      from = end + std::max<size_t>(Utf8Length(text.substr(end)), 1);
      continue;
    }
    if (done < begin) parts.push_back({done, begin, false});
    parts.push_back({begin, end, true});
    done = from = last_end = end;
  }
  if (done < text.size()) parts.push_back({done, text.size(), false});
  return {};
}

}  // namespace pano::tokenizer
