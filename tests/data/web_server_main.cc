// A web server on loopback for scripts: prints its URL and serves until it is killed. Every path is one file of
// 100,000 bytes and the ETag "1"; what a path begins with says what goes wrong:
//   /cut/       each connection ends after 40,000 bytes           /cut-for-good/   and ranges are refused
//   /redirect/  another path has it: /file/                       /circle/         it has not
//   /lie/       more is promised than comes                       /changed/        another version from the second answer on
//   /none/      404                                               /page/           404, with a page of HTML
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <string>

#include "data/version/remote/testing/loopback_server.h"

int main() {
  using namespace pano::remote;
  std::atomic<int> changed{0};
  const std::string one(100'000, 'x'), two(100'000, 'y');
  const LoopbackServer server([&](const ServedRequest& request) {
    const auto under = [&](const char* folder) { return request.path.starts_with(folder); };
    ServedReply reply = ServeObject(request, one, "\"1\"");
    if (under("/cut/")) reply.body_bytes_sent = 40'960;
    if (under("/cut-for-good/")) {
      reply = {};
      reply.body = one;
      reply.body_bytes_sent = 40'960;
    }
    if (under("/redirect/") || under("/circle/")) {
      reply = {};
      reply.status = 302;
      reply.headers = {{"Location", under("/circle/") ? request.path : "/file/there"}};
    }
    if (under("/lie/")) reply.length = 1u << 30;
    if (under("/changed/")) {
      ServedRequest asked = request;
      asked.headers.erase("if-match");
      const bool first = changed++ == 0;
      reply = ServeObject(asked, first ? one : two, first ? "\"1\"" : "\"2\"");
      if (first) reply.body_bytes_sent = 40'960;
    }
    if (under("/none/") || under("/page/")) {
      reply = {};
      reply.status = 404;
      if (under("/page/")) reply.body = "<html>nothing here</html>";
    }
    return reply;
  });
  std::printf("%s\n", server.url().c_str());
  std::fflush(stdout);
  while (true) ::pause();
}
