#include "base/digest/file_digest.h"

#include <memory>
#include <span>
#include <vector>

namespace pano {

Result<FileDigest> DigestOfFile(Env& env, const std::string& path, Digest::Kind kind) {
  constexpr size_t kPiece = 1 << 20;
  PANO_ASSIGN_OR_RETURN(const std::unique_ptr<File> file, env.Open(path, Env::OpenMode::kRead));
  std::vector<std::byte> buffer(kPiece);
  Digest digest(kind);
  FileDigest out;
  while (true) {
    PANO_ASSIGN_OR_RETURN(const size_t count, file->ReadSome(buffer));
    if (count == 0) break;
    out.bytes += count;
    digest.Update(std::span<const std::byte>(buffer).first(count));
  }
  out.hex = digest.Hex();
  return out;
}

}  // namespace pano
