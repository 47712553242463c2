// Many streams at once against `pano serve --model m=fake:MS`, from one thread: checks that each stream
// has each token once and in order, and measures how much later than MS the next token comes.
//
//   pano-stream-load PORT MS STREAMS TOKENS [resumable]      -> one JSON object; 1 when a stream is wrong
//
// "added" is the time between two tokens of a stream, as this program reads them, less MS. What this
// program itself takes is part of it: read "busy", its share of a core.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "app/http/message/response_parser.h"
#include "app/http/sse.h"
#include "base/json.h"
#include "base/strings.h"

namespace {

using Clock = std::chrono::steady_clock;
using pano::StrCat;

constexpr int kWords = 1000;  // of the vocabulary of fake models
constexpr int64_t kFirstWord = 256;

struct Stream {
  explicit Stream(int descriptor)
      : fd(descriptor), sse([this](const pano::http::SseEvent& event) { OnEvent(event); }) {}

  void OnEvent(const pano::http::SseEvent& event) {
    if (event.id != StrCat(++events)) return Wrong(StrCat("event id ", event.id, " for ", events));
    if (event.event == "done") {
      done = true;
      return;
    }
    const std::string token = StrCat("\"token\":\" ", tokens % kWords, "\",\"token_id\":",
                                     kFirstWord + tokens % kWords, ',');
    if (event.event != "progress" || event.data.find(token) == std::string::npos) {
      return Wrong(StrCat("token ", tokens, " is ", event.event, ' ', event.data));
    }
    ++tokens;
    if (last != Clock::time_point()) gaps->push_back(std::chrono::duration<float, std::milli>(now - last).count());
    last = now;
  }
  void Wrong(std::string what) {
    if (error.empty()) error = std::move(what);
  }

  const int fd;
  pano::http::ResponseParser response{false};
  pano::http::SseParser sse;
  std::string in, body, error;
  std::vector<float>* gaps = nullptr;
  Clock::time_point now, last;
  int64_t events = 0;
  int64_t tokens = 0;
  bool done = false;
};

int Connect(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (fd < 0 || connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    std::fprintf(stderr, "cannot connect: %s\n", std::strerror(errno));
    std::exit(1);
  }
  const int one = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  return fd;
}

double Quantile(std::vector<float>& sorted, double q) {
  if (sorted.empty()) return 0;
  return sorted[std::min(sorted.size() - 1, static_cast<size_t>(q * static_cast<double>(sorted.size())))];
}

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  auto seconds = [](const timeval& t) { return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6; };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// Reads what is there; false when the stream is over.
bool Read(Stream& stream) {
  char buffer[16 << 10];
  while (true) {
    const ssize_t n = recv(stream.fd, buffer, sizeof buffer, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return true;
    if (n <= 0) {
      stream.Wrong("the connection ended");
      return false;
    }
    stream.now = Clock::now();
    stream.in.append(buffer, static_cast<size_t>(n));
    using State = pano::http::ResponseParser::State;
    while (!stream.in.empty() && stream.response.state() < State::kComplete) {
      stream.in.erase(0, stream.response.Feed(stream.in, stream.body));
    }
    stream.sse.Feed(stream.body);
    stream.body.clear();
    if (stream.response.state() >= State::kComplete) {
      if (stream.response.head().status != 200) stream.Wrong(StrCat("status ", stream.response.head().status));
      return false;
    }
    if (static_cast<size_t>(n) < sizeof buffer) return true;
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5) {
    std::fprintf(stderr, "usage: pano-stream-load PORT MS STREAMS TOKENS [resumable]\n");
    return 2;
  }
  const int port = std::atoi(argv[1]);
  const double ms = std::atof(argv[2]);
  const int count = std::atoi(argv[3]);
  const int tokens = std::atoi(argv[4]);
  const bool resumable = argc > 5;
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);

  const std::string body =
      StrCat(R"({"inputs":"x","stream":true,"parameters":{"max_tokens":)", tokens, "}",
             resumable ? R"(,"stream_options":{"resumable":true})" : "", "}");
  const std::string request =
      StrCat("POST /v1/models/m/predict HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
             "Content-Length: ", body.size(), "\r\n\r\n", body);
  const int poller = epoll_create1(EPOLL_CLOEXEC);
  std::vector<float> gaps;
  gaps.reserve(static_cast<size_t>(count) * static_cast<size_t>(tokens));
  std::vector<std::unique_ptr<Stream>> streams;
  const auto begun = Clock::now();
  int open = 0;
  size_t open_max = 0;
  std::vector<epoll_event> ready(256);
  auto poll_once = [&](int timeout) {
    const int n = epoll_wait(poller, ready.data(), static_cast<int>(ready.size()), timeout);
    for (int i = 0; i < n; ++i) {
      auto& stream = *static_cast<Stream*>(ready[static_cast<size_t>(i)].data.ptr);
      if (Read(stream)) continue;
      epoll_ctl(poller, EPOLL_CTL_DEL, stream.fd, nullptr);
      close(stream.fd);
      --open;
    }
    return n;
  };
  for (int i = 0; i < count; ++i) {
    streams.push_back(std::make_unique<Stream>(Connect(port)));
    Stream& stream = *streams.back();
    stream.gaps = &gaps;
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = &stream;
    epoll_ctl(poller, EPOLL_CTL_ADD, stream.fd, &event);
    if (send(stream.fd, request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size())) {
      stream.Wrong("cannot send");
    }
    ++open;
    open_max = std::max(open_max, static_cast<size_t>(open));
    while (poll_once(0) > 0) {
    }
  }
  const double opened = std::chrono::duration<double>(Clock::now() - begun).count();
  const auto until = begun + std::chrono::milliseconds(static_cast<int64_t>(ms * tokens * 3) + 60'000);
  while (open > 0 && Clock::now() < until) poll_once(100);
  const double seconds = std::chrono::duration<double>(Clock::now() - begun).count();

  int wrong = 0;
  int64_t total = 0;
  for (const auto& stream : streams) {
    if (!stream->done || stream->tokens != tokens) stream->Wrong(StrCat("it had ", stream->tokens, " tokens"));
    total += stream->tokens;
    if (stream->error.empty()) continue;
    if (wrong++ < 5) std::fprintf(stderr, "a stream is wrong: %s\n", stream->error.c_str());
  }
  for (float& gap : gaps) gap -= static_cast<float>(ms);
  std::sort(gaps.begin(), gaps.end());
  pano::json::Value report;
  report.Set("streams", count);
  report.Set("at_once", static_cast<int64_t>(open_max));
  report.Set("wrong", wrong);
  report.Set("tokens", total);
  report.Set("seconds", seconds);
  report.Set("open_seconds", opened);
  report.Set("tokens_per_second", static_cast<double>(total) / seconds);
  report.Set("added_ms_p50", Quantile(gaps, 0.5));
  report.Set("added_ms_p90", Quantile(gaps, 0.9));
  report.Set("added_ms_p99", Quantile(gaps, 0.99));
  report.Set("added_ms_p999", Quantile(gaps, 0.999));
  report.Set("added_ms_max", gaps.empty() ? 0.0 : static_cast<double>(gaps.back()));
  report.Set("busy", CpuSeconds() / seconds);
  std::printf("%s\n", pano::json::Dump(report).c_str());
  return wrong == 0 ? 0 : 1;
}
