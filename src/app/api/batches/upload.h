#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "app/api/batches/batch_server.h"
#include "app/api/batches/multipart.h"
#include "app/http/body_sink.h"

namespace pano::api::batches {

// A form with a file as it comes: the file goes to the store's folder piece by piece, so that an upload holds no more
// memory than a piece. What is wrong ends it at once, and Keep says so. Take may be called from any thread; the rest is
// confined to one thread, after what was given to Take was taken.
class Upload final : public http::BodySink, private FormSink, public std::enable_shared_from_this<Upload> {
 public:
  // Whose it is, asked once, when the first piece is there: who sends it is known by then.
  using TenantOf = std::function<std::string()>;
  // `server` outlives it.
  Upload(BatchServer& server, std::string_view content_type, TenantOf tenant_of);
  ~Upload() override;

  // On the server's own thread, where the disk may be waited for; the tenant is asked for on the caller's.
  void Take(std::string piece, Taken taken) override;
  // The same here and now.
  void Add(std::string_view piece);
  // The body is over: the file as it is on record now.
  Result<FileRecord> Keep(std::string_view tenant, int64_t now);

 private:
  void AskTenant();
  void CountIn();
  enum class Part : uint8_t { kNone, kPurpose, kFile };
  Status OnPart(FormPart part) override;
  Status OnContent(std::string_view piece) override;
  Status CheckPurpose() const;

  BatchServer& server_;
  TenantOf tenant_of_;  // null: it was asked
  std::string tenant_;
  std::optional<MultipartReader> reader_;
  Status status_;
  bool counted_ = false;  // among the server's uploads
  Part part_ = Part::kNone;
  bool has_purpose_ = false;
  std::string purpose_;
  std::string name_;
  std::unique_ptr<IncomingFile> file_;  // null: none has come
};

// The http::BodyRules of uploads: files are larger than what other routes take, and are not held in memory.
// `tenant_of` says whose a request is that the head check has let pass; "": that is not known without waiting.
std::optional<http::BodyRule> BodyRuleOf(BatchServer& server, const http::Request& head,
                                         std::function<std::string(const http::Request& head)> tenant_of);

}  // namespace pano::api::batches
