#include "model/train/run/checkpoint/folder_writer.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "base/digest/digest.h"
#include "base/json.h"
#include "base/random.h"
#include "base/strings.h"
#include "model/train/run/checkpoint/manifest.h"

namespace pano::train {
namespace {

constexpr std::string_view kPrefix = "step-";
constexpr std::string_view kUnfinished = ".tmp-";
// Room that the file system takes for names and the manifest, beside the bytes of the files.
constexpr uint64_t kSlackBytes = 64 << 10;

std::string UnfinishedName(int64_t step) {
  return StrCat(StepFolderName(step), kUnfinished, RandomHex(8));
}

Status DiskFull(uint64_t needed, uint64_t room) {
  return Status(StatusCode::kExhausted, StrCat("needs ", needed, " bytes, the disk has ", room,
                                               " left; free some, or lower checkpoint.keep"))
      .WithReason("disk_full");
}

// The header of a safetensors file whose data begins at a multiple of 64 bytes.
std::string HeaderOf(const CheckpointFile& file) {
  json::Object header;
  if (!file.metadata.empty()) {
    json::Object members;
    for (const auto& [key, value] : file.metadata) members.emplace_back(key, value);
    header.emplace_back("__metadata__", std::move(members));
  }
  uint64_t offset = 0;
  for (const StateTensor& tensor : file.tensors) {
    const uint64_t end = offset + tensor.bytes.size();
    header.emplace_back(
        tensor.name, json::Object{{"dtype", tensor::Describe(tensor.dtype).name},
                                  {"shape", json::Array(tensor.shape.begin(), tensor.shape.end())},
                                  {"data_offsets", json::Array{offset, end}}});
    offset = end;
  }
  std::string text = json::Dump(std::move(header));
  text.append((64 - (text.size() + 8) % 64) % 64, ' ');
  const uint64_t length = text.size();
  std::string out(sizeof length, '\0');
  std::memcpy(out.data(), &length, sizeof length);  // little-endian, as this machine
  return out + text;
}

std::span<const std::byte> BytesOf(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

// One file, synced; its line in the manifest.
Result<Manifest::File> WriteOne(Env& env, const std::string& folder, const CheckpointFile& file) {
  PANO_ASSIGN_OR_RETURN(std::unique_ptr<File> out,
                        env.Open(JoinPath(folder, file.name), Env::OpenMode::kWrite));
  Digest digest(Digest::kSha256);
  uint64_t bytes = 0;
  auto write = [&](std::span<const std::byte> all) -> Status {
    // In pieces, so that hashing reads what is still in the cache.
    constexpr size_t kPiece = 1 << 20;
    for (size_t at = 0; at < all.size(); at += kPiece) {
      const auto piece = all.subspan(at, std::min(kPiece, all.size() - at));
      digest.Update(piece);
      PANO_RETURN_IF_ERROR(out->WriteAll(piece));
      bytes += piece.size();
    }
    return {};
  };
  if (file.is_tensors) {
    PANO_RETURN_IF_ERROR(write(BytesOf(HeaderOf(file))));
    for (const StateTensor& tensor : file.tensors) PANO_RETURN_IF_ERROR(write(tensor.bytes));
  } else {
    PANO_RETURN_IF_ERROR(write(BytesOf(file.text)));
  }
  PANO_RETURN_IF_ERROR(out->Sync());
  PANO_RETURN_IF_ERROR(out->Close());
  return Manifest::File{file.name, bytes, digest.Hex()};
}

Status FillFolder(Env& env, const std::string& folder, const CheckpointContents& contents) {
  Manifest manifest;
  manifest.step = contents.step;
  manifest.best_step = contents.best_step;
  for (const CheckpointFile& file : contents.files) {
    PANO_ASSIGN_OR_RETURN(Manifest::File entry, WriteOne(env, folder, file).Wrap(file.name));
    manifest.files.push_back(std::move(entry));
  }
  PANO_RETURN_IF_ERROR(WriteOne(env, folder, CheckpointFile::Text(kManifestName,
                                                                  DumpManifest(manifest)))
                           .Wrap(kManifestName)
                           .status());
  return env.SyncFolder(folder);
}

// `unfinished` takes the name `target`; what stood there is removed afterwards.
Status TakeName(Env& env, const std::string& folder, const std::string& unfinished,
                int64_t step) {
  const std::string target = JoinPath(folder, StepFolderName(step));
  if (!env.Stat(target).ok()) {
    PANO_RETURN_IF_ERROR(env.Rename(unfinished, target));
    return env.SyncFolder(folder);
  }
  Status status = env.Exchange(unfinished, target);
  if (status.code() == StatusCode::kUnimplemented) {  // a moment without either
    PANO_RETURN_IF_ERROR(RemoveCheckpointFolder(env, folder, step));
    status = env.Rename(unfinished, target);
  }
  PANO_RETURN_IF_ERROR(status);
  PANO_RETURN_IF_ERROR(env.SyncFolder(folder));
  (void)env.RemoveTree(unfinished);  // the old one, by now; RemoveUnfinishedCheckpoints' else
  return {};
}

}  // namespace

std::string StepFolderName(int64_t step) { return StrCat(kPrefix, step); }

int64_t StepOfFolderName(std::string_view name) {
  if (!name.starts_with(kPrefix)) return -1;
  const std::string_view digits = name.substr(kPrefix.size());
  int64_t step = -1;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), step);
  if (error != std::errc() || end != digits.data() + digits.size()) return -1;
  return StepFolderName(step) == name && step >= 0 ? step : -1;
}

Status WriteCheckpointFolder(Env& env, const std::string& folder,
                             const CheckpointContents& contents) {
  const std::string context = JoinPath(folder, StepFolderName(contents.step));
  PANO_RETURN_IF_ERROR(CheckContents(contents).Wrap(context));
  const uint64_t needed = contents.bytes() + kSlackBytes;
  Result<uint64_t> room = env.SpaceLeft(folder);
  if (!room.ok()) return room.error().Wrap(context);
  if (*room < needed) return DiskFull(needed, *room).Wrap(context);

  const std::string unfinished = JoinPath(folder, UnfinishedName(contents.step));
  Status status = env.MakeFolder(unfinished);
  if (status.ok()) status = FillFolder(env, unfinished, contents);
  if (status.ok()) status = TakeName(env, folder, unfinished, contents.step);
  if (!status.ok()) (void)env.RemoveTree(unfinished);
  return status.Wrap(context);
}

Status RemoveCheckpointFolder(Env& env, const std::string& folder, int64_t step) {
  const std::string doomed = JoinPath(folder, UnfinishedName(step));
  PANO_RETURN_IF_ERROR(env.Rename(JoinPath(folder, StepFolderName(step)), doomed)
                           .Wrap(JoinPath(folder, StepFolderName(step))));
  return env.RemoveTree(doomed).Wrap(doomed);
}

void RemoveUnfinishedCheckpoints(Env& env, const std::string& folder) {
  const Result<std::vector<std::string>> names = env.List(folder);
  if (!names.ok()) return;
  for (const std::string& name : *names) {
    const size_t at = name.find(kUnfinished);
    if (at == std::string::npos || StepOfFolderName(name.substr(0, at)) < 0) continue;
    (void)env.RemoveTree(JoinPath(folder, name));
  }
}

}  // namespace pano::train
