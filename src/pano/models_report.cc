#include "pano/models_report.h"

#include <algorithm>
#include <ctime>
#include <map>
#include <set>

#include "app/hub/model_name.h"
#include "base/strings.h"
#include "pano/pull_progress.h"

namespace pano::cli {
namespace {

json::Value UserJson(const hub::CacheUser& user) {
  json::Value value;
  value.Set("pid", user.pid);
  value.Set("command", user.command);
  return value;
}

// Those who have one of the blobs mapped: a link's file is mapped by its blob's path.
json::Value UsersOf(const hub::CachedRepo& repo, const std::set<std::string>& etags,
                    const std::vector<hub::CacheUser>& users) {
  json::Array out;
  const std::string folder = StrCat("/models--", repo.folder.substr(repo.folder.rfind("/models--") + 9), "/blobs/");
  for (const hub::CacheUser& user : users) {
    const bool uses = std::any_of(user.paths.begin(), user.paths.end(), [&](const std::string& path) {
      const size_t at = path.find(folder);
      return at != std::string::npos && etags.contains(path.substr(at + folder.size()));
    });
    if (uses) out.push_back(UserJson(user));
  }
  return out;
}

std::string Day(int64_t unix_seconds) {
  const std::time_t when = unix_seconds;
  std::tm parts{};
  char text[32] = "";
  if (::gmtime_r(&when, &parts)) std::strftime(text, sizeof text, "%Y-%m-%d", &parts);
  return text;
}

json::Value Strings(const std::vector<std::string>& texts) {
  return json::Array(texts.begin(), texts.end());
}

// The name that leads to a snapshot: by "main", else by another ref, else by the commit.
std::string NameOf(const hub::CachedRepo& repo, const hub::CachedSnapshot& snapshot,
                   const std::string& selector) {
  hub::ModelName name;
  name.repo = repo.repo;
  name.selector = selector;
  const bool is_main = std::find(snapshot.refs.begin(), snapshot.refs.end(), "main") != snapshot.refs.end();
  if (!is_main) name.revision = snapshot.refs.empty() ? snapshot.commit : snapshot.refs.front();
  return name.Text();
}

std::string UsersText(const json::Value& users) {
  std::string text;
  for (const json::Value& user : users.as_array()) {
    text += StrCat(text.empty() ? "" : ", ", user.Find("command")->as_string(), " (", user.Find("pid")->as_int(), ")");
  }
  return text;
}

std::string Padded(const std::string& text, size_t width) {
  return text.size() < width ? text + std::string(width - text.size(), ' ') : text;
}

}  // namespace

json::Value ListModels(const std::vector<hub::CachedRepo>& repos,
                       const std::vector<hub::CacheUser>& users) {
  json::Array models;
  for (const hub::CachedRepo& repo : repos) {
    for (const hub::CachedSnapshot& snapshot : repo.snapshots) {
      std::map<std::string, const hub::CachedFile*> files;
      for (const hub::CachedFile& file : snapshot.files) files[file.path] = &file;
      for (const hub::CachedName& name : hub::NamesIn(snapshot)) {
        int64_t bytes = 0;
        std::set<std::string> etags;
        for (const std::string& path : name.files) {
          bytes += static_cast<int64_t>(files.at(path)->bytes);
          etags.insert(files.at(path)->etag);
        }
        json::Value model;
        model.Set("name", NameOf(repo, snapshot, name.selector));
        model.Set("path", hub::PathIn(repo, snapshot, name.selector.empty() ? "" : name.files.front()));
        model.Set("commit", snapshot.commit);
        model.Set("refs", Strings(snapshot.refs));
        model.Set("files", static_cast<int64_t>(name.files.size()));
        model.Set("bytes", bytes);
        model.Set("modified", snapshot.modified_unix);
        model.Set("used_by", UsersOf(repo, etags, users));
        models.push_back(std::move(model));
      }
    }
  }
  return models;
}

json::Value ShowRepo(const hub::CachedRepo& repo, const std::vector<hub::CacheUser>& users) {
  json::Value out;
  out.Set("repository", repo.repo);
  out.Set("folder", repo.folder);
  out.Set("bytes", repo.bytes);
  out.Set("incomplete_bytes", repo.incomplete_bytes);
  json::Array revisions;
  std::set<std::string> etags;
  for (const hub::CachedSnapshot& snapshot : repo.snapshots) {
    json::Value revision;
    revision.Set("commit", snapshot.commit);
    revision.Set("refs", Strings(snapshot.refs));
    revision.Set("bytes", snapshot.bytes);
    json::Array names;
    for (const hub::CachedName& name : hub::NamesIn(snapshot)) {
      names.emplace_back(NameOf(repo, snapshot, name.selector));
    }
    revision.Set("names", std::move(names));
    json::Array files;
    for (const hub::CachedFile& file : snapshot.files) {
      json::Value entry;
      entry.Set("path", file.path);
      entry.Set("bytes", file.missing ? json::Value() : json::Value(file.bytes));
      entry.Set("etag", file.etag);
      files.push_back(std::move(entry));
      etags.insert(file.etag);
    }
    revision.Set("files", std::move(files));
    revisions.push_back(std::move(revision));
  }
  out.Set("revisions", std::move(revisions));
  out.Set("used_by", UsersOf(repo, etags, users));
  return out;
}

std::string FormatList(const json::Value& models) {
  if (models.as_array().empty()) return "no models; pano pull hf:ORG/NAME fetches one\n";
  size_t width = 4;
  for (const json::Value& model : models.as_array()) {
    width = std::max(width, Printable(model.Find("name")->as_string(), 200).size());
  }
  std::string text = StrCat(Padded("NAME", width), "  ", Padded("SIZE", 8), "  ", Padded("FILES", 5), "  ",
                            Padded("FETCHED", 10), "  USED BY\n");
  for (const json::Value& model : models.as_array()) {
    std::string line = StrCat(
        Padded(Printable(model.Find("name")->as_string(), 200), width), "  ",
        Padded(ShownBytes(static_cast<uint64_t>(model.Find("bytes")->as_int())), 8), "  ",
        Padded(StrCat(model.Find("files")->as_int()), 5), "  ", Day(model.Find("modified")->as_int()), "  ",
        UsersText(*model.Find("used_by")));
    while (line.ends_with(' ')) line.pop_back();
    text += line + "\n";
  }
  return text;
}

std::string FormatRepo(const json::Value& repo) {
  std::string text = StrCat(repo.Find("repository")->as_string(), "\n  folder   ", repo.Find("folder")->as_string(),
                            "\n  size     ", ShownBytes(static_cast<uint64_t>(repo.Find("bytes")->as_int())), "\n");
  if (const int64_t bytes = repo.Find("incomplete_bytes")->as_int(); bytes > 0) {
    text += StrCat("  parts    ", ShownBytes(static_cast<uint64_t>(bytes)), " of pulls that did not end\n");
  }
  if (const std::string users = UsersText(*repo.Find("used_by")); !users.empty()) {
    text += StrCat("  used by  ", users, "\n");
  }
  for (const json::Value& revision : repo.Find("revisions")->as_array()) {
    std::string refs;
    for (const json::Value& ref : revision.Find("refs")->as_array()) refs += " " + ref.as_string();
    text += StrCat("  revision ", revision.Find("commit")->as_string(), refs, "\n");
    for (const json::Value& name : revision.Find("names")->as_array()) {
      text += StrCat("    name   ", Printable(name.as_string(), 200), "\n");
    }
    for (const json::Value& file : revision.Find("files")->as_array()) {
      const json::Value& bytes = *file.Find("bytes");
      text += StrCat("    ", Padded(bytes.is_null() ? "missing" : ShownBytes(static_cast<uint64_t>(bytes.as_int())), 8),
                     " ", Printable(file.Find("path")->as_string(), 200), "\n");
    }
  }
  return text;
}

}  // namespace pano::cli
