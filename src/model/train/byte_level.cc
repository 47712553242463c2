#include "model/train/byte_level.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <array>
#include <memory>

#include "base/check.h"
#include "base/strings.h"

namespace pano::train {
namespace {

constexpr char kWordPattern[] =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

struct Free {
  void operator()(pcre2_code* code) const { pcre2_code_free(code); }
  void operator()(pcre2_match_data* data) const { pcre2_match_data_free(data); }
};

bool Printable(unsigned int byte) {
  return (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
}

std::array<std::string, 256> MakeCharacters() {
  std::array<std::string, 256> table;
  unsigned int next = 0x100;
  for (unsigned int byte = 0; byte < 256; ++byte) {
    unsigned int code = Printable(byte) ? byte : next++;
    if (code < 0x80) {
      table[byte] = std::string(1, static_cast<char>(code));
    } else {   // all are below U+0800
      table[byte] = {static_cast<char>(0xC0 | (code >> 6)), static_cast<char>(0x80 | (code & 0x3F))};
    }
  }
  return table;
}

}  // namespace

std::string ByteCharacter(unsigned char byte) {
  static const std::array<std::string, 256> kCharacters = MakeCharacters();
  return kCharacters[byte];
}

std::string ByteLevelText(std::string_view bytes) {
  std::string out;
  for (char byte : bytes) out.append(ByteCharacter(static_cast<unsigned char>(byte)));
  return out;
}

Result<std::vector<std::string_view>> SplitWords(std::string_view text) {
  int error = 0;
  PCRE2_SIZE error_offset = 0;
  std::unique_ptr<pcre2_code, Free> code(
      pcre2_compile(reinterpret_cast<PCRE2_SPTR>(kWordPattern), PCRE2_ZERO_TERMINATED,
                    PCRE2_UTF | PCRE2_UCP, &error, &error_offset, nullptr));
  PANO_CHECK(code != nullptr);
  pcre2_jit_compile(code.get(), PCRE2_JIT_COMPLETE);
  std::unique_ptr<pcre2_match_data, Free> match(
      pcre2_match_data_create_from_pattern(code.get(), nullptr));

  std::vector<std::string_view> words;
  auto subject = reinterpret_cast<PCRE2_SPTR>(text.data());
  uint32_t options = 0;   // the first call checks that the text is UTF-8
  for (size_t at = 0; at < text.size();) {
    int found = pcre2_match(code.get(), subject, text.size(), at, options, match.get(), nullptr);
    if (found <= 0) return Corruption(StrCat("[words] the text is not UTF-8 after byte ", at));
    const PCRE2_SIZE* range = pcre2_get_ovector_pointer(match.get());
    PANO_CHECK(range[0] == at && range[1] > at);   // the alternatives cover every character
    words.push_back(text.substr(at, range[1] - at));
    at = range[1];
    options = PCRE2_NO_UTF_CHECK;
  }
  return words;
}

}  // namespace pano::train
