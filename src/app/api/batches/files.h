#pragma once

#include "app/api/batches/batch_server.h"
#include "app/api/context.h"

namespace pano::api::batches {

// POST /v1/files: a form with `purpose`, "batch", and `file`.
void UploadFile(Context& context, BatchServer& server, const CallPtr& call);
// GET /v1/files.
void ListFiles(Context& context, BatchServer& server, const CallPtr& call);
// GET /v1/files/{file_id}.
void RetrieveFile(Context& context, BatchServer& server, const CallPtr& call);
// GET /v1/files/{file_id}/content: its bytes.
void FileContent(Context& context, BatchServer& server, const CallPtr& call);
// DELETE /v1/files/{file_id}.
void DeleteFile(Context& context, BatchServer& server, const CallPtr& call);

}  // namespace pano::api::batches
