#include "data/version/dvc_file.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <set>

#include "base/check.h"
#include "base/strings.h"
#include "base/yaml/document.h"
#include "base/yaml/values.h"
#include "data/version/relative_path.h"

namespace pano::data {
namespace {

constexpr yaml::DocumentLimits kLimits{.bytes_max = 16 << 20, .nodes_max = 1 << 20, .depth_max = 64};
constexpr size_t kEntriesMax = 1 << 20;

std::string FolderOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == path.npos ? "" : path.substr(0, slash);
}

Result<bool> Flag(const YAML::Node& node, std::string_view place, std::string_view key, bool fallback) {
  const YAML::Node value = node[std::string(key)];
  if (!value.IsDefined() || value.IsNull()) return fallback;
  return yaml::Bool(value, yaml::Join(place, key));
}

Result<std::optional<uint64_t>> Count(const YAML::Node& node, std::string_view place, std::string_view key) {
  const YAML::Node value = node[std::string(key)];
  if (!value.IsDefined() || value.IsNull()) return std::optional<uint64_t>();
  PANO_ASSIGN_OR_RETURN(const int64_t count, yaml::Integer(value, yaml::Join(place, key), 0, INT64_MAX));
  return std::optional<uint64_t>(static_cast<uint64_t>(count));
}

}  // namespace

Result<Output> ReadOutput(const YAML::Node& node, std::string_view place, std::string_view folder, const std::string& source) {
  if (!node.IsMap()) return yaml::Wrong(node, place, "is no mapping");
  PANO_RETURN_IF_ERROR(yaml::Entries(node, place, kEntriesMax).status());   // no key twice
  Output out;
  out.source = source;
  out.line = node.Mark().line + 1;
  const YAML::Node path = node["path"];
  if (!path.IsDefined()) return yaml::Wrong(node, place, "has no path");
  PANO_ASSIGN_OR_RETURN(std::string written, yaml::Text(path, yaml::Join(place, "path")));
  // DVC's YAML library breaks a line behind U+2028 and U+2029, which are line breaks of YAML 1.1; what it adds is
  // indentation.
  for (const std::string_view separator : {"\xe2\x80\xa8", "\xe2\x80\xa9"}) {
    for (size_t at = written.find(separator); at != written.npos; at = written.find(separator, at + 1)) {
      const size_t begin = at + separator.size(), end = std::min(written.find_first_not_of(' ', begin), written.size());
      written.erase(begin, end - begin);
    }
  }
  if (written.find("://") != written.npos) {
    return yaml::Wrong(path, yaml::Join(place, "path"), "is an address: data outside of the repository is not supported");
  }
  auto resolved = Resolve(folder, written);
  if (!resolved.ok()) return yaml::Wrong(path, yaml::Join(place, "path"), resolved.status().message());
  if (resolved->empty()) return yaml::Wrong(path, yaml::Join(place, "path"), "is the repository itself");
  for (const std::string_view own : {".dvc", ".git"}) {
    if (Within(*resolved, own)) return yaml::Wrong(path, yaml::Join(place, "path"), StrCat("lies in ", own));
  }
  out.path = *std::move(resolved);

  HashName hash = HashName::kMd5Dos2Unix;
  if (const YAML::Node name = node["hash"]; name.IsDefined()) {
    PANO_ASSIGN_OR_RETURN(const std::string text, yaml::Text(name, yaml::Join(place, "hash")));
    if (text != "md5") return yaml::Wrong(name, yaml::Join(place, "hash"), StrCat("is '", Printable(text), "'; only md5 is known"));
    hash = HashName::kMd5;
  }
  if (const YAML::Node md5 = node["md5"]; md5.IsDefined() && !md5.IsNull()) {
    PANO_ASSIGN_OR_RETURN(const std::string text, yaml::Text(md5, yaml::Join(place, "md5")));
    auto id = ObjectId::Parse(text, hash);
    if (!id.ok()) return yaml::Wrong(md5, yaml::Join(place, "md5"), id.status().message());
    out.id = *id;
  }
  PANO_ASSIGN_OR_RETURN(out.bytes, Count(node, place, "size"));
  PANO_ASSIGN_OR_RETURN(out.files, Count(node, place, "nfiles"));
  PANO_ASSIGN_OR_RETURN(out.executable, Flag(node, place, "isexec", false));
  PANO_ASSIGN_OR_RETURN(out.cached, Flag(node, place, "cache", true));
  PANO_ASSIGN_OR_RETURN(out.persist, Flag(node, place, "persist", false));
  PANO_ASSIGN_OR_RETURN(out.push, Flag(node, place, "push", true));
  if (const YAML::Node remote = node["remote"]; remote.IsDefined() && !remote.IsNull()) {
    PANO_ASSIGN_OR_RETURN(out.remote, yaml::Text(remote, yaml::Join(place, "remote")));
  }
  out.has_files = node["files"].IsDefined();
  return out;
}

DvcFile DvcFile::For(const Output& output, std::string path) {
  std::string text = "outs:\n";
  const auto field = [&](std::string_view key, std::string_view value) {
    text += StrCat(text == "outs:\n" ? "- " : "  ", key, ": ", value, "\n");
  };
  if (output.id) field("md5", output.id->ToString());
  if (output.bytes) field("size", StrCat(*output.bytes));
  if (output.files) field("nfiles", StrCat(*output.files));
  if (output.executable) field("isexec", "true");
  field("hash", "md5");
  field("path", YamlScalar(RelativeTo(FolderOf(path), output.path)));
  auto file = Parse(std::move(text), std::move(path));
  PANO_CHECK(file.ok());   // what we write can be read
  return *std::move(file);
}

Result<DvcFile> DvcFile::Parse(std::string text, std::string path) {
  auto yaml = YamlText::Parse(std::move(text));
  if (!yaml.ok()) return yaml.status().Wrap(path);
  DvcFile file(std::move(path), *std::move(yaml));
  const Status status = yaml::ReadDocument(file.text(), kLimits, [&](const YAML::Node& root) -> Status {
    if (!root.IsMap()) return yaml::Wrong(root, "the file", "is no mapping with `outs`");
    PANO_RETURN_IF_ERROR(yaml::Entries(root, "", kEntriesMax).status());
    std::string folder = FolderOf(file.path_);
    if (const YAML::Node wdir = root["wdir"]; wdir.IsDefined()) {
      PANO_ASSIGN_OR_RETURN(const std::string written, yaml::Text(wdir, "wdir"));
      auto resolved = Resolve(folder, written);
      if (!resolved.ok()) return yaml::Wrong(wdir, "wdir", resolved.status().message());
      folder = *std::move(resolved);
    }
    file.wdir_ = folder;
    file.imported_ = root["deps"].IsDefined();
    PANO_ASSIGN_OR_RETURN(const bool frozen, Flag(root, "", "frozen", false));
    const YAML::Node outs = root["outs"];
    if (!outs.IsDefined() || outs.IsNull()) return OkStatus();
    if (!outs.IsSequence()) return yaml::Wrong(outs, "outs", "is no list");
    std::set<std::string> paths;
    size_t i = 0;
    for (const YAML::Node& node : outs) {
      const std::string place = StrCat("outs[", i++, "]");
      PANO_ASSIGN_OR_RETURN(Output output, ReadOutput(node, place, folder, file.path_));
      output.frozen = file.imported_ || frozen;
      if (!paths.insert(output.path).second) return yaml::Wrong(node, place, StrCat("has the path '", output.path, "' a second time"));
      file.outputs_.push_back(std::move(output));
    }
    return OkStatus();
  });
  if (!status.ok()) return status.Wrap(file.path_);
  return file;
}

Result<DvcFile> DvcFile::Load(const Repository& repository, const std::string& path) {
  auto text = ReadFile(repository.Absolute(path), kLimits.bytes_max + 1, repository.env());
  if (!text.ok()) return text.status().Wrap(path);
  return Parse(*std::move(text), path);
}

Status DvcFile::Update(size_t i, const Output& output) {
  PANO_CHECK(i < outputs_.size());
  const auto at = [&](std::string key) { return YamlPath{std::string("outs"), i, std::move(key)}; };
  const auto set = [&](std::string key, const std::optional<std::string>& value) {
    return value ? yaml_.SetPlain(at(std::move(key)), *value) : yaml_.Remove(at(std::move(key)));
  };
  const auto number = [](const std::optional<uint64_t>& n) { return n ? std::optional(StrCat(*n)) : std::nullopt; };
  PANO_RETURN_IF_ERROR(set("md5", output.id ? std::optional(output.id->ToString()) : std::nullopt));
  PANO_RETURN_IF_ERROR(set("size", number(output.bytes)));
  PANO_RETURN_IF_ERROR(set("nfiles", number(output.files)));
  PANO_RETURN_IF_ERROR(set("isexec", output.executable ? std::optional<std::string>("true") : std::nullopt));
  const bool current = !output.id || output.id->hash == HashName::kMd5;
  if (current) PANO_RETURN_IF_ERROR(set("hash", "md5"));
  // Defaults that are written out vanish, as with DVC.
  const Output& old = outputs_[i];
  if (old.cached) PANO_RETURN_IF_ERROR(yaml_.Remove(at("cache")));
  if (!old.persist) PANO_RETURN_IF_ERROR(yaml_.Remove(at("persist")));
  if (old.push) PANO_RETURN_IF_ERROR(yaml_.Remove(at("push")));
  PANO_ASSIGN_OR_RETURN(DvcFile updated, Parse(yaml_.text(), path_));
  *this = std::move(updated);
  return {};
}

Status DvcFile::SetPath(size_t i, std::string_view written) {
  return yaml_.SetScalar(YamlPath{std::string("outs"), i, std::string("path")}, written);
}

Status DvcFile::Save(const Repository& repository) const {
  return WriteFile(repository.Absolute(path_), text(), repository.env());
}

}  // namespace pano::data
