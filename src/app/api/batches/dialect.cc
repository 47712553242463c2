#include "app/api/batches/dialect.h"

#include <utility>
#include <vector>

#include "app/api/batches/batch_call.h"
#include "app/api/batches/batches.h"
#include "app/api/batches/bodies.h"
#include "app/api/batches/files.h"

namespace pano::api::batches {

Dialect MakeDialect(BatchServerPtr server) {
  const auto with = [&](BatchHandler handler) { return WithServer(server, handler); };
  std::vector<Route> routes = {
      {.method = "POST", .pattern = "/v1/files", .access = Access::kCaller, .handler = with(UploadFile),
       .operation_id = "uploadFile", .summary = "Keeps a file of requests for a batch (a form: purpose, file).",
       .request_schema = "FileUpload", .response_schema = "File", .input = Route::Input::kMultipart},
      {.method = "GET", .pattern = "/v1/files", .access = Access::kCaller, .handler = with(ListFiles),
       .operation_id = "listFiles", .summary = "The files of the caller's tenant.", .response_schema = "FileList"},
      {.method = "GET", .pattern = "/v1/files/{file_id}", .access = Access::kCaller, .handler = with(RetrieveFile),
       .operation_id = "retrieveFile", .summary = "One file of the caller's tenant.", .response_schema = "File"},
      {.method = "GET", .pattern = "/v1/files/{file_id}/content", .access = Access::kCaller, .handler = with(FileContent),
       .operation_id = "fileContent", .summary = "The bytes of such a file.", .content_type = "application/octet-stream"},
      {.method = "DELETE", .pattern = "/v1/files/{file_id}", .access = Access::kCaller, .handler = with(DeleteFile),
       .operation_id = "deleteFile", .summary = "Deletes such a file.", .response_schema = "FileDeleted"},
      {.method = "POST", .pattern = "/v1/batches", .access = Access::kCaller, .handler = with(CreateBatch),
       .operation_id = "createBatch", .summary = "Answers the requests of a file with what others leave.",
       .request_schema = "BatchRequest", .response_schema = "Batch"},
      {.method = "GET", .pattern = "/v1/batches", .access = Access::kCaller, .handler = with(ListBatches),
       .operation_id = "listBatches", .summary = "The batches of the caller's tenant.", .response_schema = "BatchList"},
      {.method = "GET", .pattern = "/v1/batches/{batch_id}", .access = Access::kCaller, .handler = with(RetrieveBatch),
       .operation_id = "retrieveBatch", .summary = "One batch of the caller's tenant.", .response_schema = "Batch"},
      {.method = "POST", .pattern = "/v1/batches/{batch_id}/cancel", .access = Access::kCaller, .handler = with(CancelBatch),
       .operation_id = "cancelBatch", .summary = "Ends such a batch; what was answered is kept.",
       .request_schema = "BatchCancelRequest", .response_schema = "Batch", .input = Route::Input::kNone},
  };
  return {.name = "batches", .routes = std::move(routes), .schemas = Schemas()};
}

}  // namespace pano::api::batches
