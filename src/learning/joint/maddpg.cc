// maddpg: actors end in limit * tanh, whose slope is carried back by hand.
#include "learning/joint/maddpg.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/check.h"

namespace bandstand::learning {
namespace {

constexpr float kLongestGradient = 5;

bool chosen(std::span<const char> set, int agent) { return set.empty() || set[static_cast<std::size_t>(agent)] != 0; }

/// target <- (1 - share) target + share now.
void follow(Mlp& target, const Mlp& now, float share) {
  for (std::size_t i = 0; i < target.layers().size(); ++i) {
    auto& to = target.layers()[i];
    const auto& from = now.layers()[i];
    to.weight.value += share * (from.weight.value - to.weight.value);
    to.bias.value += share * (from.bias.value - to.bias.value);
  }
}

/// Of the network's only output by each of its inputs, one example a row; its weights' gradients stay as they are.
Mlp::Matrix input_gradient(const Mlp& net, const Mlp::Matrix& batch) {
  std::vector<Mlp::Matrix> activations = {batch};
  for (std::size_t i = 0; i + 1 < net.layers().size(); ++i) {
    Mlp::Matrix next = activations.back() * net.layers()[i].weight.value.transpose();
    next.rowwise() += net.layers()[i].bias.value.row(0);
    activations.push_back(next.cwiseMax(0.0f));
  }
  Mlp::Matrix at = Mlp::Matrix::Ones(batch.rows(), 1);
  for (std::size_t i = net.layers().size(); i-- > 0;) {
    at = Mlp::Matrix(at * net.layers()[i].weight.value);
    if (i > 0) at = at.cwiseProduct((activations[i].array() > 0).cast<float>().matrix());
  }
  return at;
}

Mlp::Matrix row_of(std::span<const float> values) {
  return Eigen::Map<const Mlp::Matrix>(values.data(), 1, static_cast<Eigen::Index>(values.size()));
}

}  // namespace

struct JointLearner::Batch {
  Matrix views, actions, rewards, next, going;
};

JointLearner::JointLearner(JointOptions options, std::uint64_t seed) : options_(std::move(options)), rng_(seed) {
  BANDSTAND_CHECK(options_.owner.size() == static_cast<std::size_t>(options_.agents));
  for (int i = 0; i < options_.agents; ++i) {
    Mlp actor({options_.features, options_.actor_hidden, 1}, rng_);
    actor.layers().back().weight.value.setZero();  // all actions are 0: the policy that they are added to
    actors_.push_back(actor);
  }
  actor_targets_ = actors_;
  const int critics = options_.shared_critic ? 1 : options_.agents;
  const int inputs = options_.shared_critic ? options_.owners * options_.features + options_.agents : options_.features + 1;
  for (int c = 0; c < critics; ++c) {
    const Mlp critic({inputs, options_.critic_hidden, options_.critic_hidden, 1}, rng_);
    critics_.push_back({critic, critic});
  }
}

JointLearner::Matrix JointLearner::view_of(int agent, const Matrix& views) const {
  return views.middleCols(options_.owner[static_cast<std::size_t>(agent)] * options_.features, options_.features);
}

JointLearner::Matrix JointLearner::actions_of(const std::vector<Mlp>& actors, const Matrix& views) const {
  Matrix out(views.rows(), options_.agents);
  for (int i = 0; i < options_.agents; ++i) {
    out.col(i) = options_.limit * actors[static_cast<std::size_t>(i)].predict(view_of(i, views)).array().tanh().matrix();
  }
  return out;
}

/// What a critic sees; actions as shares of the limit, so that it sees numbers about 1.
JointLearner::Matrix JointLearner::input_of(int critic, const Matrix& views, const Matrix& actions) const {
  const Matrix seen = options_.shared_critic ? views : view_of(critic, views);
  const Matrix acted = options_.shared_critic ? actions : Matrix(actions.col(critic));
  Matrix out(views.rows(), seen.cols() + acted.cols());
  out << seen, acted / options_.limit;
  return out;
}

std::vector<float> JointLearner::act(std::span<const float> views) const {
  const Matrix actions = actions_of(actors_, row_of(views));
  return {actions.data(), actions.data() + actions.size()};
}

std::vector<float> JointLearner::explore(std::span<const float> views, std::span<const char> exploring) {
  auto actions = act(views);
  for (int i = 0; i < options_.agents; ++i) {
    if (!chosen(exploring, i)) continue;
    float& action = actions[static_cast<std::size_t>(i)];
    action = std::clamp(action + options_.limit * options_.noise * static_cast<float>(rng_.normal()), -options_.limit,
                        options_.limit);
  }
  return actions;
}

void JointLearner::add(JointStep step) {
  if (memory_.size() < options_.capacity) {
    memory_.push_back(std::move(step));
  } else {
    memory_[at_] = std::move(step);
    at_ = (at_ + 1) % options_.capacity;
  }
}

void JointLearner::learn(std::span<const char> learning) {
  const auto rows = static_cast<Eigen::Index>(options_.batch);
  if (memory_.size() < options_.batch) return;
  Batch batch{Matrix(rows, options_.owners * options_.features), Matrix(rows, options_.agents), Matrix(rows, options_.owners),
              Matrix(rows, options_.owners * options_.features), Matrix(rows, 1)};
  for (Eigen::Index r = 0; r < rows; ++r) {
    const JointStep& step = memory_[rng_.below(memory_.size())];
    batch.views.row(r) = row_of(step.views);
    batch.actions.row(r) = row_of(step.actions);
    batch.rewards.row(r) = row_of(step.rewards);
    batch.next.row(r) = row_of(step.next);
    batch.going(r, 0) = step.last ? 0 : options_.discount;
  }
  const Matrix next_actions = actions_of(actor_targets_, batch.next);
  for (int c = 0; c < static_cast<int>(critics_.size()); ++c) {
    if (options_.shared_critic || chosen(learning, c)) teach_critic(c, batch, next_actions);
  }
  for (int i = 0; i < options_.agents; ++i) {
    if (chosen(learning, i)) teach_actor(i, batch);
  }
}

void JointLearner::teach_critic(int critic, const Batch& batch, const Matrix& next_actions) {
  Critic& c = critics_[static_cast<std::size_t>(critic)];
  const Matrix reward = options_.shared_critic ? Matrix(batch.rewards.rowwise().sum())
                                               : Matrix(batch.rewards.col(options_.owner[static_cast<std::size_t>(critic)]));
  const Matrix wanted =
      reward + batch.going.cwiseProduct(c.target.predict(input_of(critic, batch.next, next_actions)));
  const Matrix error = c.now.forward(input_of(critic, batch.views, batch.actions)) - wanted;
  c.now.backward(error / static_cast<float>(error.rows()));
  c.now.step(options_.critic_rates, kLongestGradient);
  follow(c.target, c.now, options_.follow);
}

void JointLearner::teach_actor(int agent, const Batch& batch) {
  const int critic = options_.shared_critic ? 0 : agent;
  const Mlp& q = critics_[static_cast<std::size_t>(critic)].now;
  Mlp& actor = actors_[static_cast<std::size_t>(agent)];
  const Matrix squashed = actor.forward(view_of(agent, batch.views)).array().tanh();
  Matrix actions = batch.actions;
  actions.col(agent) = options_.limit * squashed;
  const Matrix by_input = input_gradient(q, input_of(critic, batch.views, actions));
  const Eigen::Index column = options_.shared_critic ? options_.owners * options_.features + agent : options_.features;
  // The input is the action over the limit, the action is limit * tanh: what is left is the slope of tanh.
  const float each = -1.0f / static_cast<float>(squashed.rows());  // up the value, of a mean
  actor.backward(each * by_input.col(column).cwiseProduct((1 - squashed.array().square()).matrix()));
  actor.step(options_.actor_rates, kLongestGradient);
  follow(actor_targets_[static_cast<std::size_t>(agent)], actor, options_.follow);
}

}  // namespace bandstand::learning
