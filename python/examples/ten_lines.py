"""Cross-entropy search over a linear policy of two features, with the standard library alone; the training is ten lines."""
import random
import statistics

import bandstand_gym

env = bandstand_gym.PacingEnv(daily_budgets=[0.3], requests_per_window=20)


def day(policy, seed):  # reward of a day: the step is a + b (behind the plan) + c (what the last window over-spent)
    (x, _), total, over = env.reset(seed=seed), 0.0, False
    while not over:
        x, reward, over, _, info = env.step([policy[0] + policy[1] * x[2] + policy[2] * x[4]])
        total += reward
    return total


random.seed(1)
mean, deviation = [0.0, 0.0, 0.0], [0.3, 0.3, 0.3]
for generation in range(3):
    tried = [[random.gauss(m, d) for m, d in zip(mean, deviation)] for _ in range(8)]
    tried.sort(key=lambda policy: -statistics.mean(day(policy, seed) for seed in (1, 2)))
    mean = [statistics.mean(column) for column in zip(*tried[:3])]
    deviation = [statistics.stdev(column) + 0.02 for column in zip(*tried[:3])]
    print(f"generation {generation}: policy {[round(m, 2) for m in mean]}, a training day earns {day(mean, 1):.3f}", flush=True)

days = range(101, 106)
steered = bandstand_gym.PacingEnv(daily_budgets=[0.3], requests_per_window=20, base="receding_horizon")
for name, policy, world in (("mu = 1", [0, 0, 0], env), ("found", mean, env), ("the server's pacer", [0, 0, 0], steered)):
    env = world
    earned = [day(policy, seed) for seed in days]
    print(f"{name:20s} earns {statistics.mean(earned):.3f} a day, standard error {statistics.stdev(earned) / len(earned) ** .5:.3f}")
