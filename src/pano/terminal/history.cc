#include "pano/terminal/history.h"

#include <sys/stat.h>

#include <span>

#include "base/json.h"
#include "base/path_exists.h"
#include "base/strings.h"

namespace pano::terminal {
namespace {

std::string Line(const std::string& entry) { return json::Dump(entry) + "\n"; }

Status MakeFolders(const std::string& path, Env& env) {
  if (path.empty()) return {};
  PANO_ASSIGN_OR_RETURN(const bool there, Exists(path, env));
  if (there) return {};
  const std::string above(FolderName(path));
  if (above != path) PANO_RETURN_IF_ERROR(MakeFolders(above, env));
  const Status made = env.MakeFolder(path);
  return made.code() == StatusCode::kAlreadyExists ? Status() : made.Wrap(path);
}

}  // namespace

PrivateFiles::PrivateFiles() : mask_before_(::umask(077)) {}
PrivateFiles::~PrivateFiles() { ::umask(mask_before_); }

Result<History> History::Open(std::string path, Env& env) {
  History history;
  history.path_ = std::move(path);
  history.env_ = &env;
  PANO_ASSIGN_OR_RETURN(const bool there, Exists(history.path_, env));
  if (!there) {
    const PrivateFiles guard;
    PANO_RETURN_IF_ERROR(MakeFolders(std::string(FolderName(history.path_)), env));
    return history;
  }
  PANO_ASSIGN_OR_RETURN(const std::string text, ReadFile(history.path_, kFileBytesMax, env));
  size_t lines = 0;
  for (std::string_view line : Split(text, '\n')) {
    if (line.empty()) continue;
    ++lines;
    const auto entry = json::Parse(line);
    if (entry.ok() && entry->is_string()) history.Keep(entry->as_string());
  }
  if (lines > 2 * kEntriesMax || text.size() > kFileBytesMax / 2) {
    PANO_RETURN_IF_ERROR(history.Rewrite());
  }
  return history;
}

void History::Keep(std::string entry) {
  if (entry.size() > kEntryBytesMax) return;
  entries_.push_back(std::move(entry));
  if (entries_.size() > kEntriesMax) entries_.pop_front();
}

Status History::Rewrite() const {
  // The newest entries that leave room to grow.
  size_t bytes = 0;
  size_t first = entries_.size();
  while (first > 0 && bytes + entries_[first - 1].size() < kFileBytesMax / 4) {
    bytes += entries_[--first].size();
  }
  std::string text;
  for (size_t i = first; i < entries_.size(); ++i) text += Line(entries_[i]);
  const PrivateFiles guard;
  return WriteFile(path_, text, *env_);
}

Status History::Add(std::string_view entry) {
  if (Trim(entry).empty() || entry.size() > kEntryBytesMax) return {};
  if (!entries_.empty() && entries_.back() == entry) return {};
  Keep(std::string(entry));
  if (path_.empty()) return {};
  const PrivateFiles guard;
  auto file = env_->Open(path_, Env::OpenMode::kAppend);
  if (!file.ok()) return file.error().Wrap(path_);
  const std::string line = Line(entries_.back());
  PANO_RETURN_IF_ERROR((*file)->WriteAll(std::as_bytes(std::span(line))).Wrap(path_));
  return (*file)->Close().Wrap(path_);
}

std::string StateFile(std::string_view name, const Env& env) {
  std::string folder = env.Variable("XDG_STATE_HOME");
  // The specification has relative paths ignored.
  if (folder.empty() || folder[0] != '/') {
    const std::string home = env.Variable("HOME");
    if (home.empty()) return {};
    folder = JoinPath(home, ".local/state");
  }
  return JoinPath(JoinPath(folder, "panorama"), name);
}

}  // namespace pano::terminal
