#pragma once

#include <functional>
#include <memory>
#include <string>

#include "app/api/call.h"
#include "app/api/context.h"
#include "app/inference/infer_request.h"
#include "app/inference/infer_response.h"
#include "app/models/generator.h"

namespace pano::inference {

// Continues the texts of the input `text`; `respond` gets the output `text` on a thread of the pool.
// Failures are answered.
void StartTexts(api::Context& context, api::CallPtr call, models::GeneratorPtr version,
                InferRequest request, std::function<void(api::Call&, InferResponse)> respond);

// Where the pieces of one continuation go, in one protocol. Confined to the connection's thread.
class PieceSink {
 public:
  virtual ~PieceSink() = default;
  // The next piece of the text, never empty.
  virtual void OnPiece(std::string piece) = 0;
  // Once, at the end: what cut it short, or ok.
  virtual void OnEnd(const Status& status) = 0;
};

// The same for one text, piece by piece. `make_sink` runs once the request was taken; until then failures
// are answered.
void StartPieces(api::Context& context, api::CallPtr call, models::GeneratorPtr version,
                 InferRequest request, std::function<std::unique_ptr<PieceSink>()> make_sink);

}  // namespace pano::inference
