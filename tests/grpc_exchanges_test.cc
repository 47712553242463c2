// Requests as Triton's client sends them over gRPC, against a real server with real models: a line each. The same tensors over HTTP
// give the same bits.
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <gtest/gtest.h>
#include <inference.pb.h>
#include <openssl/evp.h>

#include <chrono>
#include <cstdio>

#include "app/http/client.h"
#include "app/service/service.h"
#include "base/env.h"
#include "base/json.h"
#include "base/strings.h"
#include "base/testing/known_answers.h"

namespace pano::service {
namespace {

using ::inference::ModelInferRequest;
using ::inference::ModelInferResponse;

std::string Decode(const std::string& base64) {
  std::string bytes(base64.size(), '\0');
  const int length = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                     reinterpret_cast<const unsigned char*>(base64.data()), static_cast<int>(base64.size()));
  size_t padding = 0;
  while (padding < 2 && base64.ends_with(std::string(padding + 1, '='))) ++padding;
  bytes.resize(length < 0 ? 0 : static_cast<size_t>(length) - padding);
  return bytes;
}

class Exchanges : public ::testing::Test {
 protected:
  Exchanges() : known_(PANO_SOURCE_DIR, "golden/protocols"), bert_(PANO_SOURCE_DIR, "golden/models/bert_base") {}

  void SetUp() override {
    if (known_.absent()) GTEST_SKIP() << known_.absence();
    ServiceOptions options;
    options.models = {{"bert", bert_.path()}, {"starter", StrCat(PANO_SOURCE_DIR, "/models/starter")}};
    options.http.port = 0;
    options.grpc_port = 0;
    options.threads = 2;
    options.load.engine.kv_bytes_max = 64 << 20;
    Result<std::unique_ptr<Service>> started = Service::Start(std::move(options));
    ASSERT_TRUE(started.ok()) << started.error().message();
    service_ = std::move(started).value();
    stub_ = std::make_unique<::grpc::GenericStub>(
        ::grpc::CreateChannel(StrCat("127.0.0.1:", service_->grpc_port()), ::grpc::InsecureChannelCredentials()));
  }

  ::grpc::Status Ask(const std::string& request, ModelInferResponse& response) {
    ::grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
    ::grpc::CompletionQueue queue;
    const ::grpc::Slice slice(request);
    const ::grpc::ByteBuffer message(&slice, 1);
    auto call = stub_->PrepareUnaryCall(&context, "/inference.GRPCInferenceService/ModelInfer", message, &queue);
    call->StartCall();
    ::grpc::ByteBuffer answer;
    ::grpc::Status status;
    call->Finish(&answer, &status, this);
    void* tag = nullptr;
    bool ok = false;
    queue.Next(&tag, &ok);
    ::grpc::Slice bytes;
    if (status.ok() && answer.DumpToSingleSlice(&bytes).ok()) {
      EXPECT_TRUE(response.ParseFromArray(bytes.begin(), static_cast<int>(bytes.size())));
    }
    return status;
  }

  // The raw outputs of the same request over HTTP, one behind the other.
  std::string OverHttp(const ModelInferRequest& request) {
    json::Value inputs{json::Array()}, outputs{json::Array()};
    std::string raw;
    for (int i = 0; i < request.inputs_size(); ++i) {
      json::Value shape{json::Array()};
      for (const int64_t size : request.inputs(i).shape()) shape.Append(int64_t{size});
      json::Value input;
      input.Set("name", request.inputs(i).name());
      input.Set("datatype", request.inputs(i).datatype());
      input.Set("shape", std::move(shape));
      input.Set("parameters", json::Object{{"binary_data_size", static_cast<int64_t>(request.raw_input_contents(i).size())}});
      inputs.Append(std::move(input));
      raw += request.raw_input_contents(i);
    }
    for (const auto& output : request.outputs()) outputs.Append(json::Object{{"name", output.name()}});
    json::Value parameters{json::Object{{"binary_data_output", true}}};
    for (const auto& [name, value] : request.parameters()) {
      if (value.has_int64_param()) parameters.Set(name, int64_t{value.int64_param()});
      if (value.has_double_param()) parameters.Set(name, value.double_param());
    }
    json::Value body;
    body.Set("inputs", std::move(inputs));
    if (!outputs.as_array().empty()) body.Set("outputs", std::move(outputs));
    body.Set("parameters", std::move(parameters));
    const std::string head = json::Dump(body);
    http::Client client(http::ParseUrl(StrCat("127.0.0.1:", service_->port())).value());
    const Result<http::ClientResponse> response =
        client.Send({"POST", StrCat("/v2/models/", request.model_name(), "/infer"),
                     {{"Inference-Header-Content-Length", StrCat(head.size())}}, head + raw});
    EXPECT_TRUE(response.ok() && response->status == 200) << (response.ok() ? response->body : response.error().message());
    if (!response.ok()) return {};
    for (const auto& [name, value] : response->headers) {
      if (ToLower(name) == "inference-header-content-length") return response->body.substr(std::stoul(value));
    }
    return {};
  }

  // What a request of these models has to lead to.
  static ::grpc::StatusCode Expected(const ModelInferRequest& request) {
    for (const auto& input : request.inputs()) {
      const bool text = request.model_name() == "starter" && input.name() == "text" && input.datatype() == "BYTES";
      const bool ids = request.model_name() == "bert" && input.datatype() == "INT64" &&
                       (input.name() == "input_ids" || input.name() == "attention_mask" || input.name() == "token_type_ids");
      if (!text && !ids) return ::grpc::StatusCode::INVALID_ARGUMENT;
    }
    return ::grpc::StatusCode::OK;
  }

  SharedAnswers known_, bert_;
  std::unique_ptr<Service> service_;
  std::unique_ptr<::grpc::GenericStub> stub_;
};

TEST_F(Exchanges, OfTritonsClient) {
  const std::string text = ReadFile(known_.path() + "/grpc.jsonl").value();
  std::printf("%-26s %-10s %-8s %-18s outputs\n", "client", "model", "inputs", "status");
  int rows = 0;
  for (const std::string_view line : Split(text, '\n')) {
    if (line.empty()) continue;
    const json::Value row = json::Parse(line).value();
    const std::string bytes = Decode(row.Find("request_b64")->as_string());
    ModelInferRequest request;
    ASSERT_TRUE(request.ParseFromString(bytes));
    ModelInferResponse response;
    const ::grpc::Status status = Ask(bytes, response);
    EXPECT_EQ(status.error_code(), Expected(request)) << status.error_message();
    std::string outputs;
    for (const auto& output : response.outputs()) outputs += output.name() + " ";
    std::printf("%-26s %-10s %-8d %-18d %s\n", row.Find("client")->as_string().c_str(), request.model_name().c_str(),
                request.inputs_size(), static_cast<int>(status.error_code()),
                status.ok() ? outputs.c_str() : status.error_message().c_str());
    ++rows;
    known_.Compared(1);
    bert_.Compared(1);
    if (!status.ok()) continue;
    EXPECT_EQ(response.id(), request.id());
    std::string raw;
    for (const std::string& one : response.raw_output_contents()) raw += one;
    EXPECT_FALSE(raw.empty());
    EXPECT_EQ(raw, OverHttp(request)) << line.substr(0, 80);
  }
  std::printf("%d exchanges\n", rows);
  EXPECT_GT(rows, 0);
}

}  // namespace
}  // namespace pano::service
