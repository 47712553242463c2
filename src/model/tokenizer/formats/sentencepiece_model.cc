#include "model/tokenizer/formats/sentencepiece_model.h"

#include <array>
#include <optional>

#include "base/strings.h"
#include "base/utf8.h"
#include "model/tokenizer/formats/wire_reader.h"
#include "model/tokenizer/models/vocabulary.h"
#include "model/tokenizer/text/byte_piece.h"

namespace pano::tokenizer {
namespace {

using PieceType = SentencePieceModel::PieceType;

// Calls read(field) for every field of a message.
template <typename Read>
Status ReadMessage(std::string_view message, const Read& read) {
  WireReader reader(message);
  WireField field;
  while (true) {
    PANO_ASSIGN_OR_RETURN(const bool more, reader.Next(field));
    if (!more) return {};
    PANO_RETURN_IF_ERROR(read(field));
  }
}

Status ReadText(const WireField& field, std::string& text) {
  PANO_ASSIGN_OR_RETURN(const std::string_view bytes, field.Bytes());
  if (!Utf8Valid(bytes)) return Corruption(StrCat("field ", field.number, ": no UTF-8"));
  text = bytes;
  return {};
}

Status ReadFlag(const WireField& field, bool& flag) {
  PANO_ASSIGN_OR_RETURN(flag, field.Bool());
  return {};
}

Status ReadPiece(std::string_view message, SentencePieceModel& model) {
  if (model.pieces.size() > static_cast<size_t>(kTokenIdMax)) return Corruption("too many pieces");
  SentencePieceModel::Piece& piece = model.pieces.emplace_back();
  return ReadMessage(message, [&](const WireField& field) -> Status {
    switch (field.number) {
      case 1: return ReadText(field, piece.text);
      case 2: {
        PANO_ASSIGN_OR_RETURN(piece.score, field.Float());
        return {};
      }
      case 3: {
        PANO_ASSIGN_OR_RETURN(const int64_t type, field.Int());
        if (type < 1 || type > 6) return Unimplemented(StrCat("pieces of type ", type));
        piece.type = static_cast<PieceType>(type);
        return {};
      }
      default: return {};
    }
  });
}

Status ReadTrainer(std::string_view message, SentencePieceModel& model) {
  return ReadMessage(message, [&](const WireField& field) -> Status {
    switch (field.number) {
      case 3: {
        PANO_ASSIGN_OR_RETURN(const int64_t kind, field.Int());
        if (kind < 1 || kind > 4) return Unimplemented(StrCat("a model of type ", kind));
        model.kind = static_cast<SentencePieceModel::Kind>(kind);
        return {};
      }
      case 24: return ReadFlag(field, model.rules.whitespace_as_suffix);
      case 35: return ReadFlag(field, model.byte_fallback);
      case 44: return ReadText(field, model.unknown_surface);
      case 46: return ReadText(field, model.bos_piece);
      case 47: return ReadText(field, model.eos_piece);
      default: return {};
    }
  });
}

Status ReadNormalizer(std::string_view message, SentencePieceRules& rules) {
  return ReadMessage(message, [&](const WireField& field) -> Status {
    switch (field.number) {
      case 2: {
        PANO_ASSIGN_OR_RETURN(const std::string_view bytes, field.Bytes());
        if (bytes.empty()) return {};
        PANO_ASSIGN_OR_RETURN(rules.charsmap, Charsmap::Parse(bytes));
        return {};
      }
      case 3: return ReadFlag(field, rules.add_dummy_prefix);
      case 4: return ReadFlag(field, rules.remove_extra_whitespaces);
      case 5: return ReadFlag(field, rules.escape_whitespaces);
      default: return {};
    }
  });
}

Status RefuseDenormalizer(std::string_view message) {
  return ReadMessage(message, [](const WireField& field) -> Status {
    if (field.number != 2 || field.bytes.empty()) return {};
    return Unimplemented("a denormaliser is not supported");
  });
}

// What the original refuses to load as well.
Status Check(const SentencePieceModel& model) {
  std::array<bool, 256> bytes{};
  size_t unknown_count = 0;
  for (size_t id = 0; id < model.pieces.size(); ++id) {
    const SentencePieceModel::Piece& piece = model.pieces[id];
    if (piece.text.empty()) return Corruption(StrCat("piece ", id, " is empty"));
    if (piece.type == PieceType::kUnknown) ++unknown_count;
    if (piece.type != PieceType::kByte) continue;
    const std::optional<unsigned char> byte = ByteOfPiece(piece.text);
    if (!byte || !model.byte_fallback) {
      return Corruption(StrCat("piece ", id, " ('", Printable(piece.text), "') is no byte here"));
    }
    bytes[*byte] = true;
  }
  if (unknown_count != 1) return Corruption(StrCat(unknown_count, " unknown pieces where one belongs"));
  for (size_t byte = 0; model.byte_fallback && byte < 256; ++byte) {
    if (!bytes[byte]) return Corruption(StrCat("byte fallback without a piece for byte ", byte));
  }
  return {};
}

}  // namespace

Result<SentencePieceModel> ParseSentencePieceModel(std::string_view bytes) {
  SentencePieceModel model;
  PANO_RETURN_IF_ERROR(ReadMessage(bytes, [&](const WireField& field) -> Status {
    if (field.number < 1 || field.number > 5 || field.number == 4) return {};   // 4: its self-test
    PANO_ASSIGN_OR_RETURN(const std::string_view message, field.Bytes());
    switch (field.number) {
      case 1: return ReadPiece(message, model).Wrap(StrCat("piece ", model.pieces.size() - 1));
      case 2: return ReadTrainer(message, model).Wrap("trainer_spec");
      case 3: return ReadNormalizer(message, model.rules).Wrap("normalizer_spec");
      default: return RefuseDenormalizer(message);
    }
  }));
  PANO_RETURN_IF_ERROR(Check(model));
  for (const SentencePieceModel::Piece& piece : model.pieces) {
    if (piece.type == PieceType::kUserDefined) model.rules.verbatim.push_back(piece.text);
  }
  return model;
}

}  // namespace pano::tokenizer
