// Calls over TLS: the certificate, one that replaces it, and those of clients.
#include <gtest/gtest.h>

#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>

#include <mutex>
#include <thread>

#include "app/grpc/server.h"
#include "app/http/testing/both_transports.h"
#include "app/http/testing/tls_identity.h"
#include "base/strings.h"

namespace pano::grpc {
namespace {

using http::testing::TlsFolder;
using http::testing::TlsIdentity;

constexpr char kEcho[] = "/test.Service/Echo";

// A server that echoes over TLS. The handler is its loop's, the rest the test's thread.
class GrpcTls : public ::testing::Test {
 protected:
  void StartServer(http::TlsOptions tls) {
    ServerOptions options;
    options.port = 0;
    options.tls = std::move(tls);
    Service service;
    service.methods = {{kEcho}};
    service.handle = [this](std::shared_ptr<http::Exchange> exchange) {
      std::lock_guard lock(mu_);
      seen_ = exchange->request();
      exchange->Respond({200, {}, exchange->TakeBody()});
    };
    auto started = Server::Start(options, std::move(service));
    ASSERT_TRUE(started.ok()) << started.error().message();
    server_ = std::move(started).value();
  }

  // Whether a client that trusts `authority` and shows `own` (null: nothing) is answered.
  bool Call(const TlsIdentity& authority, const TlsIdentity* own = nullptr) {
    ::grpc::SslCredentialsOptions tls;
    tls.pem_root_certs = authority.CertificatePem();
    if (own) {
      tls.pem_cert_chain = own->CertificatePem();
      tls.pem_private_key = own->KeyPem();
    }
    ::grpc::ChannelArguments arguments;
    arguments.SetSslTargetNameOverride("localhost");          // the certificate's name; nothing is looked up
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);  // a connection of its own
    ::grpc::GenericStub stub(
        ::grpc::CreateCustomChannel(StrCat("127.0.0.1:", server_->port()), ::grpc::SslCredentials(tls), arguments));
    ::grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
    ::grpc::CompletionQueue queue;
    const ::grpc::Slice slice("hello");
    const ::grpc::ByteBuffer message(&slice, 1);
    auto call = stub.PrepareUnaryCall(&context, kEcho, message, &queue);
    call->StartCall();
    ::grpc::ByteBuffer answer;
    ::grpc::Status status;
    call->Finish(&answer, &status, this);
    void* tag = nullptr;
    bool ok = false;
    queue.Next(&tag, &ok);
    return status.ok();
  }

  std::mutex mu_;
  http::Request seen_;
  std::unique_ptr<Server> server_;
  const TlsIdentity identity_{"server"};
  TlsFolder folder_{identity_};
};

TEST_F(GrpcTls, IsSpokenWithTheServersCertificate) {
  StartServer(folder_.options());
  EXPECT_TRUE(Call(identity_));
  std::lock_guard lock(mu_);
  EXPECT_TRUE(seen_.secure);
  EXPECT_EQ(seen_.client_certificate_sha256, "");
}

TEST_F(GrpcTls, ANewCertificateIsTakenWhileItRuns) {
  StartServer(folder_.options());
  const TlsIdentity next("next");
  folder_.Write("key.pem", next.KeyPem());
  folder_.Write("cert.pem", next.CertificatePem());
  bool taken = false;
  for (int i = 0; i < 50 && !taken; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    taken = Call(next);
  }
  EXPECT_TRUE(taken);
}

TEST_F(GrpcTls, ClientCertificatesAreOptionalAndTold) {
  const TlsIdentity authority("authority"), known("known", &authority), stranger("stranger");
  folder_.Write("ca.pem", authority.CertificatePem());
  http::TlsOptions tls = folder_.options();
  tls.client_ca_file = folder_.Path("ca.pem");
  StartServer(tls);
  EXPECT_TRUE(Call(identity_));
  EXPECT_TRUE(Call(identity_, &known));
  {
    std::lock_guard lock(mu_);
    EXPECT_EQ(seen_.client_certificate_sha256.size(), 43u);  // 32 bytes in base64url
  }
  EXPECT_FALSE(Call(identity_, &stranger));
}

}  // namespace
}  // namespace pano::grpc
