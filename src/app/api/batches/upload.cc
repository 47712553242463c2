#include "app/api/batches/upload.h"

#include <algorithm>
#include <utility>

#include "app/api/failure.h"
#include "base/strings.h"
#include "base/utf8.h"

namespace pano::api::batches {
namespace {

constexpr size_t kNameBytesMax = 256;
constexpr size_t kPurposeBytesMax = 64;  // that are looked at

}  // namespace

Upload::Upload(BatchServer& server, std::string_view content_type, TenantOf tenant_of)
    : server_(server), tenant_of_(std::move(tenant_of)) {
  Result<MultipartReader> reader = MultipartReader::Create(content_type);
  if (reader.ok()) {
    reader_ = *std::move(reader);
  } else {
    status_ = reader.error();
  }
}

Upload::~Upload() {
  if (counted_) server_.EndUpload(tenant_);
}

// Not before a byte has come: heads alone, whose callers may not be known yet, keep nobody else out.
void Upload::CountIn() {
  if (counted_) return;
  status_ = server_.BeginUpload(tenant_);
  counted_ = status_.ok();
}

void Upload::AskTenant() {
  if (const TenantOf ask = std::exchange(tenant_of_, nullptr)) tenant_ = ask();
}

void Upload::Take(std::string piece, Taken taken) {
  AskTenant();
  server_.loop().Post([self = shared_from_this(), piece = std::move(piece), taken = std::move(taken)] {
    self->Add(piece);
    taken(self->status_.ok());
  });
}

void Upload::Add(std::string_view piece) {
  AskTenant();
  if (status_.ok()) CountIn();
  if (status_.ok()) status_ = reader_->Feed(piece, *this);
}

Status Upload::CheckPurpose() const {
  if (purpose_.empty()) return BadField("purpose", "'purpose' is missing");
  if (purpose_ == "batch") return {};
  return BadField("purpose", StrCat("'purpose' must be \"batch\", not ", Printable(purpose_)));
}

Status Upload::OnPart(FormPart part) {
  // Known before the file, what is wrong with it costs no file.
  if (part_ == Part::kPurpose) PANO_RETURN_IF_ERROR(CheckPurpose());
  part_ = Part::kNone;
  if (part.name == "purpose") {
    part_ = Part::kPurpose;
    purpose_.clear();
    return {};
  }
  if (part.name != "file") {
    return BadField(Printable(part.name), StrCat("'", Printable(part.name), "' is not supported here"));
  }
  if (file_) return BadField("file", "'file' stands twice");
  name_ = part.filename.empty() ? "upload" : Utf8Sanitize(part.filename);
  if (name_.size() > kNameBytesMax) return BadField("file", "the file's name is too long");
  file_ = server_.store().NewFile();
  part_ = Part::kFile;
  return {};
}

Status Upload::OnContent(std::string_view piece) {
  if (part_ == Part::kFile) return file_->Write(piece);
  purpose_ += piece.substr(0, kPurposeBytesMax - std::min(kPurposeBytesMax, purpose_.size()));
  return {};
}

Result<FileRecord> Upload::Keep(std::string_view tenant, int64_t now) {
  PANO_RETURN_IF_ERROR(status_);
  PANO_RETURN_IF_ERROR(reader_->Finish());
  if (!file_) return BadField("file", "'file' is missing");
  PANO_RETURN_IF_ERROR(CheckPurpose());
  return server_.store().AddFile(tenant, name_, purpose_, std::move(file_), now);
}

std::optional<http::BodyRule> BodyRuleOf(BatchServer& server, const http::Request& head,
                                         std::function<std::string(const http::Request& head)> tenant_of) {
  if (head.method != "POST" || head.path != "/v1/files") return std::nullopt;
  auto ask = [head, tenant_of = std::move(tenant_of)] { return tenant_of(head); };
  return http::BodyRule{server.upload_bytes_max(),
                        std::make_shared<Upload>(server, head.Header("Content-Type"), std::move(ask))};
}

}  // namespace pano::api::batches
