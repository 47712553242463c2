#include "model/train/bpe_encoder.h"

#include "model/train/byte_level.h"

namespace pano::train {
namespace {

uint64_t Key(int32_t left, int32_t right) {
  return (static_cast<uint64_t>(static_cast<uint32_t>(left)) << 32) | static_cast<uint32_t>(right);
}

}  // namespace

BpeEncoder::BpeEncoder(const BpeVocabulary& vocabulary) : bytes_(vocabulary.bytes) {
  for (size_t rank = 0; rank < vocabulary.merges.size(); ++rank) {
    const BpeMerge& merge = vocabulary.merges[rank];
    ranks_.emplace(Key(merge.left, merge.right), Rank{rank, merge.id});
  }
}

std::vector<int32_t> BpeEncoder::EncodeWord(std::string_view word) const {
  std::vector<int32_t> ids;
  for (char byte : word) ids.push_back(1 + static_cast<unsigned char>(byte));
  while (ids.size() > 1) {
    size_t best_at = 0;
    const Rank* best = nullptr;
    for (size_t i = 0; i + 1 < ids.size(); ++i) {
      auto it = ranks_.find(Key(ids[i], ids[i + 1]));
      if (it == ranks_.end() || (best && it->second.rank >= best->rank)) continue;
      best = &it->second;
      best_at = i;
    }
    if (!best) break;
    ids[best_at] = best->id;
    ids.erase(ids.begin() + static_cast<std::ptrdiff_t>(best_at) + 1);
  }
  return ids;
}

Status BpeEncoder::Encode(std::string_view text, std::vector<int32_t>& ids) {
  PANO_ASSIGN_OR_RETURN(std::vector<std::string_view> words, SplitWords(text));
  for (std::string_view word : words) {
    auto [it, fresh] = known_.try_emplace(std::string(word));
    if (fresh) it->second = EncodeWord(word);
    ids.insert(ids.end(), it->second.begin(), it->second.end());
  }
  return OkStatus();
}

std::string BpeEncoder::Decode(const std::vector<int32_t>& ids) const {
  std::string out;
  for (int32_t id : ids) out.append(bytes_[static_cast<size_t>(id)]);
  return out;
}

}  // namespace pano::train
