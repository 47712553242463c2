#include "data/version/md5_stream.h"

#include <openssl/evp.h>

#include <algorithm>
#include <string>

#include "base/check.h"

namespace pano::data {
namespace {

struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

const EVP_MD* Algorithm() {
  // Fetched once: looking it up by name takes longer than hashing a small file.
  static EVP_MD* const md5 = EVP_MD_fetch(nullptr, "MD5", "fips=no");
  return md5 != nullptr ? md5 : EVP_md5();
}

// Bytes that texts have: DVC's table is printable ASCII and \n \r \t \f \b.
bool IsTextByte(unsigned char c) { return (c >= 32 && c < 127) || c == '\n' || c == '\r' || c == '\t' || c == '\f' || c == '\b'; }

bool LooksLikeText(std::string_view sample) {
  if (sample.find('\0') != sample.npos) return false;
  size_t other = 0;
  for (const char c : sample) other += IsTextByte(static_cast<unsigned char>(c)) ? 0 : 1;
  // other / size <= 0.3, in whole numbers; an empty file is a text.
  return other * 10 <= sample.size() * 3;
}

}  // namespace

struct Md5Stream::State {
  std::unique_ptr<EVP_MD_CTX, FreeContext> context{EVP_MD_CTX_new()};
  HashName hash = HashName::kMd5;
  bool decided = false, text = false, held_return = false;
  std::string sample;   // until it is decided

  void Update(std::string_view bytes) {
    PANO_CHECK(EVP_DigestUpdate(context.get(), bytes.data(), bytes.size()) == 1);
  }
  // CR LF becomes LF; a CR at the end waits for what follows it.
  void UpdateText(std::string_view bytes) {
    std::string out;
    out.reserve(bytes.size() + 1);
    for (const char c : bytes) {
      if (held_return && c != '\n') out.push_back('\r');
      held_return = c == '\r';
      if (!held_return) out.push_back(c);
    }
    Update(out);
  }
  void Take(std::string_view bytes) { text ? UpdateText(bytes) : Update(bytes); }
  void Decide() {
    decided = true;
    text = LooksLikeText(std::string_view(sample).substr(0, kSampleBytes));
    Take(sample);
    sample.clear();
  }
  void Begin() {
    PANO_CHECK(EVP_DigestInit_ex2(context.get(), Algorithm(), nullptr) == 1);
    decided = hash == HashName::kMd5;
    text = held_return = false;
    sample.clear();
  }
};

Md5Stream::Md5Stream(HashName hash) : state_(std::make_unique<State>()) {
  state_->hash = hash;
  state_->Begin();
}
Md5Stream::~Md5Stream() = default;
Md5Stream::Md5Stream(Md5Stream&&) noexcept = default;
Md5Stream& Md5Stream::operator=(Md5Stream&&) noexcept = default;

void Md5Stream::Append(std::span<const std::byte> bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (state_->decided) return state_->Take(text);
  state_->sample.append(text);
  if (state_->sample.size() >= kSampleBytes) state_->Decide();
}

Md5 Md5Stream::Finish() {
  if (!state_->decided) state_->Decide();
  if (state_->held_return) state_->Update("\r");
  Md5 out;
  unsigned size = 0;
  PANO_CHECK(EVP_DigestFinal_ex(state_->context.get(), out.bytes.data(), &size) == 1 && size == out.bytes.size());
  state_->Begin();
  return out;
}

Md5 Md5Of(std::string_view text, HashName hash) {
  Md5Stream stream(hash);
  stream.Append(text);
  return stream.Finish();
}

}  // namespace pano::data
