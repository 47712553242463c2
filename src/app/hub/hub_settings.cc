#include "app/hub/hub_settings.h"

#include "base/strings.h"
#include "base/trusted_certificates.h"

namespace pano::hub {
namespace {

constexpr size_t kTokenBytesMax = 4096;

bool IsTrue(std::string_view value) {
  const std::string lower = ToLower(Trim(value));
  return lower == "1" || lower == "true" || lower == "yes" || lower == "on";
}

// A leading "~" is the home folder, as the shell and huggingface_hub have it.
std::string ExpandHome(const std::string& path, const std::string& home) {
  if (path == "~" || path.starts_with("~/")) return home + path.substr(1);
  return path;
}

std::string FirstSet(Env& env, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    std::string value = env.Variable(name);
    if (!value.empty()) return value;
  }
  return {};
}

Status CheckToken(std::string_view token, std::string_view source) {
  for (char c : token) {
    if (c <= 0x20 || c >= 0x7f) {
      return InvalidArgument(StrCat(source, ": a token has no spaces, control or other such characters"));
    }
  }
  return {};
}

Result<std::string> ReadToken(Env& env, const std::string& home, const std::string& hf_home) {
  if (IsTrue(env.Variable("HF_HUB_DISABLE_IMPLICIT_TOKEN"))) return std::string();
  std::string token(Trim(FirstSet(env, {"HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"})));
  if (!token.empty()) {
    PANO_RETURN_IF_ERROR(CheckToken(token, "HF_TOKEN"));
    return token;
  }
  std::string path = ExpandHome(env.Variable("HF_TOKEN_PATH"), home);
  if (path.empty()) path = JoinPath(hf_home, "token");
  Result<std::string> text = ReadFile(path, kTokenBytesMax, env);
  if (!text.ok()) {
    if (text.error().code() == StatusCode::kNotFound) return std::string();
    return text.error();
  }
  token = Trim(*text);
  PANO_RETURN_IF_ERROR(CheckToken(token, path));
  return token;
}

}  // namespace

Result<HubSettings> HubSettingsFromEnvironment(Env& env) {
  HubSettings settings;
  const std::string home = env.Variable("HOME");
  std::string hf_home = ExpandHome(env.Variable("HF_HOME"), home);
  if (hf_home.empty()) {
    std::string cache = env.Variable("XDG_CACHE_HOME");
    if (cache.empty() && !home.empty()) cache = JoinPath(home, ".cache");
    if (!cache.empty()) hf_home = JoinPath(ExpandHome(cache, home), "huggingface");
  }
  settings.cache_folder = ExpandHome(FirstSet(env, {"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"}), home);
  if (settings.cache_folder.empty()) {
    if (hf_home.empty()) {
      return InvalidArgument("there is no place for models: set HF_HOME, HF_HUB_CACHE or HOME");
    }
    settings.cache_folder = JoinPath(hf_home, "hub");
  }
  settings.offline = IsTrue(FirstSet(env, {"HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"}));
  settings.ca_file = TrustedCertificatesFile(env);
  if (std::string endpoint = env.Variable("HF_ENDPOINT"); !endpoint.empty()) {
    while (endpoint.ends_with('/')) endpoint.pop_back();
    if (!endpoint.starts_with("https://") && !endpoint.starts_with("http://")) {
      return InvalidArgument(StrCat("HF_ENDPOINT: '", Printable(endpoint),
                                    "' does not begin with https:// or http://"));
    }
    settings.endpoint = std::move(endpoint);
  }
  if (!hf_home.empty() || !env.Variable("HF_TOKEN").empty()) {
    PANO_ASSIGN_OR_RETURN(settings.token, ReadToken(env, home, hf_home));
  }
  return settings;
}

}  // namespace pano::hub
