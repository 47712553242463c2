#include "model/tokenizer/text/unicode_classes.h"

#include <unicode/uchar.h>
#include <unicode/uscript.h>

#include <cstdint>

namespace pano::tokenizer {
namespace {

bool InUnicode(char32_t c, uint8_t version) {
  UVersionInfo age;
  u_charAge(static_cast<UChar32>(c), age);
  return age[0] != 0 && age[0] <= version;
}

uint32_t CategoryMask(char32_t c) { return U_GET_GC_MASK(static_cast<UChar32>(c)); }

}  // namespace

bool IsBertControl(char32_t c) {
  if (c == '\t' || c == '\n' || c == '\r') return false;
  if (c == 0 || c == 0xfffd) return true;
  const uint32_t mask = CategoryMask(c);
  return (mask & (U_GC_CC_MASK | U_GC_CO_MASK)) != 0 || ((mask & U_GC_CF_MASK) != 0 && InUnicode(c, 8));
}

bool IsBertPunctuation(char32_t c) {
  if (c < 0x80) {
    return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') || (c >= '[' && c <= '`') || (c >= '{' && c <= '~');
  }
  if (c == 0x166d || c == 0x111c9) return true;   // reclassified since
  return (CategoryMask(c) & U_GC_P_MASK) != 0 && InUnicode(c, 8);
}

bool IsBertIdeograph(char32_t c) {
  return (c >= 0x4e00 && c <= 0x9fff) || (c >= 0x3400 && c <= 0x4dbf) || (c >= 0xf900 && c <= 0xfaff) ||
         (c >= 0x20000 && c <= 0x2a6df) || (c >= 0x2a700 && c <= 0x2b81f) ||
         (c >= 0x2b920 && c <= 0x2ceaf) ||   // the block begins at U+2B820; the reference says so
         (c >= 0x2f800 && c <= 0x2fa1f);
}

bool IsBertAccent(char32_t c) {
  if (c < 0x300) return false;
  if (c == 0x1734) return true;                   // reclassified since, as are the next
  if (c == 0x1885 || c == 0x1886 || c == 0xa9bd || c == 0x111c9) return false;
  return (CategoryMask(c) & U_GC_MN_MASK) != 0 && InUnicode(c, 8);
}

bool IsMark(char32_t c) {
  if (c < 0x300 || c == 0x111c9) return false;
  if (c == 0x1cf2 || c == 0x1cf3) return true;    // reclassified since
  return (CategoryMask(c) & U_GC_M_MASK) != 0 && InUnicode(c, 9);
}

bool IsNumber(char32_t c) {
  if (c < 0x80) return c >= '0' && c <= '9';
  return (CategoryMask(c) & U_GC_N_MASK) != 0;
}

bool IsWordCharacter(char32_t c) {
  if (c < 0x80) return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  if (c == 0x200c || c == 0x200d) return true;
  return (CategoryMask(c) & (U_GC_M_MASK | U_GC_ND_MASK | U_GC_PC_MASK)) != 0 ||
         u_hasBinaryProperty(static_cast<UChar32>(c), UCHAR_ALPHABETIC) != 0;
}

int SplitScriptOf(char32_t c) {
  if (c == ' ' || !InUnicode(c, 9)) return kAnyScript;
  if (c == 0x30fc) return USCRIPT_HAN;
  UErrorCode error = U_ZERO_ERROR;
  const UScriptCode script = uscript_getScript(static_cast<UChar32>(c), &error);
  if (U_FAILURE(error) || script == USCRIPT_UNKNOWN) return kAnyScript;
  return script == USCRIPT_HIRAGANA || script == USCRIPT_KATAKANA ? USCRIPT_HAN : script;
}

bool IsWhiteSpace(char32_t c) {
  return (c >= 0x9 && c <= 0xd) || c == 0x20 || c == 0x85 || c == 0xa0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f ||
         c == 0x3000;
}

}  // namespace pano::tokenizer
