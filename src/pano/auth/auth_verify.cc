#include "pano/auth/auth_verify.h"

#include <cstdio>
#include <iostream>
#include <iterator>
#include <string>

#include "app/auth/jose/base64url.h"
#include "app/auth/jose/compact_jws.h"
#include "base/env.h"
#include "base/strings.h"
#include "base/utf8.h"

namespace pano::cli {
namespace {

constexpr size_t kLineBytesMax = 1 << 20;

Result<std::string> VerifiedPayload(const jose::KeySet& keys, std::string_view text) {
  PANO_ASSIGN_OR_RETURN(jose::CompactJws jws, jose::ParseCompactJws(text));
  if (!jose::VerifyJws(jws, keys)) return InvalidArgument("no key of the set made its signature");
  return std::move(jws.payload);
}

Result<std::string> PayloadOfLine(const jose::KeySet& keys, std::string_view line) {
  json::ParseOptions options;
  options.bytes_max = kLineBytesMax;
  PANO_ASSIGN_OR_RETURN(const json::Value request, json::Parse(line, options));
  const json::Value* jws = request.Find("jws");
  if (!jws || !jws->is_string()) return InvalidArgument("expected an object with a text \"jws\"");
  return VerifiedPayload(keys, jws->as_string());
}

// A file may hold one key alone, as most tools write it, and may be the signer's own, with private parts.
Result<jose::KeySet> ReadKeys(const std::string& path) {
  PANO_ASSIGN_OR_RETURN(const std::string text, ReadFile(path, jose::KeySet::kBytesMax));
  const Result<json::Value> value = json::Parse(text);
  const bool alone = value.ok() && value->Find("kty") && !value->Find("keys");
  return jose::KeySet::Parse(alone ? StrCat(R"({"keys":[)", text, "]}") : text, jose::PrivateParts::kIgnore).Wrap(path);
}

// An answer for every line that is not blank; what is wrong with a line is its answer.
int AnswerLines(const jose::KeySet& keys) {
  std::string line;
  while (std::getline(std::cin, line)) {
    if (Trim(line).empty()) continue;
    std::printf("%s\n", json::Dump(VerifyLine(keys, line)).c_str());
    std::fflush(stdout);
  }
  return 0;
}

}  // namespace

json::Value VerifyLine(const jose::KeySet& keys, std::string_view line) {
  const Result<std::string> payload = PayloadOfLine(keys, line);
  json::Value answer;
  answer.Set("valid", payload.ok());
  if (!payload.ok()) {
    answer.Set("payload", json::Value());
    answer.Set("error", payload.error().message());
  } else if (Utf8Valid(*payload)) {
    answer.Set("payload", *payload);
  } else {
    answer.Set("payload_base64url", jose::EncodeBase64Url(*payload));
  }
  return answer;
}

int RunAuthVerify(const Command& self, Args args) {
  std::string jwks;
  bool jsonl = false;
  OptionSet options;
  options.String("jwks", &jwks, "The file with the public keys: a JWK Set, or one JWK.", "FILE");
  options.Flag("jsonl", &jsonl,
               "Read one request a line from stdin ({\"jws\"}), print one answer a line ({\"valid\",\"payload\"}). "
               "Without it, stdin is one JWS and its payload is printed.");
  if (auto code = Parse(self, options, args)) return *code;
  if (jwks.empty()) return FailUsage(self, "--jwks FILE is needed");
  const Result<jose::KeySet> keys = ReadKeys(jwks);
  if (!keys.ok()) return Fail(self, keys.error());
  for (const std::string& skipped : keys->skipped()) {
    std::fprintf(stderr, "pano auth verify: %s: left out: %s\n", Printable(jwks, 400).c_str(), skipped.c_str());
  }
  if (jsonl) return AnswerLines(*keys);
  const std::string input(std::istreambuf_iterator<char>(std::cin), {});
  const Result<std::string> payload = VerifiedPayload(*keys, Trim(input));
  if (!payload.ok()) return Fail(self, payload.error());
  std::fwrite(payload->data(), 1, payload->size(), stdout);
  return 0;
}

}  // namespace pano::cli
