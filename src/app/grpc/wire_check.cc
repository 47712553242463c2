#include "app/grpc/wire_check.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include <algorithm>
#include <cstdint>

#include "app/inference/infer_request.h"
#include "base/strings.h"

namespace pano::grpc {
namespace {

using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;

// The messages that a ModelInferRequest is made of.
enum class Level { kRequest, kInput, kOutput, kEntry, kParameter, kContents };

// Field numbers of inference.proto.
constexpr int kParameters = 4, kInputs = 5, kOutputs = 6, kRaw = 7;  // of ModelInferRequest
constexpr int kLastVarints = 5;                                      // of InferTensorContents: packed varints up to here

// Which message a field of one holds, if it holds any.
struct Nested {
  Level in;
  int field;
  Level what;
};
constexpr Nested kNested[] = {
    {Level::kRequest, kParameters, Level::kEntry}, {Level::kRequest, kInputs, Level::kInput},
    {Level::kRequest, kOutputs, Level::kOutput},   {Level::kInput, 4, Level::kEntry},
    {Level::kInput, 5, Level::kContents},          {Level::kOutput, 2, Level::kEntry},
    {Level::kEntry, 2, Level::kParameter},  // of a map: 1 is the key
};

constexpr int64_t kFieldsMax = 1 << 17;          // all levels together
constexpr int64_t kTopFieldsMax = 4 * inference::InferRequest::kTensorsMax;
constexpr int64_t kVarintBytesMax = 8 << 20;     // become eight times as many

struct Counts {
  int64_t fields = 0, top_fields = 0, varint_bytes = 0;
};

Status Malformed() { return InvalidArgument("the message is no ModelInferRequest: its protobuf is malformed"); }

Status Walk(CodedInputStream& in, Level level, Counts& counts) {
  while (const uint32_t tag = in.ReadTag()) {
    if (++counts.fields > kFieldsMax) return InvalidArgument(StrCat("the message has more than ", kFieldsMax, " fields"));
    const int field = WireFormatLite::GetTagFieldNumber(tag);
    const WireFormatLite::WireType type = WireFormatLite::GetTagWireType(tag);
    const bool lengthy = type == WireFormatLite::WIRETYPE_LENGTH_DELIMITED;
    // No field of ours is a group, and one that nobody knows is kept, object by object.
    if (type == WireFormatLite::WIRETYPE_START_GROUP) return Malformed();
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
    const Nested* nested = std::ranges::find_if(kNested, [&](const Nested& n) { return n.in == level && n.field == field; });
    if (nested == std::ranges::end(kNested)) {
      if (!in.Skip(length)) return Malformed();
      continue;
    }
    const CodedInputStream::Limit limit = in.PushLimit(length);
    PANO_RETURN_IF_ERROR(Walk(in, nested->what, counts));
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
