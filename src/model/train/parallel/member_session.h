#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "infra/collective/communicator.h"
#include "model/train/parallel/hub_group.h"
#include "model/train/parallel/local_members.h"

namespace pano::train {

// How a run's processes find each other: the options of a command, or what the process that started
// this one wrote into its environment.
struct MemberOptions {
  int64_t processes = 1;    // of this machine (--nproc)
  std::string rendezvous = {};  // "HOST:PORT" of the first machine's (--rendezvous); "": this machine
  int64_t nodes = 1;        // machines (--nodes), each with as many processes
  int64_t node = 0;         // this one, from 0 (--node-rank)
  int64_t timeout_s = 300;  // of a member that says nothing (--member-timeout)
};

inline constexpr int64_t kMembersMax = 1024;

// One process's part in a run: the group that it belongs to, and, in the first process of a machine,
// the others that it has started. Confined to one thread.
class MemberSession {
 public:
  // Reads the environment: a member that another process started is what that one says. Else checks
  // the options: InvalidArgument that names the one that is wrong.
  static Result<MemberSession> Plan(const MemberOptions& options);
  MemberSession(MemberSession&&) = default;

  int rank() const { return rank_; }
  int size() const { return size_; }
  int local_processes() const { return local_; }  // that share this machine's cores
  // What other members reach this machine by: loopback where all are here, else its host name.
  std::string host() const;

  // Starts this machine's other processes (this program, with `arguments`), where this is the first,
  // and waits until all members are there and agree about `fingerprint`. Null for a run of one.
  Status Join(const std::vector<std::string>& arguments, const std::string& fingerprint);
  collective::Communicator* group() { return group_.get(); }

  // Ends the group with `status` (ok: the run is over), waits for the processes that this one has
  // started, and says how the run ended: a process that was killed is named.
  Status End(const Status& status);

 private:
  MemberSession() = default;

  MemberOptions options_;
  int rank_ = 0, size_ = 1, local_ = 1;
  std::string address_, secret_;
  bool is_child_ = false;
  std::unique_ptr<collective::Communicator> group_;
  LocalMembers started_;
};

}  // namespace pano::train
