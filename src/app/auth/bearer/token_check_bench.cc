// What a request pays for its token: the whole way of TryAuthenticate, for a token that is remembered, one
// that is not, and one that is refused. The answer is compared each time.
#include <benchmark/benchmark.h>

#include <string>

#include "app/auth/bearer/bearer_authenticator.h"
#include "app/auth/bearer/testing/fake_issuers.h"

namespace {

using namespace pano;
using jose::Algorithm;

struct Bench {
  Bench(Algorithm algorithm, size_t known_tokens, size_t note_bytes) {
    const jose::SigningKey key = std::move(jose::SigningKey::Generate(algorithm)).value();
    bearer::IssuerSettings settings;
    settings.issuer = "https://issuer.example/realms/main";
    settings.audiences = {"pano"};
    auto own = std::make_shared<bearer::OwnKeys>();
    own->Set(std::move(jose::KeySet::Parse(bearer::testing::KeysOf({key}))).value());
    authenticator = std::move(bearer::MakeBearerAuthenticator({{settings, own, {}}}, Clock::Real(),
                                                              {.known_tokens = known_tokens})).value();
    json::Value claims;
    claims.Set("iss", settings.issuer);
    claims.Set("aud", "pano");
    claims.Set("exp", Clock::Real().UnixSeconds() + 3600);
    claims.Set("iat", Clock::Real().UnixSeconds());
    claims.Set("sub", "3f786850-e387-550f-dab8-36ed7e6dc881");
    claims.Set("client_id", "console");
    claims.Set("jti", "0f7f8a1e-6f4f-4f6e-9d0e-0d8b1c2a3b4c");
    claims.Set("tenant", "acme");
    claims.Set("scope", "openid models:*:read models:starter:predict");
    if (note_bytes > 0) claims.Set("groups", std::string(note_bytes, 'g'));
    header = StrCat("Bearer ", jose::SignCompact(key, "at+jwt", json::Dump(claims)).value());
  }
  std::unique_ptr<auth::Authenticator> authenticator;
  std::string header;
};

void Run(benchmark::State& state, const Bench& bench, const std::string& header, bool good) {
  for (auto _ : state) {
    const std::optional<Result<auth::Principal>> who = bench.authenticator->TryAuthenticate({header});
    if (!who || who->ok() != good || (good && (*who)->tenant != "acme")) {
      state.SkipWithError("another answer than it should be");
      break;
    }
  }
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(header.size()));
}

void KnownToken(benchmark::State& state, Algorithm algorithm, size_t note_bytes) {
  const Bench bench(algorithm, 4096, note_bytes);
  Run(state, bench, bench.header, true);
}
void NewToken(benchmark::State& state, Algorithm algorithm) {
  const Bench bench(algorithm, 0, 0);
  Run(state, bench, bench.header, true);
}
void BadSignature(benchmark::State& state, Algorithm algorithm) {
  const Bench bench(algorithm, 4096, 0);
  std::string header = bench.header;
  char& c = header[header.size() - 20];
  c = c == 'A' ? 'B' : 'A';
  Run(state, bench, header, false);
}

BENCHMARK_CAPTURE(KnownToken, ES256, Algorithm::kEs256, 0);
BENCHMARK_CAPTURE(KnownToken, RS256, Algorithm::kRs256, 0);
BENCHMARK_CAPTURE(KnownToken, RS256_7KiB, Algorithm::kRs256, 4800);
BENCHMARK_CAPTURE(NewToken, RS256, Algorithm::kRs256);
BENCHMARK_CAPTURE(NewToken, PS256, Algorithm::kPs256);
BENCHMARK_CAPTURE(NewToken, ES256, Algorithm::kEs256);
BENCHMARK_CAPTURE(NewToken, EdDSA, Algorithm::kEdDsa);
BENCHMARK_CAPTURE(BadSignature, RS256, Algorithm::kRs256);

}  // namespace
