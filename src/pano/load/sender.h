#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/http/client.h"
#include "app/http/message/response_parser.h"
#include "app/http/url.h"
#include "base/clock.h"
#include "base/result.h"
#include "pano/load/answer_reader.h"

namespace pano::load {

// Requests to one server over as many connections as are in flight at once, which are kept for the next
// ones. One thread serves all of them by epoll(7): a server beside it on the same cores is measured, not the
// switches between threads that wait. Confined to that thread.
class Sender {
 public:
  // Request `index` is over.
  using Done = std::function<void(size_t index, Outcome outcome)>;

  // Unavailable when the server's name is not known. What happens to a connection is told by requests.
  static Result<std::unique_ptr<Sender>> Create(const http::Url& url, const http::ClientOptions& options,
                                                Dialect dialect, Done done);
  ~Sender();
  Sender(const Sender&) = delete;
  Sender& operator=(const Sender&) = delete;

  // Sends the bytes of a request; its times count from `due`. `done` is called by Poll, or here where it
  // cannot even begin.
  void Start(size_t index, TimePoint due, std::string bytes);
  size_t in_flight() const { return in_flight_; }
  // Waits for something to come, until `until` at most, and works on it.
  void Poll(TimePoint until);

 private:
  struct Address {
    sockaddr_storage bytes = {};
    socklen_t size = 0;
  };
  // One connection, open or not.
  struct Link {
    int fd = -1;
    bool busy = false;
    bool connected = false;
    bool reused = false;    // it had answered before
    bool any_byte = false;  // of the answer has come
    bool cut = false;       // the request could not be sent to its end
    size_t address = 0;     // it goes, or went, to
    size_t index = 0;
    TimePoint due, quiet_until;
    std::string bytes;
    size_t sent = 0;
    std::optional<http::ResponseParser> parser;
    std::optional<AnswerReader> reader;
    http::ClientResponse response;
  };

  Sender(const http::Url& url, const http::ClientOptions& options, Dialect dialect, Done done)
      : url_(url), options_(options), dialect_(dialect), done_(std::move(done)), clock_(Clock::Real()) {}
  Status Open(Link& link);
  void Close(Link& link);
  void Begin(Link& link);
  void SetReached(Link& link);
  void Write(Link& link);
  // `to_end`: the other side has ended its own, which no later event tells again.
  void Read(Link& link, bool to_end);
  bool Feed(Link& link, size_t count);  // whether the answer goes on
  void Break(Link& link, Status why);
  void BreakUnreached(Link& link);  // for errno
  void Finish(Link& link, const Result<http::ClientResponse>& response);
  void EndQuietOnes(TimePoint now);

  const http::Url url_;
  const http::ClientOptions options_;
  const Dialect dialect_;
  const Done done_;
  Clock& clock_;
  std::vector<Address> addresses_;  // of the server
  size_t address_ = 0;              // that new connections go to
  bool reached_ = false;            // some connection was made
  int epoll_ = -1;

  std::vector<std::unique_ptr<Link>> links_;
  std::vector<Link*> free_;    // open and without a request
  std::vector<Link*> closed_;
  size_t in_flight_ = 0;
  TimePoint next_look_ = {};   // for those that are silent
  std::array<char, 64 << 10> buffer_;
  std::string piece_;
};

}  // namespace pano::load
