#include "app/grpc/server.h"

#include <grpc/support/log.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <thread>
#include <utility>

#include "app/grpc/rpc_internal.h"
#include "base/log.h"
#include "base/strings.h"

namespace pano::grpc {
namespace {

using std::chrono::milliseconds;

class Calls final : public ::grpc::CallbackGenericService {
 public:
  explicit Calls(std::shared_ptr<ServerState> state) : state_(std::move(state)) {}
  ::grpc::ServerGenericBidiReactor* CreateReactor(::grpc::GenericCallbackServerContext* context) override {
    return new Rpc(state_, context);  // it deletes itself
  }

 private:
  const std::shared_ptr<ServerState> state_;
};

std::shared_ptr<::grpc::ServerCredentials> Credentials(const http::TlsOptions& tls) {
  if (!tls.enabled()) return ::grpc::InsecureServerCredentials();
  using namespace ::grpc::experimental;  // NOLINT: where libgrpc++ keeps certificates that are read again
  constexpr unsigned int kLookSeconds = 1;
  auto files = std::make_shared<FileWatcherCertificateProvider>(tls.key_file, tls.certificate_file,
                                                                tls.client_ca_file, kLookSeconds);
  TlsServerCredentialsOptions options(files);
  options.watch_identity_key_cert_pairs();
  if (!tls.client_ca_file.empty()) {
    options.watch_root_certs();
    options.set_cert_request_type(GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_AND_VERIFY);
  }
  return TlsServerCredentials(options);
}

class RealServer final : public Server {
 public:
  RealServer(ServerOptions options, Service service)
      : state_(std::make_shared<ServerState>(std::move(options), std::move(service))), calls_(state_) {}

  ~RealServer() override {
    if (server_) Drain(milliseconds(0));
    server_.reset();
    state_->loop->Stop();
  }

  Status Listen() {
    gpr_set_log_function([](gpr_log_func_args* said) { LogWarning("[grpc] ", said->message); });
    const ServerOptions& options = state_->options;
    const bool v6 = options.host.find(':') != std::string::npos;
    const std::string address = StrCat(v6 ? "[" : "", options.host, v6 ? "]" : "", ":", options.port);
    ::grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort(address, Credentials(options.tls), &port);
    builder.RegisterCallbackGenericService(&calls_);
    builder.SetMaxReceiveMessageSize(static_cast<int>(options.message_bytes_max));
    builder.SetMaxSendMessageSize(-1);  // answers have limits of their own
    // What is compressed is small until it is read: its size would not be bounded beforehand.
    builder.SetCompressionAlgorithmSupportStatus(GRPC_COMPRESS_GZIP, false);
    builder.SetCompressionAlgorithmSupportStatus(GRPC_COMPRESS_DEFLATE, false);
    ::grpc::ResourceQuota quota("pano");
    constexpr size_t kRoom = 64 << 20;  // for connections: where it is short, gRPC stops reading
    quota.Resize(2 * options.message_bytes_total_max + kRoom);  // on their way in and out
    builder.SetResourceQuota(quota);
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);  // an address in use is one
    builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, options.calls_per_connection);
    builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, static_cast<int>(options.metadata_bytes_max));
    // Peers that are gone without a word are noticed; those that ask often whether we are there may.
    constexpr int kAliveMs = 60'000, kAnswerMs = 20'000, kPingMs = 10'000;
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kAliveMs);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kAnswerMs);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
    builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, kPingMs);
    server_ = builder.BuildAndStart();
    if (!server_ || port == 0) {
      return Status(StatusCode::kUnavailable, StrCat("gRPC cannot listen on ", address, ": it is in use, or not this machine's"));
    }
    port_ = static_cast<uint16_t>(port);
    return {};
  }

  uint16_t port() const override { return port_; }
  int open_calls() const override { return state_->open_calls; }

  bool Drain(milliseconds timeout) override {
    const auto until = std::chrono::system_clock::now() + timeout;
    server_->Shutdown(until);
    const bool all = std::chrono::system_clock::now() <= until;
    // The loop still has the ends of calls to see to.
    while (state_->open_calls > 0) std::this_thread::sleep_for(milliseconds(1));
    return all;
  }

 private:
  const std::shared_ptr<ServerState> state_;
  Calls calls_;
  std::unique_ptr<::grpc::Server> server_;
  uint16_t port_ = 0;
};

}  // namespace

bool Server::IsAvailable() { return true; }

Result<std::unique_ptr<Server>> Server::Start(ServerOptions options, Service service) {
  auto server = std::make_unique<RealServer>(std::move(options), std::move(service));
  PANO_RETURN_IF_ERROR(server->Listen());
  return std::unique_ptr<Server>(std::move(server));
}

}  // namespace pano::grpc
