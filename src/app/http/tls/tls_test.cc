// TLS in process: what is spoken, whose certificate is shown, what clients that do it wrong are told.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <thread>

#include "app/http/http.h"
#include "app/http/testing/both_transports.h"
#include "app/http/testing/raw_client.h"
#include "app/http/testing/tls_identity.h"
#include "app/http/testing/tls_transport.h"
#include "app/http/tls/tls_certificates.h"
#include "app/http/tls/tls_context.h"
#include "app/http/tls/tls_session.h"
#include "base/random.h"
#include "base/strings.h"

namespace pano::http {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using testing::RawClient;
using testing::TlsClientContext;
using testing::TlsFolder;
using testing::TlsIdentity;
using testing::TlsTransport;

constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

class TlsTest : public ::testing::Test {
 protected:
  TlsTest() { std::signal(SIGPIPE, SIG_IGN); }
  ~TlsTest() override { RawClient::make_transport = nullptr; }

  // Answers with what the request says of its connection.
  void Start(ServerOptions options) {
    options.port = 0;
    auto server = Server::Start(std::move(options), [](const std::shared_ptr<Exchange>& exchange) {
      const Request& request = exchange->request();
      exchange->Respond(
          {200, {}, StrCat(request.secure ? "secure " : "plain ", request.client_certificate_sha256)});
    });
    ASSERT_TRUE(server.ok()) << server.status().message();
    server_ = std::move(server).value();
  }
  void Start() {
    ServerOptions options;
    options.tls = folder_.options();
    Start(std::move(options));
  }

  // A client whose transport is `*transport`, too.
  std::unique_ptr<RawClient> Connect(const TlsClientContext& context, TlsTransport** transport,
                                     SSL_SESSION* session = nullptr,
                                     std::string_view protocols = {}) {
    RawClient::make_transport = [&, transport, session, protocols](int socket) {
      auto made = std::make_unique<TlsTransport>(context, socket, session, protocols);
      *transport = made.get();
      return made;
    };
    auto client = std::make_unique<RawClient>(server_->port());
    RawClient::make_transport = nullptr;
    return client;
  }

  // The subject of the certificate that the server shows.
  std::string Shown() {
    TlsTransport* transport = nullptr;
    const auto client = Connect(client_, &transport);
    X509* certificate = SSL_get0_peer_certificate(transport->ssl());
    if (!certificate) return "none";
    char name[100] = {};
    X509_NAME_oneline(X509_get_subject_name(certificate), name, sizeof name - 1);
    return name;
  }

  const TlsIdentity identity_{"one"};
  TlsFolder folder_{identity_};
  const TlsClientContext client_;
  std::unique_ptr<Server> server_;
};

TEST_F(TlsTest, SpeaksTheVersionsThatAreSafe) {
  Start();
  for (auto [version, fine] : {std::pair(TLS1_1_VERSION, false), std::pair(TLS1_2_VERSION, true),
                               std::pair(TLS1_3_VERSION, true)}) {
    TlsClientContext context;
    SSL_CTX_set_security_level(context.get(), 0);
    SSL_CTX_set_min_proto_version(context.get(), version);
    SSL_CTX_set_max_proto_version(context.get(), version);
    TlsTransport* transport = nullptr;
    const auto client = Connect(context, &transport);
    ASSERT_EQ(transport->connected(), fine) << version;
    if (!fine) continue;
    client->Send(kGet);
    EXPECT_EQ(client->Receive().body, "secure ");
    EXPECT_EQ(SSL_version(transport->ssl()), version);
  }
  // Without forward secrecy there is no cipher in common.
  TlsClientContext old;
  SSL_CTX_set_max_proto_version(old.get(), TLS1_2_VERSION);
  SSL_CTX_set_cipher_list(old.get(), "AES128-SHA:AES256-SHA:ECDHE-ECDSA-AES128-SHA");
  TlsTransport* transport = nullptr;
  const auto client = Connect(old, &transport);
  EXPECT_FALSE(transport->connected());
}

TEST_F(TlsTest, ChoosesHttp11AndRefusesWhatItDoesNotSpeak) {
  Start();
  TlsTransport* transport = nullptr;
  const auto both = Connect(client_, &transport, nullptr, "\x02h2\x08http/1.1");
  ASSERT_TRUE(transport->connected());
  const unsigned char* chosen = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(transport->ssl(), &chosen, &size);
  EXPECT_EQ(std::string_view(reinterpret_cast<const char*>(chosen), size), "http/1.1");
  const auto h2 = Connect(client_, &transport, nullptr, std::string_view("\x02h2"));
  EXPECT_FALSE(transport->connected());
}

TEST_F(TlsTest, SessionsResume) {
  Start();
  for (int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    TlsClientContext context;
    SSL_CTX_set_max_proto_version(context.get(), version);
    TlsTransport* transport = nullptr;
    auto first = Connect(context, &transport);
    first->Send(kGet);
    EXPECT_EQ(first->Receive().status, 200);  // a ticket of TLS 1.3 comes beside it
    EXPECT_EQ(SSL_session_reused(transport->ssl()), 0);
    SSL_SESSION* session = SSL_get1_session(transport->ssl());
    auto second = Connect(context, &transport, session);
    second->Send(kGet);
    EXPECT_EQ(second->Receive().status, 200);
    EXPECT_EQ(SSL_session_reused(transport->ssl()), 1) << version;
    SSL_SESSION_free(session);
  }
}

TEST_F(TlsTest, ClientCertificatesAreOptionalAndChecked) {
  const TlsIdentity authority("authority");
  const TlsIdentity known("known", &authority);
  const TlsIdentity stranger("stranger");
  const TlsIdentity expired("late", &authority, /*days=*/-1);
  folder_.Write("ca.pem", authority.CertificatePem());
  ServerOptions options;
  options.tls = folder_.options();
  options.tls.client_ca_file = folder_.Path("ca.pem");
  Start(options);
  TlsTransport* transport = nullptr;
  const auto none = Connect(client_, &transport);
  none->Send(kGet);
  EXPECT_EQ(none->Receive().body, "secure ");

  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned digest_size = 0;
  X509_digest(known.certificate(), EVP_sha256(), digest, &digest_size);
  const TlsClientContext with(&known);
  SSL_SESSION* session = nullptr;
  for (bool resumed : {false, true}) {
    const auto client = Connect(with, &transport, session);
    client->Send(kGet);
    const std::string thumbprint = client->Receive().body.substr(7);
    EXPECT_EQ(thumbprint.size(), 43u);  // 32 bytes in base64url
    EXPECT_EQ(SSL_session_reused(transport->ssl()), resumed ? 1 : 0);
    std::string back(thumbprint + "=");
    for (char& c : back) c = c == '-' ? '+' : c == '_' ? '/' : c;
    unsigned char bytes[64];
    ASSERT_EQ(EVP_DecodeBlock(bytes, reinterpret_cast<const unsigned char*>(back.data()),
                              static_cast<int>(back.size())), 33);
    EXPECT_EQ(memcmp(bytes, digest, 32), 0);
    if (!resumed) session = SSL_get1_session(transport->ssl());
  }
  SSL_SESSION_free(session);

  for (const TlsIdentity* wrong : {&stranger, &expired}) {
    const TlsClientContext context(wrong);
    const auto client = Connect(context, &transport);
    client->Send(kGet);  // in TLS 1.3 the client learns of the refusal when it reads
    EXPECT_EQ(client->Receive().status, 0);
  }
}

TEST_F(TlsTest, PlainHttpIsToldSo) {
  Start();
  RawClient client(server_->port());
  client.Send(kGet);
  const auto reply = client.Receive();
  EXPECT_EQ(reply.status, 400);
  EXPECT_THAT(reply.body, HasSubstr("https://"));
  EXPECT_TRUE(client.ClosesSilently());
}

TEST_F(TlsTest, WhoNeverShakesHandsIsClosed) {
  ServerOptions options;
  options.tls = folder_.options();
  options.header_timeout = 100ms;
  Start(options);
  for (std::string_view beginning : {std::string_view(), std::string_view("\x16\x03\x01\x02\x00\x01", 6)}) {
    RawClient client(server_->port());
    client.Send(beginning);
    const auto begun = std::chrono::steady_clock::now();
    EXPECT_TRUE(client.ClosesSilently());
    EXPECT_LT(std::chrono::steady_clock::now() - begun, 5s);
  }
}

TEST_F(TlsTest, GarbageCostsItsConnectionOnly) {
  Start();
  Random random(5);
  for (int i = 0; i < 100; ++i) {
    std::string bytes("\x16\x03\x01", 3);
    for (uint64_t n = random.Below(600); n > 0; --n) bytes += static_cast<char>(random.Below(256));
    RawClient client(server_->port());
    client.Send(bytes);
    client.FinishSending();
    client.ReceiveAll();
  }
  EXPECT_EQ(Shown(), "/CN=one");
}

// Each wish for new keys is answered: whoever does not read must not make the server keep the answers.
TEST_F(TlsTest, WishesForNewKeysDoNotPileUp) {
  ServerOptions options;
  options.tls = folder_.options();
  options.idle_timeout = options.write_timeout = 600s;
  Start(options);
  TlsTransport* transport = nullptr;
  const auto client = Connect(client_, &transport);
  ASSERT_TRUE(transport->connected());
  constexpr int kMany = 400'000;
  int sent = 0;
  while (sent < kMany && SSL_key_update(transport->ssl(), SSL_KEY_UPDATE_REQUESTED) == 1 &&
         SSL_do_handshake(transport->ssl()) == 1) {
    ++sent;
  }
  EXPECT_LT(sent, kMany);
  EXPECT_EQ(Shown(), "/CN=one");
}

TEST_F(TlsTest, TheEndIsSaid) {
  Start();
  TlsTransport* transport = nullptr;
  const auto client = Connect(client_, &transport);
  client->Send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(client->ReceiveAll(), HasSubstr("secure"));
  EXPECT_TRUE(transport->ended());
}

TEST_F(TlsTest, ANewCertificateIsTakenAndABrokenOneIsNot) {
  auto certificates = std::move(TlsCertificates::Start(folder_.options())).value();
  const auto first = certificates->current();
  auto check = [&] {
    certificates->Check();  // a change counts when it was the same twice
    certificates->Check();
    return certificates->current();
  };
  EXPECT_EQ(check(), first);
  const TlsIdentity next("two");
  folder_.Write("cert.pem", next.CertificatePem());
  EXPECT_EQ(check(), first);  // its key is still the old one's
  folder_.Write("key.pem", next.KeyPem());
  const auto second = check();
  EXPECT_NE(second, first);
  EXPECT_THAT(second->description(), HasSubstr("CN=two"));
  for (std::string_view broken : {"", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"}) {
    folder_.Write("key.pem", std::string(broken));
    EXPECT_EQ(check(), second);
  }
  std::filesystem::remove(folder_.Path("cert.pem"));
  EXPECT_EQ(check(), second);
  folder_.Write(identity_);
  EXPECT_THAT(check()->description(), HasSubstr("CN=one"));
}

// The same by the server's own thread, as an operator sees it.
TEST_F(TlsTest, ARunningServerRenewsItsCertificate) {
  Start();
  EXPECT_EQ(Shown(), "/CN=one");
  TlsTransport* transport = nullptr;
  const auto old = Connect(client_, &transport);
  folder_.Write(TlsIdentity("two"));
  const auto until = std::chrono::steady_clock::now() + 10s;
  while (Shown() != "/CN=two" && std::chrono::steady_clock::now() < until) {
    std::this_thread::sleep_for(50ms);
  }
  EXPECT_EQ(Shown(), "/CN=two");
  old->Send(kGet);  // who is connected stays so
  EXPECT_EQ(old->Receive().status, 200);
}

TEST_F(TlsTest, SaysWhatIsWrongWithItsFiles) {
  auto why = [&](const TlsOptions& options) {
    ServerOptions server;
    server.port = 0;
    server.tls = options;
    auto started = Server::Start(server, [](const std::shared_ptr<Exchange>&) {});
    return started.ok() ? "" : started.error().message();
  };
  EXPECT_EQ(why(folder_.options()), "");
  TlsOptions options = folder_.options();
  options.key_file = "";
  EXPECT_THAT(why(options), HasSubstr("together"));
  options.key_file = folder_.Path("nobody.pem");
  EXPECT_THAT(why(options), HasSubstr("nobody.pem"));
  options.key_file = folder_.Path("cert.pem");
  EXPECT_THAT(why(options), HasSubstr("no private key"));
  folder_.Write("other.pem", TlsIdentity("other").KeyPem());
  options.key_file = folder_.Path("other.pem");
  EXPECT_THAT(why(options), HasSubstr("not the key of the certificate"));
  folder_.Write("locked.pem", identity_.KeyPem("secret"));
  options.key_file = folder_.Path("locked.pem");
  EXPECT_THAT(why(options), HasSubstr("passphrase"));
  options = folder_.options();
  options.client_ca_file = folder_.Path("key.pem");
  EXPECT_THAT(why(options), HasSubstr("no certificate of an authority"));
  folder_.Write("half.pem", identity_.CertificatePem().substr(0, 200));
  options.client_ca_file = "";
  options.certificate_file = folder_.Path("half.pem");
  EXPECT_THAT(why(options), HasSubstr("half.pem"));
  folder_.Write("garbage.pem", std::string(1000, '\xff'));
  options.certificate_file = folder_.Path("garbage.pem");
  EXPECT_THAT(why(options), HasSubstr("no certificate in PEM"));
  // What is behind the first certificate counts, too.
  folder_.Write("tail.pem", identity_.CertificatePem() + identity_.CertificatePem().substr(0, 300));
  options.certificate_file = folder_.Path("tail.pem");
  EXPECT_THAT(why(options), HasSubstr("broken"));
}

// A filter between bytes and bytes: however the wire cuts them.
TEST(TlsSession, TakesBytesInPiecesOfAnySize) {
  const TlsIdentity identity("one");
  const TlsFiles files{identity.CertificatePem(), identity.KeyPem(), ""};
  const TlsOptions options{"cert.pem", "key.pem", ""};
  TlsSession server(std::move(TlsContext::Create(options, files)).value());
  const TlsClientContext context;
  SSL* client = SSL_new(context.get());
  BIO *to_client = BIO_new(BIO_s_mem()), *from_client = BIO_new(BIO_s_mem());
  SSL_set_bio(client, to_client, from_client);
  SSL_set_connect_state(client);
  std::string plain, wire;
  auto pump = [&] {  // a byte at a time
    char byte = 0;
    while (BIO_read(from_client, &byte, 1) == 1) server.Receive({&byte, 1}, plain);
    server.MoveOutput(wire);
    BIO_write(to_client, wire.data(), static_cast<int>(wire.size()));
    wire.clear();
  };
  EXPECT_FALSE(server.started());
  for (int i = 0; i < 10 && SSL_do_handshake(client) != 1; ++i) pump();
  pump();
  ASSERT_EQ(server.state(), TlsSession::State::kOpen);
  EXPECT_EQ(server.PeerCertificateSha256(), "");
  const std::string large(100'000, 'x');
  SSL_write(client, large.data(), static_cast<int>(large.size()));
  pump();
  EXPECT_EQ(plain, large);
  EXPECT_TRUE(server.Send(large));
  pump();
  std::string got(large.size() + 1, '\0');
  size_t read = 0;
  while (read < large.size()) {
    const int n = SSL_read(client, got.data() + read, static_cast<int>(got.size() - read));
    ASSERT_GT(n, 0);
    read += static_cast<size_t>(n);
  }
  EXPECT_EQ(got.substr(0, read), large);
  SSL_shutdown(client);
  pump();
  EXPECT_EQ(server.state(), TlsSession::State::kEnded);
  EXPECT_TRUE(server.Send("late"));
  server.SendEnd();
  EXPECT_GT(server.output_bytes(), 0u);
  SSL_free(client);
}

TEST(TlsSession, RefusesWhatIsNoTls) {
  const TlsIdentity identity("one");
  const TlsFiles files{identity.CertificatePem(), identity.KeyPem(), ""};
  const auto context = std::move(TlsContext::Create({"c", "k", ""}, files)).value();
  Random random(3);
  for (int i = 0; i < 200; ++i) {
    TlsSession server(context);
    std::string bytes, plain;
    for (uint64_t n = 5 + random.Below(300); n > 0; --n) bytes += static_cast<char>(random.Below(256));
    server.Receive(bytes, plain);
    EXPECT_NE(server.state(), TlsSession::State::kOpen);
    EXPECT_EQ(plain, "");
    EXPECT_FALSE(server.Send("x"));
    EXPECT_EQ(server.error().empty(), server.state() != TlsSession::State::kFailed);
  }
}

}  // namespace
}  // namespace pano::http
