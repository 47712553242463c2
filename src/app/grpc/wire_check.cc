#include "app/grpc/wire_check.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include <cstdint>

#include "app/inference/infer_request.h"
#include "base/strings.h"

namespace pano::grpc {
namespace {

using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;

// Field numbers of inference.proto.
constexpr int kParameters = 4, kInputs = 5, kOutputs = 6, kRaw = 7;  // of ModelInferRequest
constexpr int kContentsField = 5;                                    // of InferInputTensor
constexpr int kLastVarints = 5;                                      // of InferTensorContents: packed varints up to here

constexpr int64_t kFieldsMax = 1 << 17;          // all levels together
constexpr int64_t kTopFieldsMax = 4 * inference::InferRequest::kTensorsMax;
constexpr int64_t kVarintBytesMax = 8 << 20;     // become eight times as many

struct Counts {
  int64_t fields = 0, top_fields = 0, varint_bytes = 0;
};

Status Malformed() { return InvalidArgument("the message is no ModelInferRequest: its protobuf is malformed"); }

enum class Level { kRequest, kInput, kContents };

Status Walk(CodedInputStream& in, Level level, Counts& counts) {
  while (const uint32_t tag = in.ReadTag()) {
    if (++counts.fields > kFieldsMax) return InvalidArgument(StrCat("the message has more than ", kFieldsMax, " fields"));
    const int field = WireFormatLite::GetTagFieldNumber(tag);
    const bool lengthy = WireFormatLite::GetTagWireType(tag) == WireFormatLite::WIRETYPE_LENGTH_DELIMITED;
    if (level == Level::kRequest && (field == kParameters || field == kInputs || field == kOutputs || field == kRaw) &&
        ++counts.top_fields > kTopFieldsMax) {
      return InvalidArgument(StrCat("the message has more than ", kTopFieldsMax, " inputs, outputs and parameters"));
    }
    if (!lengthy) {
      if (!WireFormatLite::SkipField(&in, tag)) return Malformed();
      continue;
    }
    int length = 0;
    if (!in.ReadVarintSizeAsInt(&length) || length < 0 || length > in.BytesUntilLimit()) return Malformed();
    if (level == Level::kContents && field <= kLastVarints) {
      counts.varint_bytes += length;
      if (counts.varint_bytes > kVarintBytesMax) {
        return InvalidArgument(StrCat("more than ", kVarintBytesMax, " bytes of numbers in 'contents': send them as raw_input_contents"));
      }
    }
    const bool input = level == Level::kRequest && (field == kInputs || field == kOutputs || field == kParameters);
    const bool contents = level == Level::kInput && field == kContentsField;
    if (!input && !contents) {
      if (!in.Skip(length)) return Malformed();
      continue;
    }
    const CodedInputStream::Limit limit = in.PushLimit(length);
    PANO_RETURN_IF_ERROR(Walk(in, input ? Level::kInput : Level::kContents, counts));
    if (in.BytesUntilLimit() != 0) return Malformed();
    in.PopLimit(limit);
  }
  return in.ConsumedEntireMessage() ? Status() : Malformed();
}

}  // namespace

Status CheckInferWire(std::string_view message) {
  CodedInputStream in(reinterpret_cast<const uint8_t*>(message.data()), static_cast<int>(message.size()));
  Counts counts;
  return Walk(in, Level::kRequest, counts);
}

}  // namespace pano::grpc
