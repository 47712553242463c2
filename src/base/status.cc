#include "base/status.h"

#include <array>

namespace pano {

const StatusCodeInfo& Describe(StatusCode code) {
  static constexpr std::array<StatusCodeInfo, 13> kTable = {{
      {"Ok", 200, false},
      {"InvalidArgument", 400, false},
      {"NotFound", 404, false},
      {"AlreadyExists", 409, false},
      {"Corruption", 422, false},
      {"Exhausted", 429, true},
      {"Deadline", 504, false},
      {"Cancelled", 499, false},
      {"Unavailable", 503, true},
      {"Unimplemented", 501, false},
      {"Internal", 500, false},
      {"Unauthenticated", 401, false},
      {"PermissionDenied", 403, false},
  }};
  return kTable[static_cast<size_t>(code)];
}

Status::Status(StatusCode code, std::string message, const char* file, int line)
    : rep_(code == StatusCode::kOk
               ? nullptr
               : std::make_unique<const Rep>(Rep{code, std::move(message), file, line})) {}

Status::Status(const Status& other)
    : rep_(other.rep_ ? std::make_unique<const Rep>(*other.rep_) : nullptr) {}

Status& Status::operator=(const Status& other) {
  if (this != &other) rep_ = other.rep_ ? std::make_unique<const Rep>(*other.rep_) : nullptr;
  return *this;
}

const std::string& Status::message() const {
  static const std::string kEmpty;
  return rep_ ? rep_->message : kEmpty;
}

std::string Status::ToString() const {
  if (!rep_) return "Ok";
  std::string_view file = rep_->file;
  if (size_t slash = file.rfind('/'); slash != std::string_view::npos) file.remove_prefix(slash + 1);
  std::string text(Describe(rep_->code).name);
  text.append(": ").append(rep_->message).append(" (").append(file).append(":");
  text.append(std::to_string(rep_->line)).append(")");
  return text;
}

Status Status::Wrap(std::string_view context) const {
  if (!rep_) return {};
  std::string text(context);
  text.append(": ").append(rep_->message);
  return Status(rep_->code, std::move(text), rep_->file, rep_->line);
}

Status InvalidArgument(std::string message, const char* file, int line) {
  return Status(StatusCode::kInvalidArgument, std::move(message), file, line);
}
Status NotFound(std::string message, const char* file, int line) {
  return Status(StatusCode::kNotFound, std::move(message), file, line);
}
Status Corruption(std::string message, const char* file, int line) {
  return Status(StatusCode::kCorruption, std::move(message), file, line);
}
Status Unimplemented(std::string message, const char* file, int line) {
  return Status(StatusCode::kUnimplemented, std::move(message), file, line);
}
Status Internal(std::string message, const char* file, int line) {
  return Status(StatusCode::kInternal, std::move(message), file, line);
}

}  // namespace pano
