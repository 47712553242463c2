#include "app/api/batches/file_stream.h"

#include <span>
#include <utility>

#include "base/log.h"

namespace pano::api::batches {
namespace {

constexpr size_t kPieceBytes = 64 << 10;
constexpr size_t kPendingBytesMax = 128 << 10;

}  // namespace

FileStream::FileStream(Private, Context& context, CallPtr call, std::unique_ptr<File> file)
    : generations_(context.generations),
      call_(std::move(call)),
      file_(std::move(file)),
      strand_(std::make_shared<Strand>(context.work, Strand::kSmall)) {}

Status FileStream::Start(Context& context, const CallPtr& call, const std::string& path) {
  Result<std::unique_ptr<File>> file = Env::Real().Open(path, Env::OpenMode::kRead);
  if (!file.ok()) return Internal(file.error().message());
  auto self = std::make_shared<FileStream>(Private(), context, call, std::move(file).value());
  http::Headers headers = {{"Content-Type", "application/octet-stream"}, {"X-Content-Type-Options", "nosniff"}};
  headers.insert(headers.end(), call->headers.begin(), call->headers.end());
  call->exchange().BeginStream(200, std::move(headers));
  context.generations.Add(self);
  // The exchange keeps its callbacks, so they must not keep the stream.
  call->exchange().OnClosed([weak = std::weak_ptr(self)] {
    if (auto open = weak.lock()) open->strand_->Post([open] { open->End(499); });
  });
  call->exchange().OnDrained([weak = std::weak_ptr(self)] {
    if (auto open = weak.lock()) open->strand_->Post([open] { open->Pump(); });
  });
  self->strand_->Post([self] { self->Pump(); });
  return {};
}

void FileStream::Pump() {
  while (!over_ && call_->exchange().pending_bytes() <= kPendingBytesMax) {
    std::string piece(kPieceBytes, '\0');
    const Result<size_t> read = file_->ReadSome(std::as_writable_bytes(std::span(piece)));
    if (!read.ok()) {
      LogError("[batches] a file cannot be read on: ", read.error().message());
      return End(500);
    }
    piece.resize(*read);
    if (piece.empty()) return End(200);
    if (!call_->exchange().Write(std::move(piece))) return End(499);
  }
}

// An answer that is cut short ends without its last chunk, so that its client sees that: the exchange is let go.
void FileStream::End(int status) {
  if (std::exchange(over_, true)) return;
  call_->Record(status);
  if (status == 200) call_->exchange().Finish();
  generations_.Remove(shared_from_this());
}

}  // namespace pano::api::batches
