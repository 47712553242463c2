// `pano serve` under a service manager: a process of its own, told by NOTIFY_SOCKET and LISTEN_FDS.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "app/service/service.h"
#include "app/systemd/testing/notify_socket.h"
#include "base/strings.h"

namespace pano::systemd {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

// A child process that serves the starter model; killed when destroyed.
class ServeProcess {
 public:
  // `variables`: "NAME=VALUE". With `listener`, it becomes descriptor 3 and LISTEN_PID is set.
  ServeProcess(std::vector<std::string> arguments, std::vector<std::string> variables, int listener = -1) {
    arguments.insert(arguments.begin(), {PANO_EXECUTABLE, "serve", "--log-level", "warning"});
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    pid_ = ::fork();
    if (pid_ != 0) return;
    for (std::string& variable : variables) ::putenv(variable.data());
    if (listener >= 0) {
      std::string process = StrCat("LISTEN_PID=", ::getpid());
      ::putenv(process.data());
      ::dup2(listener, 3);
      ::execv(PANO_EXECUTABLE, argv.data());
    }
    ::execv(PANO_EXECUTABLE, argv.data());
    ::_exit(127);
  }
  ~ServeProcess() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
  }
  void Signal(int signal) const { ::kill(pid_, signal); }
  // The exit code; -1 after a signal.
  int Wait() {
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

 private:
  pid_t pid_ = -1;
};

std::string UniqueName(std::string_view what) { return StrCat("@pano-", what, "-", ::getpid()); }

// A socket that listens on a free port of loopback, as a socket unit makes it.
int Listener(uint16_t* port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  EXPECT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&address), length), 0);
  EXPECT_EQ(::listen(fd, 16), 0);
  EXPECT_EQ(::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length), 0);
  *port = ntohs(address.sin_port);
  return fd;
}

std::string Get(uint16_t port, const std::string& path) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  EXPECT_EQ(::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  const std::string request =
      StrCat("GET ", path, " HTTP/1.1\r\nHost: 127.0.0.1:", port, "\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(::send(fd, request.data(), request.size(), 0), static_cast<ssize_t>(request.size()));
  std::string answer;
  char buffer[4096];
  for (ssize_t size; (size = ::recv(fd, buffer, sizeof buffer, 0)) > 0;) {
    answer.append(buffer, static_cast<size_t>(size));
  }
  ::close(fd);
  return answer;
}

TEST(ServiceManagerTest, IsToldOfReadinessOfLifeAndOfTheEnd) {
  const std::string name = UniqueName("manager");
  NotifySocket socket(name);
  ServeProcess server({"--port", "0"}, {StrCat("NOTIFY_SOCKET=", name), "WATCHDOG_USEC=200000"});
  std::vector<std::string> first = {socket.Next(), socket.Next(), socket.Next()};
  EXPECT_THAT(first, testing::Contains(StartsWith("READY=1\nSTATUS=serving 1 model versions on port ")));
  EXPECT_THAT(first, testing::Contains("WATCHDOG=1\n"));
  server.Signal(SIGTERM);
  std::string last;
  do {
    last = socket.Next();
  } while (last == "WATCHDOG=1\n");
  EXPECT_THAT(last, StartsWith("STOPPING=1\n"));
  EXPECT_EQ(server.Wait(), 0);
}

TEST(ServiceManagerTest, IsToldWhileFilesAreOpenedAnew) {
  const std::string name = UniqueName("reload");
  const std::string log = StrCat("/tmp/pano-reload-", ::getpid(), ".jsonl");
  NotifySocket socket(name);
  ServeProcess server({"--port", "0", "--audit-log", log}, {StrCat("NOTIFY_SOCKET=", name)});
  EXPECT_THAT(socket.Next(), StartsWith("READY=1\n"));
  server.Signal(SIGHUP);
  EXPECT_THAT(socket.Next(), StartsWith("RELOADING=1\nMONOTONIC_USEC="));
  EXPECT_THAT(socket.Next(), StartsWith("READY=1\n"));
  server.Signal(SIGTERM);
  EXPECT_THAT(socket.Next(), StartsWith("STOPPING=1\n"));
  EXPECT_EQ(server.Wait(), 0);
  ::unlink(log.c_str());
}

TEST(ServiceManagerTest, ASocketOfTheManagerIsServed) {
  const std::string name = UniqueName("activation");
  NotifySocket socket(name);
  uint16_t port = 0;
  const int listener = Listener(&port);
  // A port that cannot be bound shows that --port is not used.
  ServeProcess server({"--port", "1"}, {StrCat("NOTIFY_SOCKET=", name), "LISTEN_FDS=1"}, listener);
  ::close(listener);
  EXPECT_THAT(socket.Next(), HasSubstr(StrCat("on port ", port)));
  EXPECT_THAT(Get(port, "/livez"), StartsWith("HTTP/1.1 200"));
  server.Signal(SIGTERM);
  EXPECT_EQ(server.Wait(), 0);
}

TEST(ServiceManagerTest, SeveralSocketsAreRefused) {
  uint16_t port = 0;
  const int listener = Listener(&port);
  ServeProcess server({}, {"LISTEN_FDS=2"}, listener);
  ::close(listener);
  EXPECT_EQ(server.Wait(), 1);
}

// What silences the watchdog. Nothing is late without work: a limit below zero shows what would be said.
TEST(ServiceManagerTest, AModelThatIsStuckIsNamed) {
  service::ServiceOptions options;
  options.models = {{"m", StrCat(PANO_SOURCE_DIR, "/models/starter")}};
  options.threads = 1;
  options.http.port = 0;
  const auto service = service::Service::Start(std::move(options));
  ASSERT_TRUE(service.ok()) << service.error().message();
  EXPECT_EQ((*service)->Stuck(std::chrono::seconds(30)), "");
  EXPECT_EQ((*service)->Stuck(Duration(-1)), "m@1: no step for 0 s while there is work");
}

}  // namespace
}  // namespace pano::systemd
