#include "app/auth/bearer/claim_path.h"

#include "base/strings.h"

namespace pano::bearer {
namespace {

constexpr size_t kLevelsMax = 16;
constexpr size_t kBytesMax = 1024;

// "~1" is '/', "~0" is '~' (RFC 6901, 4).
Result<std::string> Unescape(std::string_view token) {
  std::string name;
  for (size_t i = 0; i < token.size(); ++i) {
    if (token[i] != '~') {
      name += token[i];
      continue;
    }
    const char code = i + 1 < token.size() ? token[i + 1] : '\0';
    if (code != '0' && code != '1') return InvalidArgument("a '~' of a JSON pointer is followed by 0 or 1");
    name += code == '0' ? '~' : '/';
    ++i;
  }
  return name;
}

// RFC 6901, 4: digits without a leading zero.
const json::Value* Element(const json::Array& array, std::string_view name) {
  if (name.empty() || name.size() > 6 || (name.size() > 1 && name[0] == '0')) return nullptr;
  if (name.find_first_not_of("0123456789") != std::string_view::npos) return nullptr;
  const std::optional<int64_t> index = ParseInt(name);
  return index && static_cast<size_t>(*index) < array.size() ? &array[static_cast<size_t>(*index)] : nullptr;
}

}  // namespace

Result<ClaimPath> ClaimPath::Parse(std::string_view text) {
  if (text.empty() || text.size() > kBytesMax) return InvalidArgument(StrCat("a claim path has 1 to ", kBytesMax, " bytes"));
  ClaimPath path;
  path.text_ = text;
  const bool pointer = text.front() == '/';
  for (std::string_view part : Split(pointer ? text.substr(1) : text, pointer ? '/' : '.')) {
    if (!pointer && part.empty()) return InvalidArgument(StrCat("'", Printable(text), "' has an empty name"));
    if (path.names_.size() == kLevelsMax) return InvalidArgument(StrCat("it has more than ", kLevelsMax, " levels"));
    if (pointer) {
      PANO_ASSIGN_OR_RETURN(std::string name, Unescape(part));
      path.names_.push_back(std::move(name));
    } else {
      path.names_.emplace_back(part);
    }
  }
  return path;
}

const json::Value* ClaimPath::Find(const json::Value& claims) const {
  const json::Value* here = &claims;
  for (const std::string& name : names_) {
    if (here->is_array()) {
      here = Element(here->as_array(), name);
    } else {
      here = here->is_object() ? here->Find(name) : nullptr;
    }
    if (!here) return nullptr;
  }
  return here;
}

}  // namespace pano::bearer
