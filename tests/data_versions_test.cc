// Known answers that DVC itself made (shared data/golden/dvc, rules in its README): each case is a repository and steps,
// and what is there afterwards is compared with what DVC left. pano-data runs as a user runs it.

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "base/base64.h"
#include "base/env.h"
#include "base/json.h"
#include "base/strings.h"
#include "base/testing/known_answers.h"

namespace pano {
namespace {

namespace fs = std::filesystem;

constexpr int kSecondsMax = 60;
constexpr char kPlaceholder[] = "ROOT";   // of the unpacked tree, in the targets of links

std::string Quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? "'\\''" : std::string(1, c);
  return out + "'";
}

struct Ran {
  int code = -1;
  std::string out, err;
};

// Runs a command line of the shell in `folder`.
Ran Shell(const fs::path& folder, const std::string& command) {
  const fs::path above = folder.parent_path().parent_path();   // beside the unpacked tree
  const fs::path out = above / "stdout.txt", err = above / "stderr.txt";
  const std::string line = StrCat("cd ", Quoted(folder.string()), " && { ", command, "; } >", Quoted(out.string()), " 2>",
                                  Quoted(err.string()), " </dev/null");
  const int state = std::system(line.c_str());
  Ran ran;
  ran.code = WIFEXITED(state) ? WEXITSTATUS(state) : 128;
  ran.out = ReadFile(out.string()).value_or("");
  ran.err = ReadFile(err.string()).value_or("");
  return ran;
}

std::string Program(const json::Value& words) {
  std::string line = StrCat("timeout ", kSecondsMax, " ", Quoted(PANO_DATA_BINARY));
  for (const json::Value& word : words.as_array()) line += " " + Quoted(word.as_string());
  return line;
}

// Gives the links of an unpacked tree that start with the placeholder their targets.
void ResolveLinks(const fs::path& root) {
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    if (!entry.is_symlink()) continue;
    const std::string target = fs::read_symlink(entry.path()).string();
    if (!target.starts_with(kPlaceholder)) continue;
    fs::remove(entry.path());
    fs::create_symlink(root.string() + target.substr(sizeof kPlaceholder - 1), entry.path());
  }
}

void Unpack(const fs::path& archive, const fs::path& to) {
  fs::create_directories(to);
  const std::string line = StrCat("tar -xzf ", Quoted(archive.string()), " -C ", Quoted(to.string()), " --no-same-owner");
  ASSERT_EQ(std::system(line.c_str()), 0) << archive;
  ResolveLinks(to);
}

// What lies at each path below `root`: "link:<target>" or "<x or ->:<bytes>".
std::map<std::string, std::string> Tree(const fs::path& root, bool with_runs) {
  std::map<std::string, std::string> out;
  for (auto it = fs::recursive_directory_iterator(root); it != fs::recursive_directory_iterator(); ++it) {
    const std::string path = it->path().lexically_relative(root).string();
    const bool is_link = it->is_symlink();
    if (!is_link && it->is_directory()) {
      const bool skipped = path.ends_with("/.git") || path.ends_with("/.dvc/tmp") || (!with_runs && path.ends_with("/.dvc/cache/runs"));
      if (skipped) it.disable_recursion_pending();
      continue;
    }
    if (is_link) {
      std::string target = fs::read_symlink(it->path()).string();
      if (target.starts_with(root.string())) target = kPlaceholder + target.substr(root.string().size());
      out[path] = "link:" + target;
      continue;
    }
    const auto permissions = fs::status(it->path()).permissions();
    const bool executable = (permissions & fs::perms::owner_exec) != fs::perms::none;
    const bool object = path.find("/.dvc/cache/files/") != path.npos;
    if (object) {
      EXPECT_EQ(permissions & fs::perms::owner_write, fs::perms::none) << path << " can be written";
    }
    out[path] = StrCat(executable && !object ? "x:" : "-:", ReadFile(it->path().string()).value_or("?"));
  }
  return out;
}

// The same for nodes that mean the same: order of keys aside, defaults of DVC left out.
std::string Meaning(const YAML::Node& node) {
  if (node.IsMap()) {
    std::map<std::string, std::string> members;
    for (const auto& member : node) {
      const std::string key = member.first.Scalar();
      if (key == "cache" && member.second.IsScalar() && member.second.Scalar() == "true") continue;
      members[key] = Meaning(member.second);
    }
    std::string out = "{";
    for (const auto& [key, value] : members) out += key + "=" + value + ";";
    return out + "}";
  }
  if (node.IsSequence()) {
    std::string out = "[";
    for (const auto& item : node) out += Meaning(item) + ";";
    return out + "]";
  }
  if (node.IsNull()) return "null";
  // DVC's YAML library folds a text at U+2028: the spaces behind it are indentation.
  std::string text = node.Scalar();
  constexpr std::string_view kLineSeparator = "\xe2\x80\xa8";
  for (size_t at = text.find(kLineSeparator); at != text.npos; at = text.find(kLineSeparator, at + 1)) {
    const size_t begin = at + kLineSeparator.size(), end = std::min(text.find_first_not_of(' ', begin), text.size());
    text.erase(begin, end - begin);
  }
  return text;
}

std::vector<std::string> Comments(const std::string& text) {
  std::vector<std::string> out;
  for (const std::string_view line : Split(text, '\n')) {
    const size_t at = line.starts_with('#') ? 0 : line.find(" #");
    if (at != line.npos) out.emplace_back(Trim(line.substr(at)));
  }
  return out;
}

bool SameYaml(const std::string& a, const std::string& b, bool with_comments) {
  try {
    if (Meaning(YAML::Load(a.substr(2))) != Meaning(YAML::Load(b.substr(2)))) return false;
  } catch (const YAML::Exception&) {
    return a == b;
  }
  return !with_comments || Comments(a) == Comments(b);
}

// JSON with lists in any order; an empty list or object is as good as none.
json::Value Canonical(const json::Value& value) {
  if (value.is_array()) {
    std::vector<std::pair<std::string, json::Value>> items;
    for (const json::Value& item : value.as_array()) {
      json::Value canonical = Canonical(item);
      items.emplace_back(json::Dump(canonical), canonical);
    }
    std::sort(items.begin(), items.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    json::Value out{json::Array{}};
    for (auto& [text, item] : items) out.Append(item);
    return out;
  }
  if (!value.is_object()) return value;
  std::map<std::string, json::Value> members;
  for (const auto& [key, member] : value.as_object()) {
    json::Value canonical = Canonical(member);
    const bool empty = (canonical.is_array() && canonical.as_array().empty()) || (canonical.is_object() && canonical.as_object().empty());
    if (!empty) members[key] = canonical;
  }
  json::Value out{json::Object{}};
  for (auto& [key, member] : members) out.Set(key, member);
  return out;
}

std::string Text(const json::Value& step, const char* key) {
  const json::Value* value = step.Find(key);
  return value != nullptr && value->is_string() ? value->as_string() : "";
}

void Write(const fs::path& path, const json::Value& step) {
  fs::create_directories(path.parent_path());
  fs::remove(path);
  std::string bytes = Text(step, "text");
  if (const json::Value* encoded = step.Find("b64")) bytes = FromBase64(encoded->as_string()).value_or("");
  std::ofstream(path, std::ios::binary) << bytes;
  if (!Text(step, "mode").empty()) fs::permissions(path, static_cast<fs::perms>(std::stoi(Text(step, "mode"), nullptr, 8)));
}

// One step of a case; "" or what went wrong.
std::string Step(const fs::path& root, const json::Value& step) {
  const fs::path repo = root / "repo";
  if (const json::Value* words = step.Find("run")) {
    const Ran ran = Shell(repo, Program(*words));
    const int64_t expected = step.Find("rc") != nullptr ? step.Find("rc")->as_int() : 0;
    if (ran.code != expected) return StrCat("rc ", ran.code, " of ", json::Dump(*words), ": ", ran.err.substr(0, 600));
    if (const json::Value* answer = step.Find("json")) {
      const auto got = json::Parse(ran.out);
      if (!got.ok()) return StrCat("no JSON of ", json::Dump(*words), ": ", ran.out.substr(0, 200));
      const std::string a = json::Dump(Canonical(*got)), b = json::Dump(Canonical(*answer));
      if (a != b) return StrCat(json::Dump(*words), "\n      got  ", a.substr(0, 1500), "\n      want ", b.substr(0, 1500));
    }
  } else if (step.Find("write") != nullptr) {
    Write(root / Text(step, "write"), step);
  } else if (step.Find("rm") != nullptr) {
    (void)std::system(StrCat("rm -rf ", Quoted((root / Text(step, "rm")).string())).c_str());
  } else if (const json::Value* mv = step.Find("mv")) {
    fs::rename(root / mv->as_array()[0].as_string(), root / mv->as_array()[1].as_string());
  } else if (const json::Value* chmod = step.Find("chmod")) {
    fs::permissions(root / chmod->as_array()[0].as_string(), static_cast<fs::perms>(std::stoi(chmod->as_array()[1].as_string(), nullptr, 8)));
  } else if (const json::Value* link = step.Find("link")) {
    fs::create_symlink(link->as_array()[0].as_string(), root / link->as_array()[1].as_string());
  } else if (step.Find("mkdir") != nullptr) {
    fs::create_directories(root / Text(step, "mkdir"));
  } else if (step.Find("commit") != nullptr) {
    const Ran ran = Shell(repo, "git -c safe.directory='*' add -A && git -c safe.directory='*' -c user.name=t -c user.email=t@t commit -qm x");
    if (ran.code != 0) return "git commit: " + ran.err;
  } else {
    return "a step that this test does not know: " + json::Dump(step);
  }
  return "";
}

std::string FirstDifference(const std::map<std::string, std::string>& got, const std::map<std::string, std::string>& want,
                            bool yaml_by_meaning) {
  std::string out;
  for (const auto& [path, bytes] : want) {
    const auto it = got.find(path);
    if (it == got.end()) {
      out += "missing: " + path + "\n";
    } else if (it->second != bytes) {
      const bool lock = path.ends_with("dvc.lock"), run = path.find("/cache/runs/") != path.npos;
      const bool yaml = lock || run || (yaml_by_meaning && path.ends_with(".dvc"));
      if (yaml && SameYaml(it->second, bytes, !run)) continue;
      out += StrCat("differs: ", path, "\n--- got\n", Printable(it->second, 1200), "\n--- want\n", Printable(bytes, 1200), "\n");
    }
  }
  for (const auto& [path, bytes] : got) {
    if (!want.contains(path)) out += "too much: " + path + "\n";
  }
  return out;
}

class DataVersions : public testing::Test {
 protected:
  void SetUp() override {
    scratch_ = fs::temp_directory_path() / StrCat("pano-data-golden-", ::getpid());
    fs::remove_all(scratch_);
    // Settings of the user who runs the test are not the repository's.
    ::setenv("DVC_GLOBAL_CONFIG_DIR", "/nonexistent", 1);
    ::setenv("DVC_SYSTEM_CONFIG_DIR", "/nonexistent", 1);
  }
  void TearDown() override { (void)std::system(StrCat("rm -rf ", Quoted(scratch_.string())).c_str()); }

  static std::vector<std::string> Names(const std::string& folder) {
    auto names = ListDirectory(folder);
    return names.ok() ? *names : std::vector<std::string>{};
  }
  static bool Chosen(const std::string& name) {
    const char* only = std::getenv("PANO_CASE");
    return only == nullptr || name == only;
  }

  fs::path scratch_;
};

std::string RunCase(const fs::path& folder, const fs::path& root) {
  const auto parsed = json::Parse(ReadFile((folder / "case.json").string()).value_or(""));
  if (!parsed.ok()) return "case.json: " + parsed.status().message();
  Unpack(folder / "before.tar.gz", root);
  size_t number = 0;
  for (const json::Value& step : parsed->Find("steps")->as_array()) {
    const std::string wrong = Step(root, step);
    if (!wrong.empty()) return StrCat("step ", number, ": ", wrong);
    ++number;
  }
  const fs::path after = root.string() + ".after";
  Unpack(folder / "after.tar.gz", after);
  const bool runs = parsed->Find("compare_runs") != nullptr;
  const std::string difference = FirstDifference(Tree(root, runs), Tree(after, runs), parsed->Find("yaml") != nullptr || folder.filename() == "fields");
  if (!difference.empty()) return difference;
  if (Text(*parsed, "link") == "hardlink") {
    for (const auto& entry : fs::recursive_directory_iterator(root / "repo")) {
      if (entry.is_regular_file() && fs::hard_link_count(entry.path()) > 1) return "";
    }
    return "no hard link was made";
  }
  return "";
}

TEST_F(DataVersions, EveryCaseOfDvc) {
  PANO_KNOWN_ANSWERS(SharedAnswers, answers, PANO_SOURCE_DIR, "golden/dvc/cases");
  std::string table;
  for (const std::string& name : Names(answers.path())) {
    if (!Chosen(name)) continue;
    const std::string wrong = RunCase(fs::path(answers.path()) / name, scratch_ / name / "tree");
    table += StrCat("  ", name, std::string(name.size() < 16 ? 16 - name.size() : 1, ' '), wrong.empty() ? "as dvc" : "DIFFERS", "\n");
    EXPECT_EQ(wrong, "") << name;
    answers.Compared(1);
  }
  std::printf("known answers of dvc:\n%s", table.c_str());
}

// What is there before: nothing of it may change, nothing may come.
std::map<std::string, std::string> Snapshot(const fs::path& root) { return Tree(root, /*with_runs=*/true); }

std::string RunBad(const fs::path& folder, const fs::path& root) {
  const auto parsed = json::Parse(ReadFile((folder / "case.json").string()).value_or(""));
  if (!parsed.ok()) return "case.json: " + parsed.status().message();
  Unpack(folder / "before.tar.gz", root);
  auto before = Snapshot(root);
  const auto begin = std::chrono::steady_clock::now();
  const Ran ran = Shell(root / "repo", Program(*parsed->Find("run")));
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  const bool may_pass = parsed->Find("may_pass") != nullptr;
  if (ran.code != parsed->Find("rc")->as_int() && !(may_pass && ran.code == 0)) return StrCat("rc ", ran.code, ": ", ran.err.substr(0, 400));
  if (seconds > 20) return StrCat("took ", seconds, " s");
  if (ran.err.size() > 4000) return StrCat("a message of ", ran.err.size(), " characters");
  if (ran.code != 0 && ran.err.find(Text(*parsed, "names")) == ran.err.npos) return StrCat("does not name '", Text(*parsed, "names"), "': ", ran.err);
  if (const json::Value* untouched = parsed->Find("untouched")) {
    for (const json::Value& path : untouched->as_array()) {
      if (fs::exists(fs::symlink_status(root / path.as_string()))) return StrCat(path.as_string(), " exists");
    }
  }
  if (fs::exists("/PANO_GOLDEN_EVIL")) return "/PANO_GOLDEN_EVIL exists";
  const auto after = Snapshot(root);
  for (const auto& [path, bytes] : before) {
    const auto it = after.find(path);
    if (it == after.end()) return path + " is gone";
    if (it->second != bytes) return path + " has changed";
  }
  for (const auto& [path, bytes] : after) {
    if (!before.contains(path) && !path.starts_with("repo/")) return path + " is new";
  }
  return "";
}

TEST_F(DataVersions, EveryBrokenRepositoryIsRefused) {
  PANO_KNOWN_ANSWERS(SharedAnswers, answers, PANO_SOURCE_DIR, "golden/dvc/bad");
  std::string table;
  for (const std::string& name : Names(answers.path())) {
    if (!Chosen(name)) continue;
    const std::string wrong = RunBad(fs::path(answers.path()) / name, scratch_ / name / "tree");
    table += StrCat("  ", name, std::string(name.size() < 20 ? 20 - name.size() : 1, ' '), wrong.empty() ? "refused" : "WRONG", "\n");
    EXPECT_EQ(wrong, "") << name;
    answers.Compared(1);
  }
  std::printf("broken and hostile repositories:\n%s", table.c_str());
}

}  // namespace
}  // namespace pano
