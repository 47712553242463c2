// What a hub may answer: listings and indexes of shards, and the choice of files from them.
#include <cstdint>
#include <string_view>

#include "app/hub/etag.h"
#include "app/hub/file_choice.h"
#include "app/hub/model_name.h"
#include "app/hub/repo_listing.h"
#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace pano::hub;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const pano::Result<RepoListing> listing = ParseRepoListing(text);
  std::vector<std::string> paths = {"model.safetensors", "model-00001-of-00002.safetensors"};
  if (listing.ok()) {
    PANO_CHECK(IsCommit(listing->commit));
    for (const RepoFile& file : listing->files) {
      PANO_CHECK(IsFilePath(file.path));
      PANO_CHECK(file.etag.empty() || KindOfEtag(file.etag) != EtagKind::kUnknown);
      PANO_CHECK(!file.size || *file.size <= kFileBytesMax);
      PANO_CHECK(listing->Find(file.path) == &file);
    }
    paths = listing->Paths();
    for (std::string_view selector : {"", "Q4_K_M", "q8_0", "x.gguf", "model.safetensors"}) {
      const pano::Result<FileChoice> choice = ChooseFiles(paths, selector);
      if (!choice.ok()) continue;
      for (const std::string& file : choice->files) PANO_CHECK(listing->Find(file) != nullptr);
      PANO_CHECK(choice->open.empty() || listing->Find(choice->open) != nullptr);
    }
  }
  const pano::Result<std::vector<std::string>> shards = ShardsOf(text, paths);
  if (shards.ok()) {
    for (const std::string& shard : *shards) PANO_CHECK(IsFilePath(shard));
  }
  return 0;
}
