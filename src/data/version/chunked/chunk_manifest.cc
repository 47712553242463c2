#include "data/version/chunked/chunk_manifest.h"

#include <algorithm>

#include "base/json.h"
#include "base/strings.h"

namespace pano::chunked {
namespace {

constexpr size_t kBytesMax = 64u << 20;

bool IsHex(std::string_view text, size_t digits) {
  return text.size() == digits &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

Result<uint64_t> Number(const json::Value* value, std::string_view what) {
  if (value == nullptr || !value->is_int() || value->as_int() < 0)
    return Corruption(StrCat("the manifest's ", what, " is no number"));
  return static_cast<uint64_t>(value->as_int());
}

}  // namespace

bool IsPackName(std::string_view name) { return IsHex(name, 64); }

std::string Manifest::Text() const {
  json::Value root;
  root.Set("format", "pano-chunks-1");
  root.Set("md5", md5);
  root.Set("bytes", bytes);
  root.Set("average", static_cast<int64_t>(rule.average));
  json::Array names(packs.begin(), packs.end());
  root.Set("packs", std::move(names));
  json::Array list;
  for (const Run& run : runs)
    list.push_back(json::Array{static_cast<int64_t>(run.pack), json::Value(run.offset),
                               json::Value(run.bytes)});
  root.Set("runs", std::move(list));
  return json::Dump(root) + "\n";
}

Result<Manifest> ParseManifest(std::string_view text) {
  Result<json::Value> root = json::Parse(text, {.depth_max = 4, .bytes_max = kBytesMax});
  if (!root.ok()) return Corruption(StrCat("the manifest is no JSON: ", root.error().message()));
  const json::Value* format = root->Find("format");
  if (format == nullptr || !format->is_string() || format->as_string() != "pano-chunks-1")
    return Corruption("no manifest of chunks of a version that is known");
  Manifest manifest;
  const json::Value* md5 = root->Find("md5");
  if (md5 == nullptr || !md5->is_string() || !IsHex(md5->as_string(), 32))
    return Corruption("the manifest's md5 is none");
  manifest.md5 = md5->as_string();
  PANO_ASSIGN_OR_RETURN(manifest.bytes, Number(root->Find("bytes"), "size"));
  PANO_ASSIGN_OR_RETURN(const uint64_t average, Number(root->Find("average"), "average"));
  manifest.rule.average = static_cast<uint32_t>(std::min<uint64_t>(average, UINT32_MAX));
  if (!IsValid(manifest.rule))
    return Corruption("the manifest's average is no power of two from 256 to 1048576");
  const json::Value *packs = root->Find("packs"), *runs = root->Find("runs");
  if (packs == nullptr || !packs->is_array() || runs == nullptr || !runs->is_array())
    return Corruption("the manifest lacks packs or runs");
  for (const json::Value& name : packs->as_array()) {
    if (!name.is_string() || !IsPackName(name.as_string()))
      return Corruption("the manifest names a pack that can be none");
    manifest.packs.push_back(name.as_string());
  }
  uint64_t sum = 0;
  for (const json::Value& entry : runs->as_array()) {
    if (!entry.is_array() || entry.as_array().size() != 3)
      return Corruption("a run of the manifest is not pack, offset, size");
    Run run;
    PANO_ASSIGN_OR_RETURN(const uint64_t pack, Number(&entry.as_array()[0], "pack"));
    PANO_ASSIGN_OR_RETURN(run.offset, Number(&entry.as_array()[1], "offset"));
    PANO_ASSIGN_OR_RETURN(run.bytes, Number(&entry.as_array()[2], "size"));
    if (pack >= manifest.packs.size()) return Corruption("a run of the manifest is of no pack");
    if (run.bytes > manifest.bytes - sum)
      return Corruption("the runs of the manifest are more than the file");
    run.pack = static_cast<uint32_t>(pack);
    sum += run.bytes;
    manifest.runs.push_back(run);
  }
  if (sum != manifest.bytes) return Corruption("the runs of the manifest are less than the file");
  return manifest;
}

}  // namespace pano::chunked
