#include "pano/chat/attachments.h"

#include <algorithm>

#include "base/strings.h"
#include "base/utf8.h"

namespace pano::chat {
namespace {

constexpr std::string_view kSpaces = " \t\n";
constexpr std::string_view kPunctuation = ",.;:!?)";
constexpr size_t kPathsMax = 1000;
constexpr size_t kFilesMax = 64;

bool IsSpace(char c) { return kSpaces.find(c) != std::string_view::npos; }

Result<std::string> ReadText(const std::string& path, Env& env) {
  PANO_ASSIGN_OR_RETURN(const FileInfo info, env.Stat(path).Wrap(StrCat("@", Printable(path, 400))));
  if (info.kind != FileInfo::Kind::kFile) {
    return InvalidArgument(StrCat("@", Printable(path, 400), ": is ",
                                  info.kind == FileInfo::Kind::kFolder ? "a folder" : "no file"));
  }
  const auto too_large = [&](uint64_t bytes) {
    return Status(StatusCode::kExhausted,
                  StrCat("@", Printable(path, 400), ": has ", bytes, " bytes; at most ",
                         kAttachmentBytesMax, " of a file fit into a message"));
  };
  if (info.bytes > kAttachmentBytesMax) return too_large(info.bytes);
  PANO_ASSIGN_OR_RETURN(std::string text, ReadFile(path, kAttachmentBytesMax, env));
  if (text.find('\0') != std::string::npos || !Utf8Valid(text)) {
    return InvalidArgument(
        StrCat("@", Printable(path, 400), ": is no text (binary, or not UTF-8)"));
  }
  return text;
}

bool Exists(std::string_view path, const Env& env) { return env.Stat(ExpandHome(path, env)).ok(); }

// The path behind '@' at the start of `rest`, which it is taken from.
Result<std::string> TakePath(std::string_view& rest, const Env& env) {
  if (rest.starts_with('"')) {
    const size_t end = rest.find('"', 1);
    if (end == std::string_view::npos) return InvalidArgument("@\"...: a quote does not end");
    std::string path(rest.substr(1, end - 1));
    rest.remove_prefix(end + 1);
    return path;
  }
  const size_t end = std::min(rest.find_first_of(kSpaces), rest.size());
  // "see @notes.txt, please": a sign behind the name is none of it, unless there is such a file.
  size_t length = end;
  while (length > 1 && !Exists(rest.substr(0, length), env) &&
         kPunctuation.find(rest[length - 1]) != std::string_view::npos) {
    --length;
  }
  if (!Exists(rest.substr(0, length), env)) length = end;
  std::string path(rest.substr(0, length));
  rest.remove_prefix(length);
  return path;
}

// A fence that does not occur in the text.
std::string Fence(std::string_view text) {
  size_t longest = 2, run = 0;
  for (char c : text) {
    run = c == '`' ? run + 1 : 0;
    longest = std::max(longest, run);
  }
  return std::string(longest + 1, '`');
}

}  // namespace

std::string ExpandHome(std::string_view path, const Env& env) {
  if (path != "~" && !path.starts_with("~/")) return std::string(path);
  const std::string home = env.Variable("HOME");
  return home.empty() ? std::string(path) : StrCat(home, path.substr(1));
}

Result<AttachedText> AttachFiles(std::string_view message, Env& env) {
  AttachedText out;
  std::string blocks;
  size_t total = 0;
  bool at_word = true;
  for (std::string_view rest = message; !rest.empty();) {
    const char c = rest[0];
    if (c != '@' || !at_word || rest.size() == 1 || IsSpace(rest[1])) {
      out.text.push_back(c);
      at_word = IsSpace(c);
      rest.remove_prefix(1);
      continue;
    }
    rest.remove_prefix(1);
    at_word = false;
    if (rest.starts_with('@')) {
      out.text.push_back('@');
      rest.remove_prefix(1);
      continue;
    }
    PANO_ASSIGN_OR_RETURN(const std::string name, TakePath(rest, env));
    if (out.files.size() == kFilesMax) {
      return Status(StatusCode::kExhausted, StrCat("a message takes at most ", kFilesMax, " files"));
    }
    Result<std::string> read = ReadText(ExpandHome(name, env), env);
    if (!read.ok()) return read.error();
    total += read->size();
    if (total > kAttachedBytesMax) {
      return Status(StatusCode::kExhausted,
                    StrCat("the files of one message may have ", kAttachedBytesMax,
                           " bytes together; without @", Printable(name, 400), " they fit"));
    }
    out.text += name;
    out.files.push_back(StrCat(name, " (", read->size(), " bytes)"));
    const std::string fence = Fence(*read);
    blocks += StrCat("\n\n", name, ":\n", fence, "\n", *read,
                     read->empty() || read->ends_with('\n') ? "" : "\n", fence);
  }
  out.text += blocks;
  return out;
}

std::vector<std::string> PathsWith(std::string_view word, const Env& env) {
  if (!word.starts_with('@') || word.starts_with("@\"")) return {};
  const std::string_view path = word.substr(1);
  const size_t slash = path.rfind('/');
  const std::string_view above = slash == path.npos ? "" : path.substr(0, slash + 1);
  const std::string_view start = path.substr(above.size());
  const auto names = env.List(above.empty() ? "." : ExpandHome(above, env));
  if (!names.ok()) return {};
  std::vector<std::string> out;
  for (const std::string& name : *names) {
    const bool is_hidden = name.starts_with('.') && !start.starts_with('.');
    if (is_hidden || !name.starts_with(start) || name.find_first_of(kSpaces) != name.npos) continue;
    std::string candidate = StrCat("@", above, name);
    const auto info = env.Stat(ExpandHome(StrCat(above, name), env));
    if (info.ok() && info->kind == FileInfo::Kind::kFolder) candidate.push_back('/');
    out.push_back(std::move(candidate));
    if (out.size() == kPathsMax) break;
  }
  return out;
}

}  // namespace pano::chat
