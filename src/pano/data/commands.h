#pragma once

#include "pano/command_line/command.h"

namespace pano::data {

// The subcommands of pano-data, a few of a kind in each *_command.cc.
int RunInit(const cli::Command& self, cli::Args args);       // makes a folder a repository
int RunAdd(const cli::Command& self, cli::Args args);        // tracks files and folders
int RunCommit(const cli::Command& self, cli::Args args);     // takes changed data as it is now
int RunCheckout(const cli::Command& self, cli::Args args);   // makes data what the .dvc files say
int RunMove(const cli::Command& self, cli::Args args);       // renames data
int RunRemove(const cli::Command& self, cli::Args args);     // tracks no longer
int RunStatus(const cli::Command& self, cli::Args args);     // what changed
int RunDiff(const cli::Command& self, cli::Args args);       // what differs between two revisions
int RunVerify(const cli::Command& self, cli::Args args);     // hashes the cache anew
int RunGc(const cli::Command& self, cli::Args args);         // removes objects that nothing names
int RunPush(const cli::Command& self, cli::Args args);       // puts objects on a remote
int RunFetch(const cli::Command& self, cli::Args args);      // gets objects into the cache
int RunPull(const cli::Command& self, cli::Args args);       // the same, and checks them out
int RunImport(const cli::Command& self, cli::Args args);     // brings data of another repository
int RunRepro(const cli::Command& self, cli::Args args);      // runs what changed of a pipeline
int RunDag(const cli::Command& self, cli::Args args);        // shows what needs what
int RunLog(const cli::Command& self, cli::Args args);        // which versions data had; which made a model

}  // namespace pano::data
