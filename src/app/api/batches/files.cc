#include "app/api/batches/files.h"

#include <memory>
#include <string>
#include <utility>

#include "app/api/batches/batch_call.h"
#include "app/api/batches/file_stream.h"
#include "app/api/batches/upload.h"

namespace pano::api::batches {
namespace {

using json::Value;

constexpr int64_t kListed = 10'000;

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

}  // namespace

void UploadFile(Context& context, BatchServer& server, const CallPtr& call) {
  // A small form is there whole.
  auto upload = std::dynamic_pointer_cast<Upload>(http::BodySinkOf(call->exchange()));
  if (!upload) {
    upload = std::make_shared<Upload>(server, call->request().Header("Content-Type"),
                                      [&call] { return call->principal.tenant; });
    upload->Add(call->exchange().TakeBody());
  }
  // The disk may take seconds to have all of a large file: not on a thread that reads others' requests.
  server.loop().Post([call, upload = std::move(upload), now = context.clock.UnixSeconds()] {
    Result<FileRecord> file = upload->Keep(call->principal.tenant, now);
    call->exchange().Post([call, file = std::move(file)] {
      if (!file.ok()) return call->Fail(ForCaller(file.error()));
      call->RespondJson(FileJson(*file));
    });
  });
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
