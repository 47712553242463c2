#include "model/tokenizer/formats/testing/sentencepiece_file.h"

#include <bit>
#include <cstdint>

namespace pano::tokenizer::testing {
namespace {

void AppendVarint(std::string& out, uint64_t value) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
  out += static_cast<char>(value);
}

void AppendInt(std::string& out, unsigned field, uint64_t value) {
  AppendVarint(out, field << 3);
  AppendVarint(out, value);
}

void AppendBytes(std::string& out, unsigned field, std::string_view bytes) {
  AppendVarint(out, field << 3 | 2);
  AppendVarint(out, bytes.size());
  out += bytes;
}

void AppendWord(std::string& out, uint32_t word) {
  for (int i = 0; i < 4; ++i) out += static_cast<char>(word >> (8 * i) & 0xff);
}

}  // namespace

std::string SentencePieceFile(const SentencePieceModel& model, std::string_view charsmap) {
  std::string file;
  for (const SentencePieceModel::Piece& piece : model.pieces) {
    std::string message;
    AppendBytes(message, 1, piece.text);
    AppendVarint(message, 2 << 3 | 5);
    AppendWord(message, std::bit_cast<uint32_t>(piece.score));
    AppendInt(message, 3, static_cast<uint64_t>(piece.type));
    AppendBytes(file, 1, message);
  }
  std::string trainer;
  AppendInt(trainer, 3, static_cast<uint64_t>(model.kind));
  AppendInt(trainer, 24, model.rules.whitespace_as_suffix ? 1 : 0);
  AppendInt(trainer, 35, model.byte_fallback ? 1 : 0);
  AppendBytes(trainer, 44, model.unknown_surface);
  AppendBytes(trainer, 46, model.bos_piece);
  AppendBytes(trainer, 47, model.eos_piece);
  AppendBytes(file, 2, trainer);
  std::string normalizer;
  if (!charsmap.empty()) AppendBytes(normalizer, 2, charsmap);
  AppendInt(normalizer, 3, model.rules.add_dummy_prefix ? 1 : 0);
  AppendInt(normalizer, 4, model.rules.remove_extra_whitespaces ? 1 : 0);
  AppendInt(normalizer, 5, model.rules.escape_whitespaces ? 1 : 0);
  AppendBytes(file, 3, normalizer);
  return file;
}

// Unit 0 is the root at offset 256, so the node of a byte is unit 256 ^ byte; its value is at 512 ^ that.
std::string SmallCharsmap(const std::vector<std::pair<char, std::string>>& rules) {
  std::vector<uint32_t> units(1024);
  units[0] = 256u << 10;
  std::string replacements;
  for (const auto& [from, to] : rules) {
    const auto byte = static_cast<unsigned char>(from);
    const uint32_t node = 256u ^ byte;
    units[node] = 512u << 10 | 1u << 8 | byte;
    units[node ^ 512u] = 1u << 31 | static_cast<uint32_t>(replacements.size());
    replacements += to;
    replacements += '\0';
  }
  std::string bytes;
  AppendWord(bytes, static_cast<uint32_t>(units.size() * 4));
  for (uint32_t unit : units) AppendWord(bytes, unit);
  return bytes + replacements;
}

SentencePieceModel SmallSentencePiece(SentencePieceModel::Kind kind, const std::vector<std::string>& pieces) {
  using Type = SentencePieceModel::PieceType;
  SentencePieceModel model;
  model.kind = kind;
  model.pieces = {{"<unk>", 0, Type::kUnknown}, {"<s>", 0, Type::kControl}, {"</s>", 0, Type::kControl}};
  float score = 0;
  for (const std::string& piece : pieces) model.pieces.push_back({piece, score -= 1, Type::kNormal});
  return model;
}

}  // namespace pano::tokenizer::testing
