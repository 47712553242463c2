#include <atomic>

#include "app/http/connection_internal.h"
#include "base/log.h"

namespace pano::http {
namespace {

// Sends what it is told to its connection's loop. Thread-safe.
class ConnectionExchange final : public Exchange, public SunkBody {
 public:
  ConnectionExchange(std::shared_ptr<Connection> connection, std::shared_ptr<ExchangeState> state,
                     Request request, BodyLease body, std::shared_ptr<BodySink> sink,
                     uint64_t number)
      : connection_(std::move(connection)),
        state_(std::move(state)),
        request_(std::move(request)),
        body_(std::move(body)),
        sink_(std::move(sink)),
        number_(number) {}

  ~ConnectionExchange() override {
    if (answer_.load() == Answer::kComplete) return;
    Send([number = number_](Connection& c) { c.Dropped(number); });
  }

  const Request& request() const override { return request_; }
  std::shared_ptr<BodySink> body_sink() const override { return sink_; }

  std::string TakeBody() override { return std::exchange(request_.body, {}); }
  void ReleaseBody() override {
    request_.body = std::string();
    body_.Release();
  }

  void Respond(Response response) override {
    if (!Move(Answer::kNone, Answer::kComplete, "Respond")) return;
    Send([number = number_, response = std::move(response)](Connection& c) mutable {
      c.Respond(number, std::move(response));
    });
  }

  void BeginStream(int status, Headers headers) override {
    if (!Move(Answer::kNone, Answer::kStream, "BeginStream")) return;
    Send([number = number_, status, headers = std::move(headers)](Connection& c) mutable {
      c.BeginStream(number, status, std::move(headers));
    });
  }

  bool Write(std::string data) override {
    if (state_->closed.load()) return false;
    if (answer_.load() != Answer::kStream) {
      Misused("Write");
      return false;
    }
    if (data.empty()) return true;
    state_->pending_bytes += data.size();
    // Most streams are written from their connection's own thread: one task less for each token.
    if (connection_->loop().IsCurrent() && connection_->IsStreaming(number_)) {
      connection_->Write(number_, std::move(data), /*from_task=*/false);
      return true;
    }
    return Send([number = number_, data = std::move(data)](Connection& c) mutable {
      c.Write(number, std::move(data), /*from_task=*/true);
    });
  }

  void Finish() override {
    if (!Move(Answer::kStream, Answer::kComplete, "Finish")) return;
    Send([number = number_](Connection& c) { c.Finish(number); });
  }

  void CutOff() override {
    if (!Move(Answer::kStream, Answer::kComplete, "CutOff")) return;
    Send([number = number_](Connection& c) { c.CutOff(number); });
  }

  size_t pending_bytes() const override {
    return state_->closed.load() ? 0 : state_->pending_bytes.load();
  }

  void OnDrained(std::function<void()> callback) override {
    Send([number = number_, callback = std::move(callback)](Connection& c) mutable {
      c.SetOnDrained(number, std::move(callback));
    });
  }

  void OnClosed(std::function<void()> callback) override {
    const bool sent = Send([number = number_, state = state_, callback](Connection& c) {
      c.SetOnClosed(number, *state, callback);
    });
    if (!sent && answer_.load() != Answer::kComplete) callback();  // the server has stopped
  }

  void Post(std::function<void()> task) override {
    Send([task = std::move(task)](Connection&) { task(); });
  }

  void PostAfter(std::chrono::milliseconds delay, std::function<void()> task) override {
    Send([number = number_, delay, task = std::move(task)](Connection& c) mutable {
      c.RunAfter(number, delay, std::move(task));
    });
  }

 private:
  enum class Answer { kNone, kStream, kComplete };

  template <typename Task>
  bool Send(Task task) {
    return connection_->loop().Post(
        [connection = connection_, task = std::move(task)]() mutable {
          connection->Guarded([&] { task(*connection); });
        });
  }

  bool Move(Answer from, Answer to, const char* what) {
    if (answer_.compare_exchange_strong(from, to)) return true;
    Misused(what);
    return false;
  }

  // Our own bug, but one that must not cost the other requests their answers: it goes to the log.
  void Misused(const char* what) const {
    LogError("[http] ", what, " out of order for request ", request_.id);
  }

  const std::shared_ptr<Connection> connection_;
  const std::shared_ptr<ExchangeState> state_;
  Request request_;
  BodyLease body_;
  const std::shared_ptr<BodySink> sink_;
  const uint64_t number_;
  std::atomic<Answer> answer_{Answer::kNone};
};

}  // namespace

std::shared_ptr<Exchange> MakeExchange(std::shared_ptr<Connection> connection,
                                       std::shared_ptr<ExchangeState> state, Request request,
                                       BodyLease body, std::shared_ptr<BodySink> sink,
                                       uint64_t number) {
  return std::make_shared<ConnectionExchange>(std::move(connection), std::move(state),
                                              std::move(request), std::move(body), std::move(sink),
                                              number);
}

std::shared_ptr<BodySink> BodySinkOf(const Exchange& exchange) {
  const auto* sunk = dynamic_cast<const SunkBody*>(&exchange);
  return sunk ? sunk->body_sink() : nullptr;
}

}  // namespace pano::http
