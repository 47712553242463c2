#include "base/env.h"

#include <array>
#include <filesystem>

#include "base/atomic_file.h"
#include "base/strings.h"

namespace pano {
namespace fs = std::filesystem;

Status File::WriteAll(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    PANO_ASSIGN_OR_RETURN(const size_t written, WriteSome(bytes));
    if (written == 0 || written > bytes.size()) return Internal("the file takes no bytes");
    bytes = bytes.subspan(written);
  }
  return {};
}

Result<std::string> ReadFile(const std::string& path, size_t bytes_max, Env& env) {
  if (auto info = env.Stat(path); info.ok() && info->kind == FileInfo::Kind::kFolder) {
    return InvalidArgument(StrCat(path, ": is a folder"));
  }
  PANO_ASSIGN_OR_RETURN(
      const std::unique_ptr<File> file,
      env.Open(path, Env::OpenMode::kRead).Wrap(StrCat(path, ": cannot open")));
  std::string text;
  std::array<std::byte, 65536> buffer;
  while (true) {
    PANO_ASSIGN_OR_RETURN(const size_t read,
                          file->ReadSome(buffer).Wrap(StrCat(path, ": cannot read")));
    if (read == 0) return text;
    text.append(reinterpret_cast<const char*>(buffer.data()), read);
    if (text.size() > bytes_max) {
      return Corruption(StrCat(path, ": is larger than the limit of ", bytes_max, " bytes"));
    }
  }
}

Status WriteFile(const std::string& path, std::string_view text, Env& env) {
  AtomicFile file(path, env);
  PANO_RETURN_IF_ERROR(file.Expect(text.size()));
  PANO_RETURN_IF_ERROR(file.Write(std::as_bytes(std::span(text))));
  return file.Commit();
}

bool FileExists(const std::string& path) {
  const auto info = Env::Real().Stat(path);
  return info.ok() && info->kind == FileInfo::Kind::kFile;
}

bool IsDirectory(const std::string& path) {
  const auto info = Env::Real().Stat(path);
  return info.ok() && info->kind == FileInfo::Kind::kFolder;
}

Result<std::vector<std::string>> ListDirectory(const std::string& path) {
  return Env::Real().List(path).Wrap(StrCat(path, ": cannot list"));
}

std::string EnvironmentVariable(const std::string& name) { return Env::Real().Variable(name); }

std::string JoinPath(std::string_view folder, std::string_view name) {
  return (fs::path(folder) / fs::path(name)).string();
}

std::string_view BaseName(std::string_view path) {
  while (path.size() > 1 && path.back() == '/') path.remove_suffix(1);
  size_t slash = path.rfind('/');
  return slash == std::string_view::npos || path.size() == 1 ? path : path.substr(slash + 1);
}

std::string_view Stem(std::string_view path) {
  std::string_view name = BaseName(path);
  size_t dot = name.rfind('.');
  return dot == std::string_view::npos || dot == 0 ? name : name.substr(0, dot);
}

std::string_view FolderName(std::string_view path) {
  while (path.size() > 1 && path.back() == '/') path.remove_suffix(1);
  size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return ".";
  while (slash > 0 && path[slash - 1] == '/') --slash;
  return path.substr(0, slash == 0 ? 1 : slash);
}

}  // namespace pano
