#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>

#include "app/http/connection_internal.h"
#include "app/http/descriptor_limit.h"
#include "app/http/loop_internal.h"
#include "base/errno_status.h"
#include "base/json.h"
#include "base/log.h"
#include "base/strings.h"

namespace pano::http {
namespace {

using boost::asio::ip::tcp;
using boost::system::error_code;

// Connections beyond the limit that are still being told so; more are closed without a word.
constexpr int64_t kRefusedConnectionsMax = 64;
// After accept failed (out of descriptors) the next try waits.
constexpr std::chrono::milliseconds kAcceptPause{100};

Response DefaultErrorBody(const Server::OwnError& what) {
  const int status = what.status;
  json::Value error;
  error.Set("message", what.message);
  error.Set("type", status < 500 ? "invalid_request_error" : "server_error");
  error.Set("param", nullptr);
  error.Set("code", nullptr);
  error.Set("request_id", what.request_id);
  json::Value body;
  body.Set("error", std::move(error));
  Response response{status, {{"Content-Type", "application/json"}}, json::Dump(body)};
  if (status == 503) response.headers.emplace_back("Retry-After", "1");
  return response;
}

Status CheckOptions(const ServerOptions& options, const Handler& handler) {
  if (!handler) return InvalidArgument("[http] there is no handler");
  if (options.threads < 1 || options.threads > 256) {
    return InvalidArgument(StrCat("[http] threads must be 1 to 256, not ", options.threads));
  }
  if (options.header_bytes_max == 0) {
    return InvalidArgument("[http] header_bytes_max must be above 0");
  }
  const TlsOptions& tls = options.tls;
  if (tls.certificate_file.empty() != tls.key_file.empty() ||
      (tls.certificate_file.empty() && !tls.client_ca_file.empty())) {
    return InvalidArgument("[tls] a certificate and its key are needed together");
  }
  const auto zero = std::chrono::milliseconds(0);
  if (options.header_timeout <= zero || options.body_timeout <= zero ||
      options.idle_timeout <= zero || options.write_timeout <= zero) {
    return InvalidArgument("[http] timeouts must be above 0");
  }
  return {};
}

class AsioServer final : public Server {
 public:
  AsioServer(ServerOptions options, Handler handler, ErrorBody error_body, Clock& clock,
             HeadCheck head_check, BodyRules body_rules)
      : context_(std::make_shared<ServerContext>()) {
    context_->options = std::move(options);
    context_->handler = std::move(handler);
    context_->head_check = std::move(head_check);
    context_->body_rules = std::move(body_rules);
    context_->error_body = error_body ? std::move(error_body) : DefaultErrorBody;
    context_->clock = &clock;
    for (int i = 0; i < context_->options.threads; ++i) loops_.push_back(std::make_shared<Loop>());
    acceptor_.emplace(loops_[0]->io());
    accept_timer_.emplace(loops_[0]->io());
  }

  ~AsioServer() override {
    for (size_t i = loops_.size(); i-- > 0;) {
      loops_[i]->Stop([this, i] {
        if (i == 0) StopListening();
        const auto open = loops_[i]->connections;
        for (const auto& connection : open) connection->Abort();
      });
    }
  }

  Status LoadCertificates();
  Status Listen();
  void Run();

  uint16_t port() const override { return port_; }
  ServerStats GetStats() const override {
    return {context_->connections.load(), context_->requests.load(), context_->refused.load()};
  }
  bool Drain(std::chrono::milliseconds timeout) override;

 private:
  Status Adopt(int descriptor);
  Status ListenAt(const tcp::endpoint& endpoint);
  void Accept();
  void OnAccepted(const error_code& error, tcp::socket socket);
  void StopListening();

  const std::shared_ptr<ServerContext> context_;
  std::vector<std::shared_ptr<Loop>> loops_;
  uint16_t port_ = 0;

  // Confined to the first loop once it runs.
  std::optional<tcp::acceptor> acceptor_;
  std::optional<boost::asio::steady_timer> accept_timer_;
  size_t next_loop_ = 0;
};

// The socket is the server's from now on, whether or not this is ok.
Status AsioServer::Adopt(int descriptor) {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  error_code error;
  if (::getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &length) != 0) {
    return ErrnoStatus(errno).Wrap(StrCat("[http] descriptor ", descriptor));
  }
  acceptor_->assign(address.ss_family == AF_INET6 ? tcp::v6() : tcp::v4(), descriptor, error);
  if (!error) port_ = acceptor_->local_endpoint(error).port();
  if (!error) return {};
  return InvalidArgument(StrCat("[http] descriptor ", descriptor, ": ", error.message()));
}

Status AsioServer::LoadCertificates() {
  if (!context_->options.tls.enabled()) return {};
  auto certificates = TlsCertificates::Start(context_->options.tls);
  if (!certificates.ok()) return certificates.error().WithReason("tls_files");
  context_->certificates = std::move(certificates).value();
  return {};
}

Status AsioServer::Listen() {
  if (context_->options.listen_descriptor >= 0) return Adopt(context_->options.listen_descriptor);
  std::string host = context_->options.host;
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  // A bare machine may have no /etc/hosts; the name means one thing anyway (RFC 6761, 6.3).
  if (host == "localhost") host = "127.0.0.1";
  tcp::resolver resolver(loops_[0]->io());
  error_code error;
  const auto found =
      resolver.resolve(host, std::to_string(context_->options.port),
                       tcp::resolver::passive | tcp::resolver::numeric_service, error);
  if (error || found.empty()) {
    return InvalidArgument(StrCat("[http] cannot listen at '", Printable(host),
                                  "': ", error ? error.message() : "no such address"));
  }
  Status status;
  for (const auto& entry : found) {
    status = ListenAt(entry.endpoint());
    if (status.ok()) break;
  }
  return status;
}

Status AsioServer::ListenAt(const tcp::endpoint& endpoint) {
  tcp::acceptor& acceptor = *acceptor_;
  error_code error;
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error && endpoint.address().is_v6()) {
    // "::" serves both families; the other IPv6 addresses do not care.
    acceptor.set_option(boost::asio::ip::v6_only(false), error);
  }
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(boost::asio::socket_base::max_listen_connections, error);
  if (!error) port_ = acceptor.local_endpoint(error).port();
  if (!error) return {};
  error_code ignored;
  acceptor.close(ignored);
  const std::string address = endpoint.address().to_string(ignored);
  return Status(StatusCode::kUnavailable, StrCat("[http] cannot listen at ", address, ':',
                                                 endpoint.port(), ": ", error.message()));
}

void AsioServer::Run() {
  loops_[0]->Post([this] { Accept(); });
  for (size_t i = 0; i < loops_.size(); ++i) loops_[i]->Start(static_cast<int>(i));
}

void AsioServer::Accept() {
  const auto& loop = loops_[next_loop_];
  acceptor_->async_accept(loop->io(), [this](const error_code& error, tcp::socket socket) {
    OnAccepted(error, std::move(socket));
  });
}

void AsioServer::OnAccepted(const error_code& error, tcp::socket socket) {
  if (!acceptor_->is_open()) return;
  if (error) {
    LogWarning("[http] accept: ", error.message());
    accept_timer_->expires_after(kAcceptPause);
    accept_timer_->async_wait([this](const error_code& stopped) {
      if (!stopped && acceptor_->is_open()) Accept();
    });
    return;
  }
  const auto& loop = loops_[next_loop_];
  next_loop_ = (next_loop_ + 1) % loops_.size();
  const int64_t open = context_->connections.load();
  const auto connections_max = static_cast<int64_t>(context_->options.connections_max);
  if (open < connections_max + kRefusedConnectionsMax) {
    const bool fits = open < connections_max;
    auto connection = std::make_shared<Connection>(context_, loop, std::move(socket));
    loop->Post([connection = std::move(connection), fits] {
      connection->Guarded([&] { fits ? connection->Start() : connection->StartRefused(); });
    });
  } else {
    ++context_->refused;
  }
  Accept();
}

void AsioServer::StopListening() {
  error_code ignored;
  acceptor_->close(ignored);
  accept_timer_->cancel();
}

bool AsioServer::Drain(std::chrono::milliseconds timeout) {
  const TimePoint until = context_->clock->Now() + timeout;
  context_->draining = true;
  loops_[0]->Post([this] { StopListening(); });
  for (const auto& loop : loops_) {
    loop->Post([loop] {
      const auto open = loop->connections;
      for (const auto& connection : open) connection->CloseIfIdle();
    });
  }
  MutexLock lock(context_->mu);
  while (context_->busy > 0) {
    if (!context_->clock->WaitUntil(context_->changed, context_->mu, until)) {
      return context_->busy == 0;
    }
  }
  return true;
}

}  // namespace

Result<std::unique_ptr<Server>> Server::Start(ServerOptions options, Handler handler,
                                              ErrorBody error_body, Clock& clock,
                                              HeadCheck head_check) {
  return StartServer(std::move(options), std::move(handler), std::move(error_body), clock,
                     std::move(head_check), {});
}

Result<std::unique_ptr<Server>> StartServer(ServerOptions options, Handler handler,
                                            Server::ErrorBody error_body, Clock& clock,
                                            Server::HeadCheck head_check, BodyRules body_rules) {
  PANO_RETURN_IF_ERROR(CheckOptions(options, handler));
  PANO_ASSIGN_OR_RETURN(options.connections_max, FitConnections(options.connections_max));
  auto server =
      std::make_unique<AsioServer>(std::move(options), std::move(handler), std::move(error_body),
                                   clock, std::move(head_check), std::move(body_rules));
  PANO_RETURN_IF_ERROR(server->LoadCertificates());
  PANO_RETURN_IF_ERROR(server->Listen());
  server->Run();
  return std::unique_ptr<Server>(std::move(server));
}

}  // namespace pano::http
