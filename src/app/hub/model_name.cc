#include "app/hub/model_name.h"

#include <algorithm>
#include <vector>

#include "base/strings.h"

namespace pano::hub {
namespace {

constexpr std::string_view kScheme = "hf:";
constexpr std::string_view kForm = "hf:ORG/NAME[@REVISION][:FILE-or-TYPE]";

bool IsAlphanumeric(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool IsControl(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

bool IsRepoPart(std::string_view part) {
  if (part.empty() || !std::all_of(part.begin(), part.end(), [](char c) {
        return IsAlphanumeric(c) || c == '.' || c == '_' || c == '-';
      })) {
    return false;
  }
  auto is_edge = [](char c) { return c == '.' || c == '-'; };
  return !is_edge(part.front()) && !is_edge(part.back());
}

Status Wrong(std::string_view text, std::string_view what) {
  return InvalidArgument(
      StrCat("'", Printable(text, 200), "': ", what, "; a model's name is ", kForm));
}

}  // namespace

std::string ModelName::Text() const {
  return StrCat(kScheme, repo, revision == "main" ? "" : StrCat("@", revision),
                selector.empty() ? "" : StrCat(":", selector));
}

bool IsRegistryName(std::string_view text) {
  return text.starts_with(kScheme) || text.starts_with("oci:") || text.starts_with("ollama:");
}

Result<ModelName> ParseModelName(std::string_view text) {
  if (!text.starts_with(kScheme)) {
    if (!IsRegistryName(text)) return Wrong(text, "does not begin with 'hf:'");
    return Unimplemented(StrCat("'", Printable(text, 200), "': models of ",
                                text.substr(0, text.find(':')),
                                " registries are not supported; only ", kForm));
  }
  ModelName name;
  std::string_view rest = text.substr(kScheme.size());
  if (rest.starts_with("//")) rest.remove_prefix(2);  // as huggingface_hub writes its own names
  // No repository and no revision has a ':', so the first one begins the selector; a file's name may
  // hold both signs.
  if (const size_t colon = rest.find(':'); colon != std::string_view::npos) {
    name.selector = rest.substr(colon + 1);
    rest = rest.substr(0, colon);
    if (name.selector.empty()) return Wrong(text, "nothing follows the ':'");
    if (!IsFilePath(name.selector)) return Wrong(text, "what follows the ':' is no file and no type");
  }
  if (const size_t at = rest.find('@'); at != std::string_view::npos) {
    name.revision = rest.substr(at + 1);
    name.revision_given = true;
    rest = rest.substr(0, at);
    if (!IsRevision(name.revision)) {
      return Wrong(text, "what follows the '@' is no branch, tag or commit");
    }
  }
  name.repo = rest;
  if (!IsRepoName(name.repo)) return Wrong(text, "has no valid ORG/NAME");
  return name;
}

bool IsRepoName(std::string_view text) {
  if (text.size() > 96 || text.find("--") != std::string_view::npos ||
      text.find("..") != std::string_view::npos || text.ends_with(".git")) {
    return false;
  }
  const std::vector<std::string_view> parts = Split(text, '/');
  return parts.size() <= 2 && std::all_of(parts.begin(), parts.end(), IsRepoPart);
}

bool IsRevision(std::string_view text) {
  if (text.empty() || text.size() > 255 || text.find("..") != std::string_view::npos ||
      text.find("@{") != std::string_view::npos || text == "@") {
    return false;
  }
  for (char c : text) {
    if (IsControl(c) || std::string_view(" ~^:?*[\\").find(c) != std::string_view::npos) return false;
  }
  const std::vector<std::string_view> parts = Split(text, '/');
  return std::all_of(parts.begin(), parts.end(), [](std::string_view part) {
    return !part.empty() && part.front() != '.' && part.back() != '.' && !part.ends_with(".lock");
  });
}

bool IsCommit(std::string_view text) {
  return text.size() == 40 && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

bool IsFilePath(std::string_view text) {
  if (text.empty() || text.size() > 512) return false;
  for (char c : text) {
    if (IsControl(c) || c == '\\') return false;
  }
  const std::vector<std::string_view> parts = Split(text, '/');
  return std::all_of(parts.begin(), parts.end(), [](std::string_view part) {
    return !part.empty() && part.size() <= 255 && part != "." && part != ".." && part != ".git";
  });
}

}  // namespace pano::hub
