#pragma once

#include <string>
#include <vector>

#include "model/tools/call_object.h"

namespace pano::tools {

// How arguments are written as tags, each: key_begin KEY key_end [attributes tag_end] [value_begin]
// VALUE value_end; after the last one `close`. Blanks may stand between the tags.
struct TagForm {
  std::string key_begin, key_end;
  std::string tag_end = {};      // behind attributes; "": there are none. string="true" says that the
                                 // value is text, string="false" that it is JSON
  std::string value_begin = {};  // "": the value follows at once
  std::string value_end;
  std::string close;
  bool own_lines = false;        // a value stands between line ends that are not its own
};

// One thing that a call consists of, in order.
struct CallStep {
  enum class Kind {
    kText,          // `text` itself
    kOptionalText,  // `text`, or nothing
    kBlanks,        // any blanks; `text`: those that the template writes
    kName,          // the function's name
    kId,            // letters, digits, '_', '-'; `text`: the call's id, with {name} and {id}
    kUpTo,          // anything, up to `text` and with it; `usual`: what the template writes
    kJson,          // the arguments: a JSON object
    kTags,          // the arguments as `tags`
    kMarked,        // the arguments: {key:<|"|>text<|"|>,key:1}
    kObjects,       // whole calls: an object of `form`, or an array of them
    kPython,        // whole calls: [f(a=1), g()], or one f(a=1)
  };
  Kind kind = Kind::kText;
  std::string text = {};
  std::string usual = {};
  TagForm tags = {};
  ObjectForm form = ObjectForm::kNamed;
  // Of kObjects, as the template writes them; other spellings are read too.
  std::string name_key = "name";
  std::string arguments_key = "arguments";
  std::string id_key = {};  // a member before the others that numbers the calls; "": none
  bool list = false;        // an array, with one call as well
};

// How one family of models writes calls: what the parser reads and the grammar constrains. An output is
// text, then `begin` CALL... `end`; more than once where the text goes on.
struct CallFormat {
  std::string name;  // of the family, for reports
  // The template is of this family when it holds all texts of one of these.
  std::vector<std::vector<std::string>> signatures;
  std::string begin = {};  // "": each call begins with a mark of its own, the first text of its steps
  std::string end = {};    // "": none
  // Other ways in which the same begins.
  std::vector<std::string> other_begins = {};
  // The ways to write one call; which one it is shows in its first character.
  std::vector<std::vector<CallStep>> calls;
  bool many = false;      // several calls may stand between `begin` and `end`
  bool one_section = false;  // all of a message's calls stand between one `begin` and `end`
  bool at_start = false;  // a message may begin with a call, without any mark
  // Where the text goes on behind `begin`: as in ">>>all\n".
  std::string text_mark = {};
  // The id of a call has nine letters and digits, as Mistral's templates want.
  bool short_ids = false;
  bool ends_reasoning = false;  // calls begin inside the reasoning, too
  std::vector<std::string> dropped = {};  // marks that are no part of the text
};

// Where reasoning stands. `open` may be what only the prompt writes.
struct ReasoningFormat {
  std::vector<std::string> signature;  // all of these are in the template
  std::string open, close;
  bool anywhere = false;               // not only at the beginning of a message
  std::vector<std::string> dropped = {};
};

// In the order in which they are tried; the last one, without a signature, is taken for any other.
const std::vector<CallFormat>& CallFormats();
const std::vector<ReasoningFormat>& ReasoningFormats();

}  // namespace pano::tools
