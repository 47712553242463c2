#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace pano::hub {

// Which files of a repository a model consists of. A value.
struct FileChoice {
  std::string open;                // what is opened: a file, or "" for the folder
  std::vector<std::string> files;  // sorted, all of them in the repository
  // The index of the weights, one of `files`; its shards belong to the model too. "": none.
  std::string index;
};

// Chooses among the paths of a repository only what this program reads:
//   selector ""      config.json with safetensors, tokenizer, templates, modules of sentence encoders;
//                    where there are no safetensors, one GGUF model: the only one, else Q4_K_M, else
//                    Q8_0, as llama.cpp chooses
//   a GGUF type      the GGUF model of that type ("Q4_K_M", "BF16"; any case), with all parts of a
//                    split one. "UD-Q4_K_M" is another type than "Q4_K_M"
//   a path           that GGUF (with all its parts), or that .safetensors with what describes it
// NotFound where nothing fits, and InvalidArgument where several do; both name what there is.
// Unimplemented for a repository that has its weights only as pickles.
Result<FileChoice> ChooseFiles(const std::vector<std::string>& paths, std::string_view selector);

// Every whole GGUF model among the paths, projectors and the like included.
std::vector<FileChoice> GgufChoices(const std::vector<std::string>& paths);

// The files that the text of FileChoice::index names, all of which must be in `paths`.
Result<std::vector<std::string>> ShardsOf(std::string_view index_text,
                                          const std::vector<std::string>& paths);

// "Q4_K_M" of "x/Name-Q4_K_M-00001-of-00002.gguf" and of "Q4_K_M/Name.gguf"; "" where the name says none.
std::string GgufType(std::string_view path);

}  // namespace pano::hub
