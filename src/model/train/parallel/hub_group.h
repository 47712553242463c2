#pragma once

#include <chrono>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/transport.h"
#include "infra/collective/communicator.h"

namespace pano::train {

// Members of a run as processes, on one machine or several: each is connected with the hub, which is
// rank 0. The hub adds what comes in the order of ranks and sends the sum to all: simple, the same
// bits whatever the timing, one port. Its link carries the gradients of all members, which suits the
// few members of one machine; docs/training-parallel.md says when to use c10d's ring instead.
//
// Members prove to each other that they know the run's secret (HMAC over fresh nonces) before
// anything else is read from them. What is sent afterwards is neither encrypted nor signed: the
// network between members is trusted, as for every collective library.
//
// A member that ends, stays silent for `timeout`, or calls something else ends the group for all,
// with a Status that names it.
struct GroupOptions {
  int rank = 0;
  int size = 1;
  std::string address;      // the hub listens there, the others dial it: "127.0.0.1:29500"
  std::string secret;       // of the run; not empty
  std::string fingerprint;  // what all members must agree about; another one is refused
  Duration join_timeout = std::chrono::seconds(60);   // until all are there
  Duration timeout = std::chrono::seconds(300);       // of one operation
  Transport* transport = &Transport::Real();
};

// A listener of the hub before anybody is there, so that port 0 can be asked for and told. Confined to
// one thread.
class HubListener {
 public:
  static Result<HubListener> Listen(GroupOptions options);
  HubListener(HubListener&&) = default;

  const std::string& address() const { return listener_->address(); }
  // Waits for all members. Strangers and members that do not fit are refused; Deadline names the
  // ranks that did not come.
  Result<std::unique_ptr<collective::Communicator>> AcceptMembers();

 private:
  HubListener(GroupOptions options, std::stop_source stop, std::unique_ptr<Listener> listener)
      : options_(std::move(options)), stop_(std::move(stop)), listener_(std::move(listener)) {}
  Result<int> Admit(Connection& connection, const std::vector<std::unique_ptr<Connection>>& present,
                    TimePoint deadline);

  GroupOptions options_;
  std::stop_source stop_;
  std::unique_ptr<Listener> listener_;
};

// The end of a member of rank 1 and above. Dials until the hub is there.
Result<std::unique_ptr<collective::Communicator>> JoinGroup(const GroupOptions& options);

}  // namespace pano::train
