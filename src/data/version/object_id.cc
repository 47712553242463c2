#include "data/version/object_id.h"

#include "base/strings.h"

namespace pano::data {
namespace {

constexpr char kDigits[] = "0123456789abcdef";

int DigitValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

}  // namespace

Result<Md5> Md5::Parse(std::string_view hex) {
  Md5 out;
  bool good = hex.size() == 32;
  for (size_t i = 0; good && i < 16; ++i) {
    const int high = DigitValue(hex[2 * i]), low = DigitValue(hex[2 * i + 1]);
    good = high >= 0 && low >= 0;
    out.bytes[i] = static_cast<uint8_t>(high * 16 + low);
  }
  if (!good) return InvalidArgument(StrCat("'", Printable(hex), "' is no MD5 digest (32 digits 0-9a-f)"));
  return out;
}

std::string Md5::Hex() const {
  std::string out(32, '0');
  for (size_t i = 0; i < 16; ++i) {
    out[2 * i] = kDigits[bytes[i] >> 4];
    out[2 * i + 1] = kDigits[bytes[i] & 15];
  }
  return out;
}

std::string_view NameOf(HashName hash) { return hash == HashName::kMd5 ? "md5" : "md5-dos2unix"; }

Result<ObjectId> ObjectId::Parse(std::string_view text, HashName hash) {
  ObjectId id;
  id.hash = hash;
  id.folder = text.ends_with(".dir");
  PANO_ASSIGN_OR_RETURN(id.md5, Md5::Parse(id.folder ? text.substr(0, text.size() - 4) : text));
  return id;
}

std::string ObjectId::ToString() const { return md5.Hex() + (folder ? ".dir" : ""); }

std::string ObjectId::RelativePath() const {
  const std::string hex = md5.Hex();
  return StrCat(hash == HashName::kMd5 ? "files/md5/" : "", hex.substr(0, 2), "/", hex.substr(2), folder ? ".dir" : "");
}

}  // namespace pano::data
