#include "model/tokenizer/split/char_classes.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/strings.h"
#include "base/utf8.h"
#include "model/tokenizer/text/regex.h"
#include "model/tokenizer/text/regex_syntax.h"

namespace pano::tokenizer {
namespace {

using ClassRegex = std::pair<uint8_t, RegexPtr>;

const std::vector<ClassRegex>& ClassRegexes() {
  static const std::vector<ClassRegex> regexes = [] {
    std::vector<ClassRegex> made;
    const auto add = [&](uint8_t bit, std::string_view inside) {
      Result<RegexPtr> regex = Regex::CompilePcre2(StrCat("[", inside, "]+"));
      PANO_CHECK(regex.ok());
      made.emplace_back(bit, *std::move(regex));
    };
    add(kUpper, "\\p{Lu}\\p{Lt}");
    add(kLower, "\\p{Ll}");
    add(kCaseless, "\\p{Lm}\\p{Lo}");
    add(kMark, "\\p{M}");
    add(kNumber, "\\p{N}");
    add(kSpace, kSpaceClass);
    add(kPunctuation, "\\p{P}");
    add(kSymbol, "\\p{S}");
    return made;
  }();
  return regexes;
}

}  // namespace

constinit std::array<std::atomic<const uint8_t*>, 0x1100> char_class_blocks{};

const uint8_t* FillCharClassBlock(size_t index) {
  std::string text;
  std::vector<uint8_t> place;  // in the block, of the character at each byte
  const bool surrogates = index >= 0xd8 && index <= 0xdf;
  for (size_t c = 0; c < 256 && !surrogates; ++c) {
    Utf8Append(text, static_cast<char32_t>(index << 8 | c));
    place.resize(text.size(), static_cast<uint8_t>(c));
  }
  auto block = std::make_unique<uint8_t[]>(256);
  std::vector<Match> parts;
  for (const auto& [bit, regex] : ClassRegexes()) {
    parts.clear();
    PANO_CHECK(Regex::Matcher(*regex).FindAll(text, parts).ok());
    for (const Match& part : parts) {
      if (!part.matched) continue;
      for (size_t c = place[part.begin]; c <= place[part.end - 1]; ++c) block[c] |= bit;
    }
  }
  const uint8_t* expected = nullptr;
  if (char_class_blocks[index].compare_exchange_strong(expected, block.get(),
                                                       std::memory_order_acq_rel)) {
    expected = block.release();  // for the life of the process
  }
  return expected;
}

void PrepareCharClasses() {
  ClassesOf(0xe9);
  ClassesOf(0x2019);
}

}  // namespace pano::tokenizer
