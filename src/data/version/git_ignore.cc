#include "data/version/git_ignore.h"

#include <optional>

#include "base/strings.h"
#include "data/version/ignore.h"

namespace pano::data {
namespace {

constexpr size_t kBytesMax = 16 << 20;

std::string FileBeside(const Repository& repository, const std::string& path) {
  return StrCat(FolderName(repository.Absolute(path)), "/.gitignore");
}

// "/name" with what is special in a pattern escaped.
std::string Line(const std::string& path) {
  std::string out = "/";
  for (const char c : BaseName(path)) {
    if (std::string_view("[]!*#?").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

// The text of a .gitignore, nothing when there is none. A link is not followed: it may lead anywhere.
Result<std::optional<std::string>> Read(DataEnv& env, const std::string& file) {
  const auto info = env.LinkInfo(file);
  if (!info.ok() && info.status().code() == StatusCode::kNotFound) return std::optional<std::string>();
  if (info.ok() && info->kind != EntryInfo::Kind::kFile) return InvalidArgument(file + ": is no regular file");
  auto text = ReadFile(file, kBytesMax, env);
  if (!text.ok()) return text.status().Wrap(file);
  return std::optional<std::string>(*std::move(text));
}

// Whether git ignores the path by a .gitignore between its root and the path. git knows more places, of which none is
// shared with others.
Result<bool> Ignored(const Repository& repository, const std::string& path, bool is_folder) {
  DataEnv& env = repository.env();
  const std::string full = repository.Absolute(path);
  const std::string below = full.substr(repository.git_root().size() + 1);
  for (size_t begin = 0; begin <= below.size();) {   // each folder on the way, then the path itself
    const size_t end = std::min(below.find('/', begin), below.size());
    const std::string_view here = std::string_view(below).substr(0, end);
    int match = -1;
    for (size_t level = 0; level <= begin; ) {        // files from the root down: the last word counts
      const std::string folder = level == 0 ? repository.git_root() : StrCat(repository.git_root(), "/", below.substr(0, level - 1));
      PANO_ASSIGN_OR_RETURN(const auto text, Read(env, folder + "/.gitignore"));
      if (text) {
        auto file = IgnoreFile::Parse(*text);
        if (!file.ok()) return file.status().Wrap(folder + "/.gitignore");
        const int found = file->Match(here.substr(level), end < below.size() || is_folder);
        if (found >= 0) match = found;
      }
      const size_t slash = below.find('/', level);
      if (slash == std::string::npos) break;
      level = slash + 1;
    }
    if (match == 1) return true;
    begin = end + 1;
  }
  return false;
}

}  // namespace

Status AddToGitIgnore(const Repository& repository, const std::string& path) {
  if (repository.git_root().empty()) return {};
  DataEnv& env = repository.env();
  const auto info = env.EntryInfoOf(repository.Absolute(path));
  PANO_ASSIGN_OR_RETURN(const bool ignored, Ignored(repository, path, info.ok() && info->kind == EntryInfo::Kind::kFolder));
  if (ignored) return {};
  const std::string file = FileBeside(repository, path);
  PANO_ASSIGN_OR_RETURN(const auto text, Read(env, file));
  std::string next = text.value_or("");
  if (!next.empty() && !next.ends_with('\n')) next += '\n';
  next += Line(path) + "\n";
  return WriteFile(file, next, env);
}

Status RemoveFromGitIgnore(const Repository& repository, const std::string& path) {
  if (repository.git_root().empty()) return {};
  DataEnv& env = repository.env();
  const std::string file = FileBeside(repository, path);
  PANO_ASSIGN_OR_RETURN(const auto text, Read(env, file));
  if (!text) return {};
  const std::string plain = StrCat("/", BaseName(path)), escaped = Line(path);
  std::string next;
  for (size_t begin = 0; begin < text->size();) {
    size_t end = text->find('\n', begin);
    end = end == std::string::npos ? text->size() : end + 1;
    const std::string_view line = std::string_view(*text).substr(begin, end - begin);
    if (Trim(line) != plain && Trim(line) != escaped) next += line;
    begin = end;
  }
  if (next == *text) return {};
  return next.empty() ? env.Remove(file).Wrap(file) : WriteFile(file, next, env);
}

}  // namespace pano::data
