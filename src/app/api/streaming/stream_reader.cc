#include "app/api/streaming/stream_reader.h"

#include <string>
#include <utility>

namespace pano::api {

http::Headers EventStreamHeaders(const http::Headers& more) {
  http::Headers headers = {{"Content-Type", "text/event-stream; charset=utf-8"},
                           {"Cache-Control", "no-store"},
                           {"X-Accel-Buffering", "no"},  // nginx: pass events on at once
                           {"X-Content-Type-Options", "nosniff"}};
  headers.insert(headers.end(), more.begin(), more.end());
  return headers;
}

StreamReader::StreamReader(Private, std::shared_ptr<http::Exchange> exchange,
                           std::shared_ptr<streams::StreamLog> log, Options options)
    : exchange_(std::move(exchange)),
      log_(std::move(log)),
      options_(std::move(options)),
      keep_alive_(std::make_shared<KeepAlive>(options_.keep_alive)),
      wake_at_(exchange_) {}

Status StreamReader::Start(std::shared_ptr<http::Exchange> exchange,
                           std::shared_ptr<streams::StreamLog> log, streams::EventId after,
                           Options options) {
  auto self =
      std::make_shared<StreamReader>(Private(), exchange, std::move(log), std::move(options));
  // The log owns the reader until that is removed.
  PANO_ASSIGN_OR_RETURN(self->reader_, self->log_->AddReader(after, [self] { self->Wake(); }));
  exchange->Post([self] { self->Begin(); });
  return {};
}

// From any thread, under the log's lock.
void StreamReader::Wake() {
  if (posted_.exchange(true)) return;
  const auto exchange = wake_at_.lock();
  if (!exchange) return;
  exchange->Post([self = shared_from_this()] {
    self->posted_ = false;
    self->Pump();
  });
}

void StreamReader::Begin() {
  // The exchange keeps its callbacks, so they must not keep the reader.
  exchange_->OnClosed([weak = weak_from_this()] {
    if (auto self = weak.lock()) self->End(499);
  });
  if (!exchange_) return;  // gone already
  exchange_->OnDrained([weak = weak_from_this()] {
    if (auto self = weak.lock()) self->Pump();
  });
  exchange_->BeginStream(200, EventStreamHeaders(options_.headers));
  keep_alive_->Start(exchange_);
  begun_ = true;
  Pump();
}

void StreamReader::Pump() {
  if (!begun_ || pumping_) return;
  pumping_ = true;
  const auto self = shared_from_this();
  while (exchange_ && exchange_->pending_bytes() <= kPendingBytesMax) {
    streams::StreamLog::Piece piece = log_->Read(reader_, kPieceBytesMax);
    if (piece.lost) CutOff();
    if (piece.lost || (piece.bytes.empty() && !piece.ended)) break;
    if (!piece.bytes.empty()) {
      keep_alive_->Note();
      exchange_->Write(std::move(piece.bytes));
    }
    if (piece.ended) Finish();
  }
  pumping_ = false;
}

// The client sees that, comes back and is told 410.
void StreamReader::CutOff() {
  const auto exchange = exchange_;
  End(499);
  exchange->CutOff();
}

void StreamReader::Finish() {
  const auto exchange = exchange_;
  if (!exchange) return;
  keep_alive_->Stop();
  End(200);
  exchange->Finish();
}

void StreamReader::End(int status) {
  if (!exchange_) return;
  const auto self = shared_from_this();
  exchange_ = nullptr;
  keep_alive_->Stop();
  log_->RemoveReader(reader_);
  if (const auto done = std::exchange(options_.done, {})) done(status);
}

}  // namespace pano::api
