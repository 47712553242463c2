#include "model/nn/weight_names.h"

#include "base/strings.h"

namespace pano::nn {

std::string PutNumber(std::string name, std::string_view mark, int64_t number) {
  const size_t at = name.find(mark);
  return at == std::string::npos ? name : name.replace(at, mark.size(), StrCat(number));
}

bool IsBuffer(std::string_view tensor) {
  for (std::string_view end : {"rotary_emb.inv_freq", ".attn.bias", ".attn.masked_bias",
                               ".attention.bias", ".attention.masked_bias", "position_ids"}) {
    if (tensor.ends_with(end)) return true;
  }
  return false;
}

}  // namespace pano::nn
