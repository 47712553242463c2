#include "app/api/batches/multipart.h"

#include <algorithm>
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

Result<MultipartReader> MultipartReader::Create(std::string_view content_type) {
  PANO_ASSIGN_OR_RETURN(std::string boundary, BoundaryOf(content_type));
  return MultipartReader(std::move(boundary));
}

Status MultipartReader::Feed(std::string_view piece, FormSink& sink) {
  PANO_RETURN_IF_ERROR(failure_);
  if (state_ == State::kDone) return {};  // what stands behind the last boundary is no part
  buffer_ += piece;
  Result<bool> more = true;
  while (more.ok() && *more) more = Step(sink);
  // Once a piece, so that the work is linear.
  buffer_.erase(0, at_);
  at_ = 0;
  if (!more.ok()) failure_ = more.error();
  return failure_;
}

Status MultipartReader::Finish() {
  PANO_RETURN_IF_ERROR(failure_);
  switch (state_) {
    case State::kPreamble:
      return Wrong("its boundary is not in it");
    case State::kBoundary:
      return Wrong("a boundary does not end its line");
    case State::kHead:
      return Wrong("the head of a part has no end, or is too long");
    case State::kContent:
      return Wrong("a part does not end with the boundary");
    case State::kDone:
      break;
  }
  return {};
}

Result<bool> MultipartReader::Step(FormSink& sink) {
  switch (state_) {
    case State::kPreamble: {
      const size_t found = left().find(delimiter_);
      if (found == std::string_view::npos) {
        at_ += left().size() - std::min(left().size(), delimiter_.size() - 1);
        return false;
      }
      at_ += found + delimiter_.size();
      state_ = State::kBoundary;
      return true;
    }
    case State::kBoundary:
      return StepBoundary();
    case State::kHead:
      return StepHead(sink);
    case State::kContent:
      return StepContent(sink);
    case State::kDone:
      at_ = buffer_.size();
      return false;
  }
  return false;
}

// Behind a boundary: "--" ends the form; blanks and a line end lead to another part.
Result<bool> MultipartReader::StepBoundary() {
  if (left().starts_with("--")) {
    state_ = State::kDone;
    return true;
  }
  if (left().size() < 2) return false;
  if (parts_ >= kPartsMax) return Wrong(StrCat("it has more than ", kPartsMax, " parts"));
  const size_t line = left().substr(0, kHeadBytesMax).find("\r\n");
  const std::string_view blanks = left().substr(0, std::min(line, kHeadBytesMax));
  const bool open = line == std::string_view::npos && left().size() < kHeadBytesMax;
  if ((line == std::string_view::npos && !open) || !Trim(blanks).empty()) return Wrong("a boundary does not end its line");
  if (open) return false;
  at_ += line;
  state_ = State::kHead;
  return true;
}

Result<bool> MultipartReader::StepHead(FormSink& sink) {
  const size_t end = left().substr(0, kHeadBytesMax).find("\r\n\r\n");
  if (end == std::string_view::npos) {
    if (left().size() < kHeadBytesMax) return false;
    return Wrong("the head of a part has no end, or is too long");
  }
  FormPart part;
  PANO_RETURN_IF_ERROR(ReadHead(left().substr(0, end), part));
  at_ += end + 2;  // the empty line's end may belong to the next boundary
  skip_ = 2;
  ++parts_;
  state_ = State::kContent;
  PANO_RETURN_IF_ERROR(sink.OnPart(std::move(part)));
  return true;
}

Result<bool> MultipartReader::StepContent(FormSink& sink) {
  const size_t found = left().find(delimiter_);
  const bool whole = found != std::string_view::npos;
  // What may be the beginning of a boundary waits for more.
  const size_t known = whole ? found : left().size() - std::min(left().size(), delimiter_.size() - 1);
  const size_t skipped = std::min(skip_, known);
  if (known > skipped) PANO_RETURN_IF_ERROR(sink.OnContent(left().substr(skipped, known - skipped)));
  skip_ -= skipped;
  at_ += known;
  if (!whole) return false;
  at_ += delimiter_.size();
  state_ = State::kBoundary;
  return true;
}

}  // namespace pano::api::batches
