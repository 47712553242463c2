#include "app/hub/pull.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "app/hub/etag.h"
#include "app/hub/file_choice.h"
#include "app/hub/file_lock.h"
#include "app/hub/hub_client.h"
#include "app/hub/hub_url.h"
#include "app/hub/partial_blob.h"
#include "app/hub/repo_cache.h"
#include "app/hub/repo_listing.h"
#include "app/hub/snapshot.h"
#include "base/curl/url.h"
#include "base/retry.h"
#include "base/strings.h"

namespace pano::hub {
namespace {

constexpr size_t kListingBytesMax = 64u << 20;
constexpr uint64_t kIndexBytesMax = 64u << 20;
constexpr size_t kFilesMax = 10'000;                  // of one model
constexpr uint64_t kRoomToSpare = 16u << 20;          // for links, refs and what else the disk needs

// Calls `ask` until it is ok or no further try is worth it.
template <typename Ask>
Status WithRetries(const TransferOptions& options, const std::stop_token& stop, Ask ask) {
  return Retry(options.retry, Clock::Real(), stop, [&]() -> Attempt {
    AnswerHead head;
    Status status = ask(&head);
    return {std::move(status), head.retry_after_seconds};
  }, options.on_retry);
}

// One pull; a step a method.
class Puller {
 public:
  Puller(const ModelName& name, const HubSettings& settings, const PullOptions& options,
         const std::stop_token& stop)
      : name_(name),
        settings_(settings),
        options_(options),
        stop_(stop),
        cache_(settings.cache_folder, name.repo),
        client_(settings, options.transfer.client) {}

  Result<PullResult> Run() {
    PANO_ASSIGN_OR_RETURN(listing_, FetchListing(name_, settings_, client_, options_.transfer, stop_));
    paths_ = listing_.Paths();
    Result<FileChoice> choice = ChooseFiles(paths_, name_.selector);
    if (!choice.ok()) return choice.error().Wrap(name_.Text());
    PANO_RETURN_IF_ERROR(MakeRepoFolders());
    std::vector<std::string> files = choice->files;
    if (!choice->index.empty()) {
      PANO_ASSIGN_OR_RETURN(const std::vector<std::string> shards, FetchIndex(choice->index));
      files.insert(files.end(), shards.begin(), shards.end());
    }
    if (files.size() > kFilesMax) {
      return Status(StatusCode::kExhausted, StrCat(name_.Text(), ": consists of more than ", kFilesMax, " files"));
    }
    PANO_ASSIGN_OR_RETURN(const std::vector<BlobSpec> blobs, Describe(files));
    PANO_RETURN_IF_ERROR(CheckSpace(files, blobs));
    PANO_RETURN_IF_ERROR(Transfer(blobs));
    for (size_t i = 0; i < files.size(); ++i) {
      PANO_RETURN_IF_ERROR(LinkFile(cache_, listing_.commit, files[i], blobs[i].etag));
    }
    PANO_RETURN_IF_ERROR(WriteRef(cache_, name_.revision, listing_.commit));
    result_.files = std::move(files);
    result_.model.repo = name_.repo;
    result_.model.commit = listing_.commit;
    const std::string folder = cache_.SnapshotFolder(listing_.commit);
    result_.model.path = choice->open.empty() ? folder : JoinPath(folder, choice->open);
    return std::move(result_);
  }

 private:
  Status MakeRepoFolders() {
    for (const std::string& folder :
         {StrCat(cache_.folder(), "/blobs"), StrCat(cache_.folder(), "/refs"),
          cache_.SnapshotFolder(listing_.commit), cache_.LockFolder()}) {
      PANO_RETURN_IF_ERROR(MakeFolders(folder));
    }
    return {};
  }

  // Where a mirror's listing lacks sizes or hashes, the file's own headers have them.
  Result<BlobSpec> DescribeOne(const std::string& path) {
    const RepoFile* file = listing_.Find(path);
    BlobSpec blob{file->etag, file->size.value_or(0),
                  FileUrl(settings_.endpoint, name_.repo, listing_.commit, path), path};
    if (!file->etag.empty() && file->size) return blob;
    AnswerHead head;
    PANO_RETURN_IF_ERROR(WithRetries(options_.transfer, stop_, [&](AnswerHead* answer) {
      Status status = client_.GetHead(blob.url, stop_, answer);
      head = *answer;
      return status;
    }));
    if (!head.repo_commit.empty() && head.repo_commit != listing_.commit) {
      return Corruption(StrCat(ShownUrl(blob.url), ": is of another commit than the listing, ",
                               Printable(head.repo_commit)));
    }
    if (file->etag.empty()) blob.etag = head.linked_etag.empty() ? head.etag : head.linked_etag;
    if (KindOfEtag(blob.etag) == EtagKind::kUnknown) {
      return Unimplemented(StrCat(ShownUrl(blob.url), ": the hub gives no hash to check it by, but '",
                                  Printable(blob.etag), "'"));
    }
    if (!file->size) {
      const bool answered_by_hub = head.location.empty();
      const std::optional<uint64_t> size =
          head.linked_size ? head.linked_size : answered_by_hub ? head.content_length : std::nullopt;
      if (!size || *size > kFileBytesMax) {
        return Corruption(StrCat(ShownUrl(blob.url), ": the hub does not say how large it is"));
      }
      blob.size = *size;
    }
    return blob;
  }

  Result<std::vector<BlobSpec>> Describe(const std::vector<std::string>& files) {
    std::vector<BlobSpec> blobs;
    for (const std::string& path : files) {
      PANO_ASSIGN_OR_RETURN(BlobSpec blob, DescribeOne(path));
      blobs.push_back(std::move(blob));
    }
    return blobs;
  }

  // The names of the shards; the index lies in the cache then.
  Result<std::vector<std::string>> FetchIndex(const std::string& index) {
    PANO_ASSIGN_OR_RETURN(const BlobSpec blob, DescribeOne(index));
    if (blob.size > kIndexBytesMax) {
      return Status(StatusCode::kExhausted, StrCat(index, ": is larger than ", kIndexBytesMax, " bytes"));
    }
    TransferOptions quiet = options_.transfer;
    quiet.on_progress = nullptr;
    PANO_RETURN_IF_ERROR(Transfer({blob}, quiet));
    PANO_ASSIGN_OR_RETURN(const std::string text, ReadFile(cache_.BlobPath(blob.etag), kIndexBytesMax));
    return ShardsOf(text, paths_).Wrap(StrCat(name_.Text(), ": ", index));
  }

  Status CheckSpace(const std::vector<std::string>& files, const std::vector<BlobSpec>& blobs) {
    PullPlan plan;
    plan.commit = listing_.commit;
    plan.files = files;
    uint64_t needed = 0;
    std::set<std::string> seen;
    for (const BlobSpec& blob : blobs) {
      if (!seen.insert(blob.etag).second) continue;
      plan.bytes_total += blob.size;
      if (IsThere(blob)) continue;
      plan.bytes_missing += blob.size;
      const uint64_t there = PartialBlob::BytesOnDisk(cache_.PartialPath(blob.etag));
      needed += blob.size - std::min(blob.size, there);
    }
    result_.bytes_total = plan.bytes_total;
    if (options_.on_plan) options_.on_plan(plan);
    if (needed == 0) return {};
    PANO_ASSIGN_OR_RETURN(const uint64_t room, options_.env->SpaceLeft(cache_.folder()));
    if (room >= needed + kRoomToSpare) return {};
    return Status(StatusCode::kExhausted,
                  StrCat(settings_.cache_folder, ": ", needed + kRoomToSpare, " bytes are needed, ", room,
                         " are free"))
        .WithReason("disk_full");
  }

  Status Transfer(const std::vector<BlobSpec>& blobs) { return Transfer(blobs, options_.transfer); }

  // A cache that has everything is not written to: it may be read-only.
  Status Transfer(const std::vector<BlobSpec>& blobs, const TransferOptions& options) {
    if (std::all_of(blobs.begin(), blobs.end(), [this](const BlobSpec& blob) { return IsThere(blob); })) {
      return {};
    }
    BlobTransfer transfer(cache_, settings_, options, blobs);
    Status status = transfer.Run(stop_);
    result_.bytes_fetched += transfer.State().bytes_fetched;
    return status;
  }

  bool IsThere(const BlobSpec& blob) const {
    const Result<FileInfo> info = Env::Real().Stat(cache_.BlobPath(blob.etag));
    return info.ok() && info->bytes == blob.size;
  }

  const ModelName& name_;
  const HubSettings& settings_;
  const PullOptions& options_;
  const std::stop_token stop_;
  const RepoCache cache_;
  HubClient client_;
  RepoListing listing_;
  std::vector<std::string> paths_;
  PullResult result_;
};

}  // namespace

Result<RepoListing> FetchListing(const ModelName& name, const HubSettings& settings, HubClient& client,
                                 const TransferOptions& options, const std::stop_token& stop) {
  const std::string url = ListingUrl(settings.endpoint, name.repo, name.revision);
  std::string text;
  PANO_RETURN_IF_ERROR(WithRetries(options, stop, [&](AnswerHead* head) -> Status {
                         PANO_ASSIGN_OR_RETURN(text, client.GetText(url, kListingBytesMax, stop, head));
                         return {};
                       }).Wrap(name.Text()));
  PANO_ASSIGN_OR_RETURN(RepoListing listing, ParseRepoListing(text).Wrap(ShownUrl(url)));
  if (IsCommit(name.revision) && listing.commit != name.revision) {
    return Corruption(StrCat(ShownUrl(url), ": is of another commit, ", listing.commit));
  }
  return listing;
}

Result<PullResult> Pull(const ModelName& name, const HubSettings& settings,
                        const PullOptions& options, const std::stop_token& stop) {
  if (IsCommit(name.revision) || settings.offline) {
    Result<CachedModel> cached = FindCachedModel(name, settings);
    if (cached.ok()) {
      PullResult result;
      result.model = std::move(*cached);
      return result;
    }
    if (settings.offline) return cached.error().Wrap("HF_HUB_OFFLINE is set");
  }
  return Puller(name, settings, options, stop).Run();
}

}  // namespace pano::hub
