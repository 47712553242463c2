#pragma once

#include <map>
#include <memory>
#include <string>

#include "app/api/api.h"
#include "app/api/batches/task_loop.h"
#include "app/batches/batch_runner.h"
#include "app/batches/batch_store.h"
#include "base/clock.h"
#include "base/mutex.h"

namespace pano::api::batches {

using pano::batches::BatchRecord;
using pano::batches::BatchRunner;
using pano::batches::BatchStore;
using pano::batches::FileRecord;
using pano::batches::IncomingFile;

// What the routes of files and batches work with. Thread-safe.
class BatchServer {
 public:
  static constexpr size_t kUploadBytesMax = 512 << 20;  // as OpenAI has it
  static constexpr int kUploadsMax = 16;                // at a time
  static constexpr int kTenantUploadsMax = 4;           // of one tenant: none keeps the others out

  BatchServer(std::unique_ptr<BatchStore> store, BatchRunner::Options options, size_t upload_bytes_max = kUploadBytesMax)
      : store_(std::move(store)), options_(options), upload_bytes_max_(upload_bytes_max) {}
  ~BatchServer() {
    Stop();
    loop_->Stop();
  }

  BatchStore& store() { return *store_; }
  // Of a form with a file.
  size_t upload_bytes_max() const { return upload_bytes_max_; }
  // An upload begins, which EndUpload ends. Exhausted, "too_many_uploads", when the tenant has as many as one may;
  // Unavailable when there are too many of all. `tenant` "": not known.
  Status BeginUpload(const std::string& tenant);
  void EndUpload(const std::string& tenant);
  int uploads() const;
  // Where the disk may be waited for.
  TaskLoop& loop() { return *loop_; }

  // Begins to run batches as requests to `api`, for whom `maker_check` lets them. It and `clock` outlive Stop. Once.
  void Start(Api& api, Clock& clock = Clock::Real(), BatchRunner::MakerCheck maker_check = {});
  // No batch is run any more.
  void Stop();
  // A batch was added or cancelled.
  void Wake();

 private:
  const std::unique_ptr<BatchStore> store_;
  const BatchRunner::Options options_;
  const size_t upload_bytes_max_;
  const std::shared_ptr<TaskLoop> loop_ = std::make_shared<TaskLoop>();
  mutable Mutex mu_;
  int uploads_ PANO_GUARDED_BY(mu_) = 0;
  std::map<std::string, int> tenant_uploads_ PANO_GUARDED_BY(mu_);
  std::unique_ptr<BatchRunner> runner_ PANO_GUARDED_BY(mu_);  // null before Start and after Stop
};

using BatchServerPtr = std::shared_ptr<BatchServer>;

}  // namespace pano::api::batches
