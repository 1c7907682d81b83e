// model_verbs: one call to the operators' endpoint, and its answer in words.
#include "app/model_verbs.h"

#include <nlohmann/json.hpp>
#include <ostream>

#include "base/input.h"
#include "experiments/table.h"
#include "serving/http/ask.h"
#include "serving/model_shelf.h"

namespace bandstand::app {
namespace {

using experiments::cell;
using nlohmann::json;

struct Question {
  std::string method = "POST", target, body, type = "application/json";
};

int complain(std::ostream& err, const std::string& what) {
  err << "bandstand: " << what << "\n";
  return 2;
}

/// The file's text without white space at its ends.
base::Result<std::string> read_token(const std::string& path) {
  BANDSTAND_TRY(text, base::read_whole_file(path, 1 << 16));
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string::npos) return base::fail(base::Code::invalid_input, "the file is empty");
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

std::string text_of(const json& from, const char* field) {
  return from.contains(field) && from[field].is_string() ? from[field].get<std::string>() : std::string{};
}

void print_models(const json& answer, std::ostream& out) {
  experiments::Table table({"agent", "version", "answers", "model", "kind", "bytes"});
  for (const auto& agent : answer["agents"]) {
    for (const auto& model : agent["models"]) {
      const bool served = model["version"] == agent["version"];
      table.add({cell(text_of(agent, "agent")), cell(model["version"].get<std::int64_t>()),
                 cell(served ? text_of(agent, "rollout") : std::string("-")), cell(text_of(model, "model")),
                 cell(text_of(model, "kind")), cell(model["bytes"].get<std::int64_t>())});
    }
  }
  if (table.rows() == 0) {
    out << "no models: every agent answers by its default policy\n";
    return;
  }
  table.print(experiments::TableFormat::aligned, out);
}

void print_answer(ModelVerb verb, const json& answer, const ModelOptions& options, std::ostream& out) {
  if (verb == ModelVerb::publish) {
    const auto version = answer["version"].dump();
    out << options.agent << " model " << version << " (" << text_of(answer, "model")
        << ") is published; nobody answers with it yet:\n  bandstand model rollout " << options.agent << " " << version
        << " shadow\n";
    return;
  }
  print_models(answer, out);
}

/// What to ask, or why not: then the reason is on `err`.
bool question_of(ModelVerb verb, const ModelOptions& options, Question& out, std::ostream& err) {
  const std::string path = "/api/v1/models/" + options.agent;
  if (verb == ModelVerb::list) {
    out = {"GET", "/api/v1/models", "", ""};
    return true;
  }
  if (!serving::model_agent_named(options.agent)) {
    complain(err, "no agent '" + options.agent + "' takes a model: creative, bid, fraud or profile");
    return false;
  }
  if (verb == ModelVerb::publish) {
    auto bytes = base::read_whole_file(options.file, serving::kModelUploadMax);
    if (!bytes) {
      complain(err, options.file + ": " + bytes.error().what);
      return false;
    }
    out = {"POST", path, std::move(*bytes), "application/octet-stream"};
    return true;
  }
  if (verb == ModelVerb::rollback) {
    out = {"POST", path + "/rollback", ""};
    return true;
  }
  if (!serving::parse_rollout(options.rollout)) {
    complain(err, "'" + options.rollout + "' is none of off, shadow, percent:N (N from 0 to 100), live");
    return false;
  }
  json body{{"version", options.version}, {"rollout", options.rollout}};
  if (!options.override_reason.empty()) body["override"] = options.override_reason;
  if (!options.evaluation.empty()) {
    const auto text = base::read_whole_file(options.evaluation, 1 << 20);
    const auto read = text ? json::parse(*text, nullptr, false) : json();
    if (!read.is_object()) {
      complain(err, options.evaluation + ": not what `bandstand evaluate --json` prints");
      return false;
    }
    body["evaluation"] = read;
  }
  out = {"POST", path + "/rollout", body.dump(-1, ' ', false, json::error_handler_t::replace)};
  return true;
}

}  // namespace

int model_verb(ModelVerb verb, const ModelOptions& options, std::ostream& out, std::ostream& err) {
  Question question;
  if (!question_of(verb, options, question, err)) return 2;
  std::string headers;
  if (!options.token_file.empty()) {
    const auto token = read_token(options.token_file);
    if (!token) return complain(err, options.token_file + ": " + token.error().what);
    headers = "Authorization: Bearer " + *token + "\r\n";
  }
  if (!question.type.empty()) headers += "Content-Type: " + question.type + "\r\n";
  const auto asked = serving::http::ask(options.server, question.method, question.target, question.body, headers);
  if (!asked) return complain(err, "--server " + options.server + ": " + asked.error().what);
  if (asked->status == 0) return complain(err, "no answer from " + options.server + ": is a server running there?");
  const auto answer = json::parse(asked->body, nullptr, false);
  if (asked->status != 200) {
    err << "bandstand: refused: " << (answer.is_object() ? text_of(answer, "message") : std::to_string(asked->status)) << "\n";
    return 1;
  }
  if (options.json || !answer.is_object()) {
    out << asked->body << "\n";
  } else {
    print_answer(verb, answer, options, out);
  }
  return 0;
}

}  // namespace bandstand::app
