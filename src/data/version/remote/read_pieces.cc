#include "data/version/remote/read_pieces.h"

#include <memory>
#include <vector>

#include "base/strings.h"

namespace pano::remote {

Status ReadPieces(const std::string& path, Env& env, const std::stop_token& stop,
                  const std::function<Status(std::span<const std::byte> piece)>& on_piece) {
  Result<std::unique_ptr<File>> file = env.Open(path, Env::OpenMode::kRead);
  if (!file.ok()) return file.error().Wrap(StrCat("cannot read ", Printable(path, 300)));
  std::vector<std::byte> buffer(1u << 20);
  while (true) {
    if (stop.stop_requested()) return Status(StatusCode::kCancelled, "interrupted");
    const Result<size_t> count = (*file)->ReadSome(buffer);
    if (!count.ok()) return count.error().Wrap(StrCat("cannot read ", Printable(path, 300)));
    if (*count == 0) return {};
    PANO_RETURN_IF_ERROR(on_piece(std::span(buffer).first(*count)));
  }
}

}  // namespace pano::remote
