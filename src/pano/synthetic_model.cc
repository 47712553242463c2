#include "pano/synthetic_model.h"

#include <sys/mman.h>

#include <cstring>
#include <map>

#include "base/random.h"
#include "base/strings.h"
#include "model/tensor/half.h"

namespace pano::cli {
namespace {

using tensor::DType;

struct SizeRow {
  std::string_view name;
  int64_t hidden, ffn, layers, heads, kv_heads, vocab;
};
// The shapes of published Llama models of that size.
constexpr SizeRow kSizes[] = {
    {"160m", 768, 3072, 12, 12, 12, 32000},
    {"1b", 2048, 8192, 16, 32, 8, 128256},
    {"3b", 3072, 8192, 28, 24, 8, 128256},
};

// Anonymous memory, unmapped when destroyed.
class Memory {
 public:
  explicit Memory(size_t bytes) : bytes_(bytes) {
    void* p = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    data_ = p == MAP_FAILED ? nullptr : static_cast<std::byte*>(p);
  }
  ~Memory() {
    if (data_) ::munmap(data_, bytes_);
  }
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;
  std::byte* data() { return data_; }

 private:
  std::byte* data_;
  size_t bytes_;
};

class SyntheticWeights final : public format::Weights {
 public:
  Status Add(const std::string& name, DType dtype, tensor::Shape shape, uint64_t seed) {
    PANO_ASSIGN_OR_RETURN(size_t bytes, tensor::ByteSize(dtype, shape));
    auto memory = std::make_unique<Memory>(bytes);
    if (!memory->data()) {
      return Status(StatusCode::kExhausted, StrCat("no memory for ", bytes, " bytes of ", name));
    }
    Fill(dtype, memory->data(), bytes, seed);
    views_[name] = {dtype, std::move(shape), memory->data(), bytes};
    memory_.push_back(std::move(memory));
    total_ += bytes;
    return {};
  }
  const tensor::TensorView* Find(std::string_view name) const override {
    auto it = views_.find(name);
    return it == views_.end() ? nullptr : &it->second;
  }
  std::vector<std::string> Names() const override {
    std::vector<std::string> names;
    for (const auto& [name, view] : views_) names.push_back(name);
    return names;
  }
  size_t FileBytes() const override { return total_; }

 private:
  // Small values of both signs; a pattern of a prime number of elements, repeated, is random enough.
  static void Fill(DType dtype, std::byte* out, size_t bytes, uint64_t seed) {
    constexpr size_t kPattern = 4093;
    const tensor::DTypeInfo& info = tensor::Describe(dtype);
    std::vector<std::byte> pattern(kPattern * info.block_bytes);
    Random random(seed);
    for (size_t i = 0; i < kPattern; ++i) {
      std::byte* at = &pattern[i * info.block_bytes];
      const float value = static_cast<float>(random.Normal()) * 0.02f;
      if (dtype == DType::kQ8_0) {
        tensor::Q8Block block;
        block.scale = tensor::FloatToHalf(0.0004f);
        for (int8_t& q : block.quants) q = static_cast<int8_t>(static_cast<int>(random.Below(255)) - 127);
        std::memcpy(at, &block, sizeof block);
      } else if (dtype == DType::kF32) {
        std::memcpy(at, &value, sizeof value);
      } else {
        uint16_t bits = dtype == DType::kF16 ? tensor::FloatToHalf(value) : tensor::FloatToBFloat(value);
        std::memcpy(at, &bits, sizeof bits);
      }
    }
    for (size_t at = 0; at < bytes; at += pattern.size()) {
      std::memcpy(out + at, pattern.data(), std::min(pattern.size(), bytes - at));
    }
  }

  std::map<std::string, tensor::TensorView, std::less<>> views_;
  std::vector<std::unique_ptr<Memory>> memory_;
  size_t total_ = 0;
};

Status AddAll(SyntheticWeights& weights, const SizeRow& size, DType dtype) {
  uint64_t seed = 1;
  const int64_t kv = size.hidden / size.heads * size.kv_heads;
  auto matrix = [&](const std::string& name, int64_t out, int64_t in) {
    return weights.Add(name + ".weight", dtype, {out, in}, seed++);
  };
  PANO_RETURN_IF_ERROR(matrix("model.embed_tokens", size.vocab, size.hidden));
  PANO_RETURN_IF_ERROR(weights.Add("model.norm.weight", DType::kF32, {size.hidden}, seed++));
  for (int64_t layer = 0; layer < size.layers; ++layer) {
    const std::string p = StrCat("model.layers.", layer, ".");
    for (const char* norm : {"input_layernorm", "post_attention_layernorm"}) {
      PANO_RETURN_IF_ERROR(weights.Add(p + norm + ".weight", DType::kF32, {size.hidden}, seed++));
    }
    PANO_RETURN_IF_ERROR(matrix(p + "self_attn.q_proj", size.hidden, size.hidden));
    PANO_RETURN_IF_ERROR(matrix(p + "self_attn.k_proj", kv, size.hidden));
    PANO_RETURN_IF_ERROR(matrix(p + "self_attn.v_proj", kv, size.hidden));
    PANO_RETURN_IF_ERROR(matrix(p + "self_attn.o_proj", size.hidden, size.hidden));
    PANO_RETURN_IF_ERROR(matrix(p + "mlp.gate_proj", size.ffn, size.hidden));
    PANO_RETURN_IF_ERROR(matrix(p + "mlp.up_proj", size.ffn, size.hidden));
    PANO_RETURN_IF_ERROR(matrix(p + "mlp.down_proj", size.hidden, size.ffn));
  }
  return {};
}

}  // namespace

Result<format::ModelFiles> MakeSyntheticModel(std::string_view name) {
  const size_t dash = name.rfind('-');
  const std::string_view shape = name.substr(0, dash);
  std::string type(dash == std::string_view::npos ? "" : name.substr(dash + 1));
  for (char& c : type) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  auto dtype = tensor::DTypeByName(type);
  const bool known = dtype && (*dtype == DType::kF32 || *dtype == DType::kF16 ||
                               *dtype == DType::kBF16 || *dtype == DType::kQ8_0);
  for (const SizeRow& size : kSizes) {
    if (size.name != shape || !known) continue;
    auto weights = std::make_shared<SyntheticWeights>();
    PANO_RETURN_IF_ERROR(AddAll(*weights, size, *dtype));
    format::ModelFiles files;
    files.path = StrCat("synthetic ", name);
    files.weights = weights;
    files.config.Set("model_type", "llama");
    files.config.Set("vocab_size", size.vocab);
    files.config.Set("hidden_size", size.hidden);
    files.config.Set("intermediate_size", size.ffn);
    files.config.Set("num_hidden_layers", size.layers);
    files.config.Set("num_attention_heads", size.heads);
    files.config.Set("num_key_value_heads", size.kv_heads);
    files.config.Set("max_position_embeddings", 8192);
    files.config.Set("tie_word_embeddings", true);
    return files;
  }
  return InvalidArgument(StrCat("--synthetic: '", Printable(name),
                                "' is not {160m,1b,3b}-{f32,f16,bf16,q8_0}"));
}

}  // namespace pano::cli
