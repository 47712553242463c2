#include "model/train/run/events/tensorboard_event.h"

#include <cstring>

#include "base/strings.h"
#include "model/train/run/events/wire_format.h"

namespace pano::train {
namespace {

// Numbers of fields, as tensorflow/core/util/event.proto and core/framework/summary.proto give them.
constexpr uint32_t kWallTime = 1, kStep = 2, kFileVersion = 3, kSummary = 5, kSessionLog = 7,
                   kSourceMetadata = 10;
constexpr uint32_t kSourceWriter = 1;                              // SourceMetadata
constexpr uint32_t kSessionStatus = 1, kStatusStart = 1;           // SessionLog
constexpr uint32_t kSummaryValue = 1;                              // Summary
constexpr uint32_t kTag = 1, kSimpleValue = 2, kTensor = 8, kMetadata = 9;  // Summary.Value
constexpr uint32_t kPluginData = 1, kPluginName = 1;               // SummaryMetadata
constexpr uint32_t kDtype = 1, kTensorContent = 4, kFloatValues = 5;  // TensorProto
constexpr int64_t kDtFloat = 1;

std::string EncodeScalar(const TensorBoardScalar& scalar) {
  std::string value;
  AppendBytes(value, kTag, scalar.tag);
  if (scalar.field == TensorBoardScalar::Field::kSimpleValue) {
    AppendFloat(value, kSimpleValue, scalar.value);
    return value;
  }
  std::string floats, tensor, plugin, metadata;
  floats.resize(sizeof(float));
  std::memcpy(floats.data(), &scalar.value, sizeof(float));
  AppendInt(tensor, kDtype, kDtFloat);
  AppendBytes(tensor, kFloatValues, floats);
  AppendBytes(plugin, kPluginName, "scalars");
  AppendBytes(metadata, kPluginData, plugin);
  AppendBytes(value, kTensor, tensor);
  AppendBytes(value, kMetadata, metadata);
  return value;
}

// The one float of a TensorProto; false when it holds something else.
Result<bool> DecodeTensor(std::string_view message, float* value) {
  int64_t dtype = 0;
  int floats = 0;
  while (!message.empty()) {
    PANO_ASSIGN_OR_RETURN(const WireField field, TakeField(message));
    if (field.number == kDtype && field.type == WireType::kVarint) {
      dtype = static_cast<int64_t>(field.integer);
    } else if (field.number == kFloatValues && field.type == WireType::kFixed32) {
      *value = field.as_float();
      ++floats;
    } else if ((field.number == kFloatValues || field.number == kTensorContent) &&
               field.type == WireType::kBytes) {
      if (field.bytes.size() != sizeof *value) return false;
      std::memcpy(value, field.bytes.data(), sizeof *value);
      ++floats;
    }
  }
  return dtype == kDtFloat && floats == 1;
}

Status DecodeValue(std::string_view message, std::vector<TensorBoardScalar>& scalars) {
  TensorBoardScalar scalar;
  bool found = false;
  while (!message.empty()) {
    PANO_ASSIGN_OR_RETURN(const WireField field, TakeField(message));
    if (field.number == kTag && field.type == WireType::kBytes) {
      scalar.tag = field.bytes;
    } else if (field.number == kSimpleValue && field.type == WireType::kFixed32) {
      scalar.value = field.as_float();
      scalar.field = TensorBoardScalar::Field::kSimpleValue;
      found = true;
    } else if (field.number == kTensor && field.type == WireType::kBytes) {
      PANO_ASSIGN_OR_RETURN(const bool one, DecodeTensor(field.bytes, &scalar.value));
      scalar.field = TensorBoardScalar::Field::kTensor;
      found = found || one;
    }
  }
  if (found) scalars.push_back(std::move(scalar));
  return {};
}

Status DecodeSummary(std::string_view message, std::vector<TensorBoardScalar>& scalars) {
  while (!message.empty()) {
    PANO_ASSIGN_OR_RETURN(const WireField field, TakeField(message));
    if (field.number == kSummaryValue && field.type == WireType::kBytes) {
      PANO_RETURN_IF_ERROR(DecodeValue(field.bytes, scalars));
    }
  }
  return {};
}

// The bytes field `number` of a message that has no other use here.
Result<std::string> DecodeText(std::string_view message, uint32_t number) {
  std::string text;
  while (!message.empty()) {
    PANO_ASSIGN_OR_RETURN(const WireField field, TakeField(message));
    if (field.number == number && field.type == WireType::kBytes) text = field.bytes;
  }
  return text;
}

Result<bool> DecodeIsStart(std::string_view message) {
  bool start = false;
  while (!message.empty()) {
    PANO_ASSIGN_OR_RETURN(const WireField field, TakeField(message));
    if (field.number == kSessionStatus && field.type == WireType::kVarint) {
      start = field.integer == kStatusStart;
    }
  }
  return start;
}

}  // namespace

std::string EncodeTensorBoardEvent(const TensorBoardEvent& event) {
  std::string out;
  if (event.wall_time != 0) AppendDouble(out, kWallTime, event.wall_time);
  if (event.step != 0) AppendInt(out, kStep, event.step);
  if (!event.file_version.empty()) AppendBytes(out, kFileVersion, event.file_version);
  if (!event.scalars.empty()) {
    std::string summary;
    for (const TensorBoardScalar& scalar : event.scalars) {
      AppendBytes(summary, kSummaryValue, EncodeScalar(scalar));
    }
    AppendBytes(out, kSummary, summary);
  }
  if (event.session_start) {
    std::string log;
    AppendInt(log, kSessionStatus, kStatusStart);
    AppendBytes(out, kSessionLog, log);
  }
  if (!event.source_writer.empty()) {
    std::string source;
    AppendBytes(source, kSourceWriter, event.source_writer);
    AppendBytes(out, kSourceMetadata, source);
  }
  return out;
}

Result<TensorBoardEvent> DecodeTensorBoardEvent(std::string_view bytes) {
  TensorBoardEvent event;
  while (!bytes.empty()) {
    PANO_ASSIGN_OR_RETURN(const WireField field, TakeField(bytes));
    if (field.number == kWallTime && field.type == WireType::kFixed64) {
      event.wall_time = field.as_double();
    } else if (field.number == kStep && field.type == WireType::kVarint) {
      event.step = static_cast<int64_t>(field.integer);
    } else if (field.type == WireType::kBytes) {
      if (field.number == kFileVersion) event.file_version = field.bytes;
      if (field.number == kSummary) {
        PANO_RETURN_IF_ERROR(DecodeSummary(field.bytes, event.scalars));
      }
      if (field.number == kSessionLog) {
        PANO_ASSIGN_OR_RETURN(event.session_start, DecodeIsStart(field.bytes));
      }
      if (field.number == kSourceMetadata) {
        PANO_ASSIGN_OR_RETURN(event.source_writer, DecodeText(field.bytes, kSourceWriter));
      }
    }
  }
  return event;
}

}  // namespace pano::train
