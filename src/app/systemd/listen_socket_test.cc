#include "app/systemd/listen_socket.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/strings.h"
#include "base/testing/memory_env.h"

namespace pano::systemd {
namespace {

using testing::HasSubstr;

// Closes the socket that it holds.
struct Socket {
  int fd;
  ~Socket() { ::close(fd); }
};

int LoopbackSocket(int type, bool listens) {
  const int fd = ::socket(AF_INET, type, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  if (listens) {
    EXPECT_EQ(::listen(fd, 4), 0);
  }
  return fd;
}

TEST(ListenSocketTest, IsDescribedByItsAddress) {
  const Socket socket{LoopbackSocket(SOCK_STREAM, true)};
  const auto found = DescribeSocket(socket.fd);
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(found->host, "127.0.0.1");
  EXPECT_GT(found->port, 0);
  EXPECT_EQ(found->descriptor, socket.fd);
}

TEST(ListenSocketTest, AnythingElseIsRefused) {
  const Socket datagrams{LoopbackSocket(SOCK_DGRAM, false)};
  const Socket silent{LoopbackSocket(SOCK_STREAM, false)};
  int pair[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
  const Socket a{pair[0]}, b{pair[1]};
  for (int fd : {datagrams.fd, silent.fd, a.fd}) {
    EXPECT_THAT(DescribeSocket(fd).status().message(), HasSubstr("not a listening TCP socket"));
  }
  EXPECT_THAT(DescribeSocket(999).status().message(), HasSubstr("descriptor 999"));
}

TEST(ListenSocketTest, OnlyOneAndOnlyForThisProcess) {
  MemoryEnv env;
  EXPECT_FALSE(TakeListenSocket(env)->has_value());
  env.SetVariable("LISTEN_FDS", "1");
  env.SetVariable("LISTEN_PID", "1");   // of a parent that did not unset it
  EXPECT_FALSE(TakeListenSocket(env)->has_value());
  env.SetVariable("LISTEN_PID", StrCat(::getpid()));
  for (const char* count : {"2", "x", "-1", "99999999999999999999"}) {
    env.SetVariable("LISTEN_FDS", count);
    EXPECT_EQ(TakeListenSocket(env).status().code(), StatusCode::kInvalidArgument) << count;
  }
}

}  // namespace
}  // namespace pano::systemd
