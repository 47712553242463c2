#include "base/status.h"

#include <array>
#include <utility>

namespace pano {

struct Status::Rep {
  StatusCode code;
  std::string message;
  const char* file;
  int line;
  std::string reason = {};
  std::string field = {};
  Status cause = {};
};

void Status::Free::operator()(Rep* rep) const { delete rep; }

namespace {

const std::string& NoText() {
  static const std::string text;
  return text;
}

}  // namespace

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
    : rep_(code == StatusCode::kOk ? nullptr : new Rep{code, std::move(message), file, line}) {}

Status::Status(const Status& other) : rep_(other.rep_ ? new Rep(*other.rep_) : nullptr) {}

Status& Status::operator=(const Status& other) {
  if (this != &other) *this = Status(other);  // the copy first: `other` may be a cause of this one
  return *this;
}

StatusCode Status::code() const { return rep_ ? rep_->code : StatusCode::kOk; }
const std::string& Status::message() const { return rep_ ? rep_->message : NoText(); }
const std::string& Status::reason() const { return rep_ ? rep_->reason : NoText(); }
const std::string& Status::field() const { return rep_ ? rep_->field : NoText(); }
const Status* Status::cause() const {
  return rep_ && !rep_->cause.ok() ? &rep_->cause : nullptr;
}

std::string Status::ToString() const {
  if (!rep_) return "Ok";
  std::string text;
  for (const Status* at = this; at != nullptr; at = at->cause()) {
    const Rep& rep = *at->rep_;
    std::string_view file = rep.file;
    file.remove_prefix(file.rfind('/') + 1);  // npos + 1 is 0: no folder, nothing to remove
    if (at != this) text.append("; caused by ");
    text.append(Describe(rep.code).name).append(": ").append(rep.message);
    if (!rep.reason.empty()) text.append(" [reason ").append(rep.reason).append("]");
    if (!rep.field.empty()) text.append(" [field ").append(rep.field).append("]");
    text.append(" (").append(file).append(":").append(std::to_string(rep.line)).append(")");
  }
  return text;
}

Status Status::Wrap(std::string_view context) const {
  Status wrapped = *this;
  if (wrapped.rep_) {
    std::string text(context);
    wrapped.rep_->message = text.append(": ").append(rep_->message);
  }
  return wrapped;
}

Status Status::WithReason(std::string reason) && {
  if (rep_) rep_->reason = std::move(reason);
  return std::move(*this);
}
Status Status::WithReason(std::string reason) const& {
  return Status(*this).WithReason(std::move(reason));
}

Status Status::WithField(std::string field) && {
  if (rep_) rep_->field = std::move(field);
  return std::move(*this);
}
Status Status::WithField(std::string field) const& {
  return Status(*this).WithField(std::move(field));
}

Status Status::WithCause(Status cause) && {
  if (!rep_ || cause.ok()) return std::move(*this);
  int depth = 1;
  for (Status* at = &cause; !at->rep_->cause.ok(); at = &at->rep_->cause, ++depth) {
    if (depth == kCausesMax) {
      at->rep_->cause = Status();
      break;
    }
  }
  if (rep_->reason.empty()) rep_->reason = cause.reason();
  if (rep_->field.empty()) rep_->field = cause.field();
  rep_->cause = std::move(cause);
  return std::move(*this);
}
Status Status::WithCause(Status cause) const& { return Status(*this).WithCause(std::move(cause)); }

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
