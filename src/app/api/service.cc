#include "app/api/service.h"

#include <utility>

#include "app/api/guard.h"
#include "app/auth/authenticator.h"
#include "base/clock.h"

namespace pano::api {

Result<std::unique_ptr<Service>> Service::Start(ServiceOptions options) {
  PANO_ASSIGN_OR_RETURN(std::unique_ptr<auth::Authenticator> authenticator,
                        auth::MakeApiKeyAuthenticator(std::move(options.api_keys)));
  std::unique_ptr<Service> service(new Service(options.threads));
  for (const ModelSource& source : options.models) {
    PANO_ASSIGN_OR_RETURN(std::vector<ModelVersionPtr> versions,
                          LoadModelVersions(source, options.load, service->pool_, {}));
    for (ModelVersionPtr& version : versions) {
      PANO_RETURN_IF_ERROR(service->models_.Add(std::move(version)));
    }
  }
  options.api.loopback = IsLoopbackHost(options.http.host);
  PANO_ASSIGN_OR_RETURN(service->api_, Api::Create(options.api, service->models_,
                                                   std::move(authenticator)));
  Api* api = service->api_.get();
  PANO_ASSIGN_OR_RETURN(
      service->server_,
      http::Server::Start(
          std::move(options.http),
          [api](std::shared_ptr<http::Exchange> exchange) { api->Handle(std::move(exchange)); },
          HttpErrorBody));
  return service;
}

Service::~Service() = default;

bool Service::Drain(std::chrono::milliseconds timeout) {
  TimePoint until = Clock::Real().Now() + timeout;
  api_->BeginDrain();
  // The listener stays open for now: /readyz has to say that this server is going away.
  bool all = true;
  for (const ModelVersionPtr& version : models_.List()) {
    Duration left = std::max<Duration>(until - Clock::Real().Now(), Duration::zero());
    all = version->engine->Drain(left) && all;
  }
  // The engines are done; what they said is still on its way to the sockets.
  constexpr std::chrono::milliseconds kFlush{2'000};
  all = api_->WaitUntilIdle(kFlush) && all;
  return server_->Drain(kFlush) && all;
}

}  // namespace pano::api
