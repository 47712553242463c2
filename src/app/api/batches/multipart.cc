#include "app/api/batches/multipart.h"

#include <utility>

#include "base/strings.h"

namespace pano::api::batches {
namespace {

constexpr size_t kBoundaryMax = 70;  // RFC 2046, 5.1.1

Status Wrong(std::string_view what) {
  return InvalidArgument(StrCat("the body is no multipart/form-data: ", what)).WithReason("invalid_multipart");
}

// Takes `name=value` or `name="va\"lue"` off the front of parameters that follow each other with ';' between.
// Nothing at their end; also for what is no parameter.
struct Parameter {
  std::string name;
  std::string value;
};
bool TakeParameter(std::string_view& rest, Parameter& parameter) {
  rest = Trim(rest);
  if (rest.empty() || rest[0] != ';') return false;
  rest.remove_prefix(1);
  const size_t equals = rest.find('=');
  if (equals == std::string_view::npos) return false;
  parameter.name = ToLower(Trim(rest.substr(0, equals)));
  rest.remove_prefix(equals + 1);
  parameter.value.clear();
  if (!rest.starts_with('"')) {
    const size_t end = rest.find(';');
    parameter.value = std::string(Trim(rest.substr(0, end)));
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end);
    return true;
  }
  for (size_t at = 1; at < rest.size(); ++at) {
    if (rest[at] == '"') {
      rest.remove_prefix(at + 1);
      return true;
    }
    // Browsers write %22; others a backslash before the quote.
    if (rest[at] == '\\' && at + 1 < rest.size() && (rest[at + 1] == '"' || rest[at + 1] == '\\')) ++at;
    parameter.value.push_back(rest[at]);
  }
  return false;  // the quote stays open
}

Result<std::string> BoundaryOf(std::string_view content_type) {
  const size_t semicolon = content_type.find(';');
  if (ToLower(Trim(content_type.substr(0, semicolon))) != "multipart/form-data") return Wrong("of another Content-Type");
  std::string_view rest = semicolon == std::string_view::npos ? std::string_view() : content_type.substr(semicolon);
  Parameter parameter;
  while (TakeParameter(rest, parameter)) {
    if (parameter.name != "boundary") continue;
    if (parameter.value.empty() || parameter.value.size() > kBoundaryMax) return Wrong("its boundary has no good length");
    return parameter.value;
  }
  return Wrong("the Content-Type names no boundary");
}

// The head of a part: lines "Name: value" without the empty one behind them.
Status ReadHead(std::string_view head, FormPart& part) {
  bool disposed = false;
  for (std::string_view line : Split(head, '\n')) {
    line = Trim(line);
    const size_t colon = line.find(':');
    if (line.empty()) continue;
    if (colon == std::string_view::npos) return Wrong("a line in the head of a part has no colon");
    const std::string name = ToLower(Trim(line.substr(0, colon)));
    std::string_view value = line.substr(colon + 1);
    if (name == "content-transfer-encoding") {
      const std::string encoding = ToLower(Trim(value));
      if (encoding != "binary" && encoding != "8bit" && encoding != "7bit") return Wrong("a part has a transfer encoding");
    }
    if (name != "content-disposition") continue;
    const size_t semicolon = value.find(';');
    if (disposed || ToLower(Trim(value.substr(0, semicolon))) != "form-data") return Wrong("a part is no form-data");
    disposed = true;
    std::string_view rest = semicolon == std::string_view::npos ? std::string_view() : value.substr(semicolon);
    Parameter parameter;
    while (TakeParameter(rest, parameter)) {
      if (parameter.name == "name") part.name = parameter.value;
      if (parameter.name == "filename") {
        part.filename = parameter.value;
        part.is_file = true;
      }
    }
  }
  if (part.name.empty()) return Wrong("a part has no name");
  return {};
}

}  // namespace

Result<std::vector<FormPart>> ParseMultipart(std::string_view content_type, std::string_view body) {
  PANO_ASSIGN_OR_RETURN(const std::string boundary, BoundaryOf(content_type));
  const std::string mark = "--" + boundary;
  // What stands before the first boundary is no part; it begins a line.
  size_t at = body.starts_with(mark) ? 0 : body.find("\r\n" + mark);
  if (at == std::string_view::npos) return Wrong("its boundary is not in it");
  if (at > 0) at += 2;
  body.remove_prefix(at + mark.size());
  std::vector<FormPart> parts;
  const std::string delimiter = "\r\n" + mark;
  while (!body.starts_with("--")) {
    if (parts.size() >= kPartsMax) return Wrong(StrCat("it has more than ", kPartsMax, " parts"));
    // Blanks may stand behind a boundary.
    const size_t line = body.substr(0, kHeadBytesMax).find("\r\n");
    if (line == std::string_view::npos || !Trim(body.substr(0, line)).empty()) return Wrong("a boundary does not end its line");
    body.remove_prefix(line);
    const size_t head = body.substr(0, kHeadBytesMax).find("\r\n\r\n");
    if (head == std::string_view::npos) return Wrong("the head of a part has no end, or is too long");
    FormPart& part = parts.emplace_back();
    PANO_RETURN_IF_ERROR(ReadHead(body.substr(0, head), part));
    body.remove_prefix(head + 2);  // the empty line's end may belong to the next boundary
    const size_t end = body.find(delimiter);
    if (end == std::string_view::npos) return Wrong("a part does not end with the boundary");
    part.content = end < 2 ? std::string_view() : body.substr(2, end - 2);
    body.remove_prefix(end + delimiter.size());
  }
  return parts;
}

}  // namespace pano::api::batches
