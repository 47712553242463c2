#include "data/version/config.h"

#include <set>

#include "base/strings.h"

namespace pano::data {
namespace {

// A quoted text at the start of `text`, and what follows it; false where it does not end.
bool TakeQuoted(std::string_view text, std::string* out, std::string_view* rest) {
  const size_t end = text.find(text.front(), 1);
  if (end == text.npos) return false;
  *out = text.substr(1, end - 1);
  *rest = Trim(text.substr(end + 1));
  return true;
}

bool IsQuote(char c) { return c == '"' || c == '\''; }

// A value as configobj reads it with list_values off: quotes around the whole are taken off, '#' begins a comment.
bool ReadValue(std::string_view text, std::string* out) {
  text = Trim(text);
  std::string_view rest;
  if (!text.empty() && IsQuote(text.front())) {
    std::string quoted;
    if (TakeQuoted(text, &quoted, &rest) && (rest.empty() || rest.front() == '#')) {
      *out = quoted;
      return true;
    }
    return false;
  }
  *out = Trim(text.substr(0, text.find('#')));
  return true;
}

// "[name]", "['remote \"x\"']": the name between the brackets.
bool ReadSection(std::string_view line, std::string* out) {
  std::string_view text = Trim(line.substr(1));
  std::string_view rest;
  if (!text.empty() && IsQuote(text.front())) {
    if (!TakeQuoted(text, out, &rest) || rest.empty() || rest.front() != ']') return false;
    rest = Trim(rest.substr(1));
  } else {
    const size_t end = text.find(']');
    if (end == text.npos || end == 0 || text.front() == '[') return false;
    *out = Trim(text.substr(0, end));
    rest = Trim(text.substr(end + 1));
  }
  *out = ToLower(*out);
  return rest.empty() || rest.front() == '#';
}

std::string FolderKey(std::string_view section, std::string_view key) { return StrCat(section, "\n", key); }

}  // namespace

Status Config::Merge(std::string_view text, const std::string& path) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  Section* section = nullptr;
  std::string name;
  std::set<std::string> seen, keys;   // in this file
  int number = 0;
  for (std::string_view line : Split(text, '\n')) {
    ++number;
    line = Trim(line);
    if (line.empty() || line.front() == '#') continue;
    const auto wrong = [&](std::string_view why) {
      return InvalidArgument(StrCat(path, ": line ", number, ": ", why, ": '", Printable(line), "'"));
    };
    if (line.front() == '[') {
      if (!ReadSection(line, &name)) return wrong("no section ([name] or ['remote \"name\"'])");
      if (!seen.insert(name).second) return wrong("the section stands twice");
      section = &sections_[name];
      keys.clear();
      continue;
    }
    const size_t equals = line.find('=');
    if (equals == line.npos || equals == 0) return wrong("neither a section nor 'key = value'");
    if (section == nullptr) return wrong("a key before the first section");
    std::string key = ToLower(Trim(line.substr(0, equals)));
    if (key.size() >= 2 && IsQuote(key.front()) && key.back() == key.front()) key = key.substr(1, key.size() - 2);
    std::string value;
    if (!ReadValue(line.substr(equals + 1), &value)) return wrong("a quote without its end");
    if (!keys.insert(key).second) return wrong("the key stands twice in its section");
    folders_[FolderKey(name, key)] = std::string(FolderName(path));
    (*section)[key] = std::move(value);
  }
  return {};
}

Result<Config> Config::Load(const std::string& dvc_folder, DataEnv& env) {
  const auto folder = [&](const char* variable, const std::string& otherwise) {
    const std::string value = env.Variable(variable);
    return value.empty() ? otherwise : value;
  };
  const std::string home = folder("HOME", "/");
  const std::string levels[] = {
      folder("DVC_SYSTEM_CONFIG_DIR", "/etc/xdg/dvc") + "/config",
      folder("DVC_GLOBAL_CONFIG_DIR", folder("XDG_CONFIG_HOME", home + "/.config") + "/dvc") + "/config",
      dvc_folder + "/config",
      dvc_folder + "/config.local",
  };
  Config config;
  for (const std::string& path : levels) {
    const auto text = ReadFile(path, kBytesMax, env);
    if (text.ok()) {
      PANO_RETURN_IF_ERROR(config.Merge(*text, path));
    } else if (text.status().code() != StatusCode::kNotFound) {
      return text.status().Wrap(StrCat("config: cannot read ", path));
    }
  }
  return config;
}

const Config::Section* Config::Find(std::string_view section) const {
  const auto it = sections_.find(section);
  return it == sections_.end() ? nullptr : &it->second;
}

std::string Config::Get(std::string_view section, std::string_view key) const {
  const Section* found = Find(section);
  if (found == nullptr) return "";
  const auto it = found->find(key);
  return it == found->end() ? "" : it->second;
}

bool Config::GetBool(std::string_view section, std::string_view key, bool fallback) const {
  const std::string value = ToLower(Get(section, key));
  if (value == "true" || value == "yes" || value == "on" || value == "1") return true;
  if (value == "false" || value == "no" || value == "off" || value == "0") return false;
  return fallback;
}

std::string Config::FolderOf(std::string_view section, std::string_view key) const {
  const auto it = folders_.find(FolderKey(section, key));
  return it == folders_.end() ? "" : it->second;
}

std::vector<std::string> Config::Remotes() const {
  constexpr std::string_view kPrefix = "remote \"";
  std::vector<std::string> names;
  for (const auto& [name, section] : sections_) {
    if (name.starts_with(kPrefix) && name.ends_with('"')) {
      names.push_back(name.substr(kPrefix.size(), name.size() - kPrefix.size() - 1));
    }
  }
  return names;
}

Result<Config::Section> Config::Remote(std::string_view name) const {
  const Section* section = Find(StrCat("remote \"", ToLower(name), "\""));
  if (section == nullptr) return NotFound(StrCat("there is no remote '", Printable(name), "' in the config"));
  return *section;
}

}  // namespace pano::data
