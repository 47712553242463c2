#pragma once

#include <signal.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <thread>

#include "base/random.h"
#include "base/strings.h"

namespace pano::quota {

// A redis-server of a test's own on loopback, where the machine has the program. Confined to a thread.
class RedisServer {
 public:
  static bool Installed() { return std::filesystem::exists(kProgram); }

  RedisServer() : folder_(StrCat("/tmp/pano-redis-", RandomHex(8))), port_(FreePort()) {
    std::filesystem::create_directories(folder_);
    Start();
  }
  ~RedisServer() {
    Kill();
    std::filesystem::remove_all(folder_);
  }
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;

  int port() const { return port_; }

  void Start() {
    const std::string port = StrCat(port_);
    child_ = fork();
    if (child_ == 0) {
      execl(kProgram, kProgram, "--port", port.c_str(), "--bind", "127.0.0.1", "--save", "", "--dir",
            folder_.c_str(), "--logfile", "redis.log", "--appendonly", "yes", nullptr);
      _exit(127);
    }
    for (int i = 0; i < 500 && !Answers(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  void Kill() {
    if (child_ <= 0) return;
    kill(child_, SIGKILL);
    waitpid(child_, nullptr, 0);
    child_ = -1;
  }
  // Alive, but answering nobody.
  void Freeze() { kill(child_, SIGSTOP); }
  void Thaw() { kill(child_, SIGCONT); }

 private:
  static constexpr const char* kProgram = "/usr/bin/redis-server";

  static sockaddr_in Address(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
  }
  static int FreePort() {
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address = Address(0);
    socklen_t size = sizeof address;
    bind(fd, reinterpret_cast<sockaddr*>(&address), size);
    getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
    close(fd);
    return ntohs(address.sin_port);
  }
  bool Answers() const {
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    const sockaddr_in address = Address(port_);
    bool ok = connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    char byte = 0;
    ok = ok && send(fd, "PING\r\n", 6, MSG_NOSIGNAL) == 6 && recv(fd, &byte, 1, 0) == 1 && byte == '+';
    close(fd);
    return ok;
  }

  const std::string folder_;
  const int port_;
  pid_t child_ = -1;
};

}  // namespace pano::quota
