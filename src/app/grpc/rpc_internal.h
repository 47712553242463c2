#pragma once

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/support/byte_buffer.h>

#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "app/api/work/byte_budget.h"
#include "app/grpc/rpc_exchange.h"
#include "app/grpc/server.h"
#include "app/grpc/task_loop.h"

namespace pano::grpc {

// What all calls of a server share. Thread-safe, or constant.
struct ServerState {
  explicit ServerState(ServerOptions given, Service what)
      : options(std::move(given)), service(std::move(what)), bodies(options.message_bytes_total_max) {}

  const ServerOptions options;
  const Service service;
  const std::shared_ptr<TaskLoop> loop = std::make_shared<TaskLoop>();
  api::ByteBudget bodies;
  std::atomic<int> open_calls{0};
};

// One call of a method, from its metadata to its status: messages become exchanges, and what those answer
// becomes messages. gRPC's threads only post; everything else happens on the loop, where it also ends
// itself. The context is gRPC's, and there until Finish was called.
class Rpc final : public ::grpc::ServerGenericBidiReactor, public AnswerPort {
 public:
  Rpc(std::shared_ptr<ServerState> state, ::grpc::GenericCallbackServerContext* context);

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

  void Answer(uint64_t id, http::Response response) override;
  void Write(uint64_t id, std::string message) override;
  void End(uint64_t id) override;

 private:
  struct Outgoing {
    ::grpc::ByteBuffer buffer;
    size_t bytes;
    uint64_t exchange;           // whose it is
    std::shared_ptr<void> held;  // what its memory is accounted by
  };

  ~Rpc() override = default;
  void Begin();
  void Decided(const std::optional<http::Response>& refusal);
  void Read();
  void TakeMessage();
  void Resume();
  void Queue(uint64_t id, const std::string& message, std::shared_ptr<void> held = {});
  void WriteNext();
  void Written(bool ok);
  void Cancelled();
  // The exchange has answered.
  void Forget(uint64_t id);
  // Looks after a peer that does not take what is sent, or send what is to come.
  void Watch();
  void EndWith(const http::Response& failure);
  void EndWith(int code, std::string message);
  void EndNow();
  void CloseExchanges();

  const std::shared_ptr<ServerState> state_;
  ::grpc::GenericCallbackServerContext* const context_;
  const std::shared_ptr<RpcExchange::Link> link_ = std::make_shared<RpcExchange::Link>();
  http::Request head_;
  bool streams_ = false;

  ::grpc::ByteBuffer incoming_;
  bool reading_ = false, half_closed_ = false;
  uint64_t messages_ = 0;  // that have come: ids of exchanges
  std::map<uint64_t, std::weak_ptr<RpcExchange>> exchanges_;  // that are not answered

  std::deque<Outgoing> outgoing_;
  bool writing_ = false;
  uint64_t writes_ = 0, writes_seen_ = 0;
  std::optional<::grpc::Status> status_;  // how it ends, once that is known
  bool finished_ = false;
};

}  // namespace pano::grpc
