#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace pano::hub {

// A model named on the Hugging Face Hub: "hf:ORG/NAME[@REVISION][:FILE-or-TYPE]". A value.
struct ModelName {
  std::string repo;                // "Qwen/Qwen3-0.6B"; old repositories have no organisation: "gpt2"
  std::string revision = "main";   // a branch, a tag, "refs/pr/1" or a commit
  bool revision_given = false;     // and not the default
  // What of the repository: a file of it ("sub/x-Q4_K_M.gguf") or a type of its GGUF files ("Q4_K_M",
  // any case). "": what the repository is about, see ChooseFiles.
  std::string selector;

  // The name that ParseModelName reads as this one.
  std::string Text() const;
};

// Whether `text` names a model in a registry ("hf:", also "oci:" and "ollama:", which are refused)
// rather than a path.
bool IsRegistryName(std::string_view text);

// InvalidArgument that says which part is wrong; Unimplemented for a registry that is not supported.
Result<ModelName> ParseModelName(std::string_view text);

// As the hub has them: one or two parts of [A-Za-z0-9._-], at most 96 bytes in all, without "--" and
// ".." (so that a folder's name gives the repository back), no '.' or '-' at an end.
bool IsRepoName(std::string_view text);
// What git takes for a branch or tag, or a commit; safe as a relative path.
bool IsRevision(std::string_view text);
// A whole commit: 40 lower-case hexadecimal digits.
bool IsCommit(std::string_view text);
// A file's path in a repository that stays below the folder it is put in: relative, no empty part, no
// part ".", ".." or ".git", no backslash or control character, at most 512 bytes.
bool IsFilePath(std::string_view text);

}  // namespace pano::hub
