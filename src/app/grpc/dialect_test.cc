// The methods as clients call them: over a real connection, to fake models.
#include "app/grpc/dialect.h"

#include <gtest/gtest.h>

#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <inference.pb.h>

#include "app/api/testing/api_harness.h"
#include "app/api/testing/scoped_tokens.h"
#include "app/grpc/handlers.h"
#include "base/strings.h"
#include "model/nn/bound_adapter.h"

namespace pano::grpc {
namespace {

namespace proto = ::inference;
using std::string_literals::operator""s;
using Code = ::grpc::StatusCode;

// A server over an API of fakes, and a client of it. The fakes are the server's loop's while a call is open,
// the test's between calls.
class GrpcMethods : public ::testing::Test {
 protected:
  explicit GrpcMethods(std::map<std::string, std::string> tokens = {}) {
    if (tokens.empty()) {
      api_ = std::make_unique<api::testing::ApiHarness>(api::testing::ListOf(MakeDialect()));
    } else {
      api_ = std::make_unique<api::testing::ApiHarness>(std::make_unique<api::testing::ScopedTokens>(std::move(tokens)),
                                                        api::testing::ListOf(MakeDialect()));
    }
    ServerOptions options;
    options.port = 0;
    Service service;
    service.methods = pano::grpc::Methods();
    service.handle = [this](std::shared_ptr<http::Exchange> exchange) {
      api_->api->Handle(std::move(exchange), api::Transport::kGrpc);
    };
    service.check_head = [this](const http::Request& head, http::Server::Decide decide) {
      return api_->api->CheckHead(head, std::move(decide), api::Transport::kGrpc);
    };
    service.stream_error = StreamError;
    server_ = std::move(Server::Start(options, std::move(service))).value();
    stub_ = std::make_unique<::grpc::GenericStub>(
        ::grpc::CreateChannel(StrCat("127.0.0.1:", server_->port()), ::grpc::InsecureChannelCredentials()));
  }

  static ::grpc::ByteBuffer Buffer(const google::protobuf::MessageLite& message) {
    const ::grpc::Slice slice(message.SerializeAsString());
    return ::grpc::ByteBuffer(&slice, 1);
  }
  static void Parse(const ::grpc::ByteBuffer& buffer, google::protobuf::MessageLite& message) {
    ::grpc::Slice slice;
    ASSERT_TRUE(buffer.DumpToSingleSlice(&slice).ok());
    ASSERT_TRUE(message.ParseFromArray(slice.begin(), static_cast<int>(slice.size())));
  }

  ::grpc::Status Ask(const char* method, const google::protobuf::MessageLite& request,
                     google::protobuf::MessageLite& response, const std::string& token = "") {
    ::grpc::ClientContext context;
    if (!token.empty()) context.AddMetadata("authorization", "Bearer " + token);
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
    ::grpc::CompletionQueue queue;
    auto call = stub_->PrepareUnaryCall(&context, StrCat(method[0] == '/' ? "" : "/inference.GRPCInferenceService/", method), Buffer(request), &queue);
    call->StartCall();
    ::grpc::ByteBuffer answer;
    ::grpc::Status status;
    call->Finish(&answer, &status, this);
    void* tag = nullptr;
    bool ok = false;
    queue.Next(&tag, &ok);
    if (status.ok()) Parse(answer, response);
    return status;
  }

  static proto::ModelNameRequest Name(const std::string& name, const std::string& version = "") {
    proto::ModelNameRequest request;
    request.set_name(name);
    request.set_version(version);
    return request;
  }
  static proto::ModelInferRequest Texts(const std::string& model, const std::vector<std::string>& texts) {
    proto::ModelInferRequest request;
    request.set_model_name(model);
    request.set_id("r-7");
    auto* input = request.add_inputs();
    input->set_name("text");
    input->set_datatype("BYTES");
    input->add_shape(static_cast<int64_t>(texts.size()));
    for (const std::string& text : texts) input->mutable_contents()->add_bytes_contents(text);
    return request;
  }
  static proto::ModelInferRequest Ids(const std::string& model, const std::vector<int64_t>& ids) {
    proto::ModelInferRequest request;
    request.set_model_name(model);
    auto* input = request.add_inputs();
    input->set_name("input_ids");
    input->set_datatype("INT64");
    input->add_shape(1);
    input->add_shape(static_cast<int64_t>(ids.size()));
    for (const int64_t id : ids) input->mutable_contents()->add_int64_contents(id);
    return request;
  }

  std::unique_ptr<api::testing::ApiHarness> api_;
  std::unique_ptr<Server> server_;
  std::unique_ptr<::grpc::GenericStub> stub_;
};

TEST_F(GrpcMethods, OfTheServerAndItsModels) {
  api_->AddPredictor("e", encoder::Task::kEmbedding, {}, /*tokenizer=*/false);
  proto::ServerLiveResponse live;
  EXPECT_TRUE(Ask("ServerLive", proto::ServerLiveRequest(), live).ok());
  EXPECT_TRUE(live.live());
  proto::ServerReadyResponse ready;
  EXPECT_TRUE(Ask("ServerReady", proto::ServerReadyRequest(), ready).ok());
  EXPECT_TRUE(ready.ready());
  proto::HealthCheckResponse health;
  EXPECT_TRUE(Ask("/grpc.health.v1.Health/Check", proto::ServerReadyRequest(), health).ok());
  EXPECT_EQ(health.status(), 1);
  proto::ServerMetadataResponse server;
  EXPECT_TRUE(Ask("ServerMetadata", proto::ServerMetadataRequest(), server).ok());
  EXPECT_EQ(server.name(), "panorama");
  proto::ModelReadyResponse model_ready;
  EXPECT_TRUE(Ask("ModelReady", Name("m"), model_ready).ok());
  EXPECT_TRUE(model_ready.ready());
  EXPECT_TRUE(Ask("ModelReady", Name("nosuch"), model_ready).ok());
  EXPECT_FALSE(model_ready.ready());
  proto::ModelMetadataResponse metadata;
  EXPECT_TRUE(Ask("ModelMetadata", Name("e", "1"), metadata).ok());
  EXPECT_EQ(metadata.inputs(0).name(), "input_ids");
  EXPECT_EQ(metadata.inputs(0).datatype(), "INT64");
  EXPECT_EQ(metadata.outputs(0).shape(2), 2);
  EXPECT_EQ(Ask("ModelMetadata", Name("nosuch"), metadata).error_code(), Code::NOT_FOUND);
  EXPECT_EQ(Ask("ModelMetadata", Name(""), metadata).error_code(), Code::INVALID_ARGUMENT);
  proto::ModelConfigResponse config;
  EXPECT_TRUE(Ask("ModelConfig", Name("m"), config).ok());
  EXPECT_EQ(config.config().input(0).data_type(), proto::TYPE_STRING);
  EXPECT_TRUE(config.config().model_transaction_policy().decoupled());
  proto::RepositoryIndexResponse index;
  EXPECT_TRUE(Ask("RepositoryIndex", proto::RepositoryIndexRequest(), index).ok());
  EXPECT_EQ(index.models_size(), 2);
  EXPECT_EQ(index.models(0).state(), "READY");
}

TEST_F(GrpcMethods, ModelInferAnswersTensors) {
  api_->AddPredictor("e", encoder::Task::kEmbedding);
  proto::ModelInferResponse response;
  const ::grpc::Status status = Ask("ModelInfer", Ids("e", {3, 4}), response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(response.outputs(1).name(), "sentence_embedding");
  EXPECT_EQ(response.raw_output_contents(1), "\0\0\xe0\x40\0\0\0\x40"s);
  api_->engine->answer = " upon";
  ASSERT_TRUE(Ask("ModelInfer", Texts("m", {"Once", "Twice"}), response).ok());
  EXPECT_EQ(response.id(), "r-7");
  EXPECT_EQ(response.outputs(0).shape(0), 2);
  EXPECT_EQ(response.raw_output_contents(0), "\x05\0\0\0 upon\x05\0\0\0 upon"s);
  EXPECT_EQ(api_->records.back().route, "/inference.GRPCInferenceService/ModelInfer");
  EXPECT_EQ(api_->records.back().model, "m");
}

TEST_F(GrpcMethods, ModelInferSaysWhatIsWrong) {
  api_->AddPredictor("e", encoder::Task::kEmbedding);
  proto::ModelInferResponse response;
  ::grpc::Status status = Ask("ModelInfer", Ids("nosuch", {1}), response);
  EXPECT_EQ(status.error_code(), Code::NOT_FOUND);
  EXPECT_NE(status.error_message().find("nosuch"), std::string::npos);
  proto::ModelInferRequest request = Ids("e", {1});
  request.set_model_version("9");
  EXPECT_EQ(Ask("ModelInfer", request, response).error_code(), Code::NOT_FOUND);
  request = Ids("e", {1});
  request.mutable_inputs(0)->set_name("nonsense");
  status = Ask("ModelInfer", request, response);
  EXPECT_EQ(status.error_code(), Code::INVALID_ARGUMENT);
  EXPECT_NE(status.error_message().find("nonsense"), std::string::npos);
  api_->engine->refuse_from = 0;
  EXPECT_EQ(Ask("ModelInfer", Texts("m", {"a"}), response).error_code(), Code::RESOURCE_EXHAUSTED);
  api_->api->BeginDrain();
  EXPECT_EQ(Ask("ModelInfer", Texts("m", {"a"}), response).error_code(), Code::UNAVAILABLE);
}

TEST_F(GrpcMethods, AStreamAnswersATextPieceByPiece) {
  api_->engine->answer = "abc";
  ::grpc::ClientContext context;
  ::grpc::CompletionQueue queue;
  void* tag = nullptr;
  bool ok = false;
  auto call = stub_->PrepareCall(&context, "/inference.GRPCInferenceService/ModelStreamInfer", &queue);
  call->StartCall(this);
  queue.Next(&tag, &ok);
  for (const auto& request : {Texts("m", {"Once"}), Texts("nosuch", {"Once"})}) {
    call->Write(Buffer(request), this);
    queue.Next(&tag, &ok);
  }
  call->WritesDone(this);
  queue.Next(&tag, &ok);
  std::string said, errors;
  int finals = 0;
  while (true) {
    ::grpc::ByteBuffer buffer;
    call->Read(&buffer, this);
    queue.Next(&tag, &ok);
    if (!ok) break;
    proto::ModelStreamInferResponse message;
    Parse(buffer, message);
    EXPECT_EQ(message.infer_response().id(), "r-7");
    errors += message.error_message();
    if (!message.error_message().empty()) continue;
    if (message.infer_response().parameters().at("triton_final_response").bool_param()) {
      ++finals;
      EXPECT_EQ(message.infer_response().outputs_size(), 0);
    } else {
      said += message.infer_response().raw_output_contents(0).substr(4);
    }
  }
  ::grpc::Status status;
  call->Finish(&status, this);
  queue.Next(&tag, &ok);
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(said, "abc");
  EXPECT_EQ(finals, 1);
  EXPECT_NE(errors.find("nosuch"), std::string::npos);
}

TEST_F(GrpcMethods, LoadAndUnloadNeedAModelThatIsManaged) {
  proto::RepositoryModelRequest request;
  request.set_model_name("m");
  proto::RepositoryModelResponse response;
  EXPECT_TRUE(Ask("RepositoryModelLoad", request, response).ok());
  EXPECT_EQ(Ask("RepositoryModelUnload", request, response).error_code(), Code::INVALID_ARGUMENT);
  (*request.mutable_parameters())["config"].set_string_param("{}");
  EXPECT_EQ(Ask("RepositoryModelLoad", request, response).error_code(), Code::INVALID_ARGUMENT);
  EXPECT_EQ(Ask("RepositoryModelLoad", proto::RepositoryModelRequest(), response).error_code(), Code::INVALID_ARGUMENT);
}

class GuardedGrpcMethods : public GrpcMethods {
 protected:
  GuardedGrpcMethods()
      : GrpcMethods({{"reader", "models:m:read"}, {"user", "models:m:predict"}, {"none", ""}, {"all", "models:*:predict models:*:read"},
                     {"tuner", "models:tuned:predict models:tuned:read"}}) {
    api_->AddModel("hidden", "1")->answer = "x";
    api_->engine->answer = "x";
  }

  const std::shared_ptr<const nn::BoundAdapter> adapter_ = std::make_shared<nn::BoundAdapter>();
};

// A right to the model is none to its adapter, nor the other way round, and neither shows the other.
TEST_F(GuardedGrpcMethods, AnAdapterIsAModelOfItsOwn) {
  api_->AddAdapter("tuned", "m", adapter_);
  proto::ModelInferResponse response;
  ASSERT_TRUE(Ask("ModelInfer", Texts("tuned", {"a"}), response, "tuner").ok());
  EXPECT_EQ(response.model_name(), "tuned");
  EXPECT_EQ(api_->engine->submitted.back().request.adapter, adapter_);
  EXPECT_EQ(api_->records.back().model, "tuned");
  EXPECT_EQ(Ask("ModelInfer", Texts("m", {"a"}), response, "tuner").error_code(), Code::NOT_FOUND);
  const ::grpc::Status hidden = Ask("ModelInfer", Texts("tuned", {"a"}), response, "user");
  EXPECT_EQ(hidden.error_code(), Code::NOT_FOUND);
  EXPECT_EQ(hidden.error_message().find("tuned'; did you mean"), std::string::npos);
  ASSERT_TRUE(Ask("ModelInfer", Texts("m", {"a"}), response, "user").ok());
  EXPECT_EQ(api_->engine->submitted.back().request.adapter, nullptr);
  ASSERT_TRUE(Ask("ModelInfer", Texts("tuned", {"a"}), response, "all").ok());
  proto::ModelMetadataResponse metadata;
  EXPECT_TRUE(Ask("ModelMetadata", Name("tuned", "1"), metadata, "tuner").ok());
  EXPECT_EQ(Ask("ModelMetadata", Name("tuned"), metadata, "reader").error_code(), Code::NOT_FOUND);
  proto::RepositoryIndexResponse index;
  EXPECT_TRUE(Ask("RepositoryIndex", proto::RepositoryIndexRequest(), index, "tuner").ok());
  ASSERT_EQ(index.models_size(), 1);
  EXPECT_EQ(index.models(0).name(), "tuned");
  proto::RepositoryModelRequest unload;
  unload.set_model_name("tuned");
  proto::RepositoryModelResponse done;
  EXPECT_EQ(Ask("RepositoryModelUnload", unload, done, "tuner").error_code(), Code::PERMISSION_DENIED);
}

TEST_F(GuardedGrpcMethods, PoliciesAreThoseOfTheTable) {
  proto::ModelInferResponse response;
  EXPECT_EQ(Ask("ModelInfer", Texts("m", {"a"}), response).error_code(), Code::UNAUTHENTICATED);
  EXPECT_EQ(Ask("ModelInfer", Texts("m", {"a"}), response, "wrong").error_code(), Code::UNAUTHENTICATED);
  EXPECT_EQ(Ask("ModelInfer", Texts("m", {"a"}), response, "reader").error_code(), Code::PERMISSION_DENIED);
  EXPECT_TRUE(Ask("ModelInfer", Texts("m", {"a"}), response, "user").ok());
  proto::RepositoryModelRequest unload;
  unload.set_model_name("m");
  proto::RepositoryModelResponse done;
  EXPECT_EQ(Ask("RepositoryModelUnload", unload, done, "all").error_code(), Code::PERMISSION_DENIED);
  proto::ServerLiveResponse live;
  EXPECT_TRUE(Ask("ServerLive", proto::ServerLiveRequest(), live).ok());
  proto::ServerMetadataResponse server;
  EXPECT_EQ(Ask("ServerMetadata", proto::ServerMetadataRequest(), server).error_code(), Code::UNAUTHENTICATED);
}

TEST_F(GuardedGrpcMethods, AHiddenModelDoesNotExist) {
  proto::ModelInferResponse response;
  const ::grpc::Status hidden = Ask("ModelInfer", Texts("hidden", {"a"}), response, "user");
  const ::grpc::Status absent = Ask("ModelInfer", Texts("absent", {"a"}), response, "user");
  EXPECT_EQ(hidden.error_code(), Code::NOT_FOUND);
  std::string expected = absent.error_message();
  expected.replace(expected.find("absent"), 6, "hidden");
  EXPECT_EQ(hidden.error_message(), expected);
  proto::RepositoryIndexResponse index;
  EXPECT_TRUE(Ask("RepositoryIndex", proto::RepositoryIndexRequest(), index, "reader").ok());
  EXPECT_EQ(index.models_size(), 1);
  EXPECT_TRUE(Ask("RepositoryIndex", proto::RepositoryIndexRequest(), index, "none").ok());
  EXPECT_EQ(index.models_size(), 0);
  proto::ModelStatisticsResponse statistics;
  EXPECT_TRUE(Ask("ModelStatistics", Name(""), statistics, "reader").ok());
  EXPECT_EQ(statistics.model_stats_size(), 1);
  EXPECT_EQ(Ask("ModelStatistics", Name("hidden"), statistics, "reader").error_code(), Code::NOT_FOUND);
}

}  // namespace
}  // namespace pano::grpc
