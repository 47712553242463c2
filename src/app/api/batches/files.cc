#include "app/api/batches/files.h"

#include <string>
#include <utility>

#include "app/api/batches/batch_call.h"
#include "app/api/batches/file_stream.h"
#include "app/api/batches/multipart.h"
#include "base/strings.h"
#include "base/utf8.h"

namespace pano::api::batches {
namespace {

using json::Value;

constexpr int64_t kListed = 10'000;
constexpr size_t kNameBytesMax = 256;

Value FileJson(const FileRecord& file) {
  Value body;
  body.Set("id", file.id);
  body.Set("object", "file");
  body.Set("bytes", file.bytes);
  body.Set("created_at", file.created);
  body.Set("filename", file.name);
  body.Set("purpose", file.purpose);
  body.Set("status", "processed");
  body.Set("status_details", nullptr);
  body.Set("expires_at", nullptr);
  return body;
}

// What the form says.
struct Upload {
  std::string purpose;
  std::string name;
  std::string_view content;
  bool has_file = false;
};

Status ReadUpload(std::string_view content_type, std::string_view body, Upload& upload) {
  PANO_ASSIGN_OR_RETURN(const std::vector<FormPart> parts, ParseMultipart(content_type, body));
  for (const FormPart& part : parts) {
    if (part.name == "purpose") {
      upload.purpose = std::string(part.content.substr(0, 64));
    } else if (part.name == "file") {
      if (upload.has_file) return BadField("file", "'file' stands twice");
      upload.has_file = true;
      upload.name = part.filename.empty() ? "upload" : Utf8Sanitize(part.filename);
      upload.content = part.content;
    } else {
      return BadField(Printable(part.name), StrCat("'", Printable(part.name), "' is not supported here"));
    }
  }
  if (!upload.has_file) return BadField("file", "'file' is missing");
  if (upload.purpose.empty()) return BadField("purpose", "'purpose' is missing");
  if (upload.purpose != "batch") {
    return BadField("purpose", StrCat("'purpose' must be \"batch\", not ", Printable(upload.purpose)));
  }
  if (upload.name.size() > kNameBytesMax) return BadField("file", "the file's name is too long");
  return {};
}

}  // namespace

void UploadFile(Context& context, BatchServer& server, const CallPtr& call) {
  const std::string body = call->exchange().TakeBody();
  Upload upload;
  if (Status read = ReadUpload(call->request().Header("Content-Type"), body, upload); !read.ok()) return call->Fail(read);
  const Result<FileRecord> file = server.store().AddFile(call->principal.tenant, upload.name, upload.purpose, upload.content,
                                                         context.clock.UnixSeconds());
  if (!file.ok()) return call->Fail(ForCaller(file.error()));
  call->RespondJson(FileJson(*file));
}

void ListFiles(Context&, BatchServer& server, const CallPtr& call) {
  const Result<BatchStore::Page> page = ReadPage(call->request(), kListed, kListed);
  if (!page.ok()) return call->Fail(page.error());
  const auto list = server.store().ListFiles(call->principal.tenant, *page);
  if (!list.ok()) return call->Fail(ForCaller(list.error()));
  json::Array data;
  for (const FileRecord& file : list->records) data.push_back(FileJson(file));
  call->RespondJson(ListJson(std::move(data), list->has_more));
}

void RetrieveFile(Context&, BatchServer& server, const CallPtr& call) {
  const Result<FileRecord> file = server.store().FindFile(call->principal.tenant, call->PathParam("file_id"));
  if (!file.ok()) return call->Fail(ForCaller(file.error()));
  call->RespondJson(FileJson(*file));
}

void FileContent(Context& context, BatchServer& server, const CallPtr& call) {
  const Result<FileRecord> file = server.store().FindFile(call->principal.tenant, call->PathParam("file_id"));
  if (!file.ok()) return call->Fail(ForCaller(file.error()));
  if (Status started = FileStream::Start(context, call, server.store().PathOf(file->id)); !started.ok()) {
    call->Fail(started);
  }
}

void DeleteFile(Context&, BatchServer& server, const CallPtr& call) {
  const std::string id(call->PathParam("file_id"));
  if (Status removed = server.store().RemoveFile(call->principal.tenant, id); !removed.ok()) return call->Fail(ForCaller(removed));
  Value body;
  body.Set("id", id);
  body.Set("object", "file");
  body.Set("deleted", true);
  call->RespondJson(body);
}

}  // namespace pano::api::batches
