// learned_model: what an agent reads from a model file, checked and ready: immutable, shared by all shards.
#pragma once

namespace bandstand::agents {

/// An agent's policy derives its own from it, says in a function how to read one, and is handed it between two requests.
class LearnedModel {
 public:
  virtual ~LearnedModel() = default;
};

}  // namespace bandstand::agents
