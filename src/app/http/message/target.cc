#include "app/http/message/target.h"

#include <algorithm>

#include "base/strings.h"
#include "base/utf8.h"

namespace pano::http {
namespace {

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool IsControl(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

// "http://host:1/path" -> "/path"; an absolute form without a path means "/".
std::string_view StripAuthority(std::string_view target) {
  for (std::string_view scheme : {"http://", "https://"}) {
    if (ToLower(target.substr(0, scheme.size())) != scheme) continue;
    target.remove_prefix(scheme.size());
    const size_t end = target.find_first_of("/?");
    return end == std::string_view::npos ? std::string_view() : target.substr(end);
  }
  return target;
}

Status ParseQuery(std::string_view text, std::vector<std::pair<std::string, std::string>>& query) {
  for (std::string_view piece : Split(text, '&')) {
    if (piece.empty()) continue;
    const size_t equals = std::min(piece.find('='), piece.size());
    PANO_ASSIGN_OR_RETURN(std::string key, PercentDecode(piece.substr(0, equals), true));
    std::string_view rest = piece.substr(std::min(equals + 1, piece.size()));
    PANO_ASSIGN_OR_RETURN(std::string value, PercentDecode(rest, true));
    query.emplace_back(std::move(key), std::move(value));
  }
  return {};
}

}  // namespace

Result<std::string> PercentDecode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      out.push_back(' ');
    } else if (text[i] != '%') {
      out.push_back(text[i]);
    } else {
      const int high = i + 2 < text.size() ? HexValue(text[i + 1]) : -1;
      const int low = high >= 0 ? HexValue(text[i + 2]) : -1;
      if (low < 0) return InvalidArgument("the target holds '%' without two hex digits");
      out.push_back(static_cast<char>(high * 16 + low));
      i += 2;
    }
  }
  if (out.find('\0') != std::string::npos) return InvalidArgument("the target holds NUL");
  if (!Utf8Valid(out)) return InvalidArgument("the target is no UTF-8 once decoded");
  return out;
}

Result<Target> ParseTarget(std::string_view target) {
  const auto outside = [](char c) { return c <= 0x20 || c >= 0x7f; };
  if (target.empty() || std::ranges::any_of(target, outside)) {
    return InvalidArgument("the target is empty or holds bytes outside printable ASCII");
  }
  if (target.find('#') != std::string_view::npos) {
    return InvalidArgument("the target holds a fragment");
  }
  if (target == "*") return Target{"*", {}};
  const std::string_view local = StripAuthority(target);
  if (local.size() == target.size() && local[0] != '/') {
    return InvalidArgument("the target must begin with '/'");
  }
  const size_t question = std::min(local.find('?'), local.size());
  Target result;
  PANO_ASSIGN_OR_RETURN(result.path, PercentDecode(local.substr(0, question), false));
  if (result.path.empty()) result.path = "/";
  if (std::ranges::any_of(result.path, IsControl)) {
    return InvalidArgument("the path holds a control character");
  }
  PANO_RETURN_IF_ERROR(
      ParseQuery(local.substr(std::min(question + 1, local.size())), result.query));
  return result;
}

}  // namespace pano::http
