#include "app/api/batches/batch_server.h"

#include <utility>

#include "app/api/batches/local_exchange.h"
#include "base/strings.h"

namespace pano::api::batches {
namespace {

using pano::batches::LineAnswer;
using pano::batches::LineRequest;

http::Request RequestOf(LineRequest& line) {
  http::Request request;
  request.method = "POST";
  request.target = line.path;
  request.path = line.path;
  request.headers = {{"Content-Type", "application/json"}};
  request.body = std::move(line.body);
  request.peer = "batch";
  request.id = line.id;
  return request;
}

int64_t RetryAfterOf(const http::Response& response) {
  for (const auto& [name, value] : response.headers) {
    if (ToLower(name) == "retry-after") return ParseInt(value).value_or(0);
  }
  return 0;
}

}  // namespace

void BatchServer::Start(Api& api, Clock& clock, BatchRunner::MakerCheck maker_check) {
  auto service = [&api, loop = loop_](LineRequest line, std::function<void(LineAnswer)> done) -> std::function<void()> {
    auto exchange = std::make_shared<LocalExchange>(
        RequestOf(line), loop, [done = std::move(done)](http::Response response) {
          const int64_t retry_after = RetryAfterOf(response);
          done({response.status, std::move(response.body), retry_after});
        });
    // It ends itself; here it is only looked at.
    std::weak_ptr<LocalExchange> weak = exchange;
    api.HandleFor(std::move(exchange), std::move(line.principal));
    return [weak] {
      if (const auto open = weak.lock()) open->Close();
    };
  };
  MutexLock lock(mu_);
  runner_ = std::make_unique<BatchRunner>(*store_, std::move(service), options_, clock, std::move(maker_check));
}

void BatchServer::Stop() {
  std::unique_ptr<BatchRunner> runner;
  {
    MutexLock lock(mu_);
    runner = std::move(runner_);
  }
  if (runner) runner->Stop();
}

void BatchServer::Wake() {
  MutexLock lock(mu_);
  if (runner_) runner_->Wake();
}

Status BatchServer::BeginUpload(const std::string& tenant) {
  MutexLock lock(mu_);
  const auto found = tenant_uploads_.find(tenant);
  if (!tenant.empty() && found != tenant_uploads_.end() && found->second >= kTenantUploadsMax) {
    return Status(StatusCode::kExhausted, StrCat("there are ", kTenantUploadsMax, " uploads of the tenant '",
                                                 Printable(tenant), "' already, as many as one may have at a time"))
        .WithReason("too_many_uploads");
  }
  if (uploads_ >= kUploadsMax) {
    return Status(StatusCode::kUnavailable, StrCat("there are ", kUploadsMax, " uploads already")).WithReason("overloaded");
  }
  ++uploads_;
  ++tenant_uploads_[tenant];
  return {};
}

void BatchServer::EndUpload(const std::string& tenant) {
  MutexLock lock(mu_);
  --uploads_;
  const auto found = tenant_uploads_.find(tenant);
  if (--found->second == 0) tenant_uploads_.erase(found);
}

int BatchServer::uploads() const {
  MutexLock lock(mu_);
  return uploads_;
}

}  // namespace pano::api::batches
