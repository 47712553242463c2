// Speaks TLS in front of a plain server on loopback, for scripts and by hand:
//   pano-tls-relay PORT CERTIFICATE.pem KEY.pem      PORT: of the plain server
// Prints the port that it listens at and runs until it is killed. A thread for each connection.
#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <thread>

namespace {

struct Free {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};

sockaddr_in Loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

bool WriteAll(int fd, const char* bytes, ssize_t count) {
  while (count > 0) {
    const ssize_t written = ::write(fd, bytes, static_cast<size_t>(count));
    if (written <= 0) return false;
    bytes += written;
    count -= written;
  }
  return true;
}

// Carries bytes both ways until one side has no more.
void Carry(SSL* ssl, int plain) {
  std::array<char, 16384> bytes;
  while (true) {
    pollfd ends[2] = {{SSL_get_fd(ssl), POLLIN, 0}, {plain, POLLIN, 0}};
    const bool pending = SSL_pending(ssl) > 0;
    if (::poll(ends, 2, pending ? 0 : -1) < 0) return;
    if (pending || ends[0].revents != 0) {
      const int count = SSL_read(ssl, bytes.data(), static_cast<int>(bytes.size()));
      if (count <= 0 || !WriteAll(plain, bytes.data(), count)) return;
    }
    if (ends[1].revents != 0) {
      const ssize_t count = ::read(plain, bytes.data(), bytes.size());
      if (count <= 0) {
        SSL_shutdown(ssl);
        return;
      }
      if (SSL_write(ssl, bytes.data(), static_cast<int>(count)) <= 0) return;
    }
  }
}

void Relay(SSL_CTX* context, int accepted, int port) {
  const std::unique_ptr<SSL, Free> ssl(SSL_new(context));
  SSL_set_fd(ssl.get(), accepted);
  if (SSL_accept(ssl.get()) == 1) {
    const int plain = ::socket(AF_INET, SOCK_STREAM, 0);
    const sockaddr_in to = Loopback(port);
    if (::connect(plain, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0) Carry(ssl.get(), plain);
    ::close(plain);
  }
  ::close(accepted);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: pano-tls-relay PORT CERTIFICATE.pem KEY.pem\n");
    return 2;
  }
  std::signal(SIGPIPE, SIG_IGN);
  const std::unique_ptr<SSL_CTX, Free> context(SSL_CTX_new(TLS_server_method()));
  if (SSL_CTX_use_certificate_chain_file(context.get(), argv[2]) != 1 ||
      SSL_CTX_use_PrivateKey_file(context.get(), argv[3], SSL_FILETYPE_PEM) != 1) {
    ERR_print_errors_fp(stderr);
    return 1;
  }
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address = Loopback(0);
  socklen_t size = sizeof address;
  if (::bind(listener, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(listener, 64) != 0 ||
      ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    std::perror("pano-tls-relay");
    return 1;
  }
  std::printf("%d\n", ntohs(address.sin_port));
  std::fflush(stdout);
  const int port = std::atoi(argv[1]);
  while (true) {
    const int accepted = ::accept(listener, nullptr, nullptr);
    if (accepted < 0) continue;
    std::thread([&context, accepted, port] { Relay(context.get(), accepted, port); }).detach();
  }
}
