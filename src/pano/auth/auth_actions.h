#pragma once

#include "pano/command_line/command.h"

namespace pano::cli {

// The actions of `pano auth` on the state of the built-in issuer.
int RunAuthInit(const Command& self, Args args);
int RunAuthRotate(const Command& self, Args args);
int RunAuthToken(const Command& self, Args args);
int RunAuthClientCreate(const Command& self, Args args);
int RunAuthClientList(const Command& self, Args args);
int RunAuthClientRevoke(const Command& self, Args args);
int RunAuthKeyCreate(const Command& self, Args args);
int RunAuthKeyList(const Command& self, Args args);
int RunAuthKeyRevoke(const Command& self, Args args);
int RunAuthUserCreate(const Command& self, Args args);
int RunAuthUserPasswd(const Command& self, Args args);
int RunAuthUserList(const Command& self, Args args);
int RunAuthUserRevoke(const Command& self, Args args);

}  // namespace pano::cli
