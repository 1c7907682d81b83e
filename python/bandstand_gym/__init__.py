"""Bandstand's simulated world as a Gymnasium environment: pace a campaign by moving its shadow price.

    env = bandstand_gym.PacingEnv(daily_budgets=[2.0])
    observation, info = env.reset(seed=1)
    observation, reward, terminated, truncated, info = env.step([0.1])

Works without gymnasium and numpy: observations are then tuples of floats, spaces are `Box`es of this module. Where
gymnasium can be imported, PacingEnv is a gymnasium.Env with its spaces and numpy arrays, registered as
"bandstand/Pacing-v0".
"""
import random

from ._core import FEATURES
from ._core import PacingEnv as _Core

try:
    import gymnasium
    import numpy
except ImportError:
    gymnasium = numpy = None

__all__ = ["FEATURES", "FEATURE_NAMES", "Box", "PacingEnv"]

# As agents/bid/control_state.h; campaign by campaign.
FEATURE_NAMES = ("traffic_left", "budget_left", "pace_log", "budget_log/2", "spent_log", "spent_log_before", "win_rate",
                 "value_log", "price_log", "mu_log")


class Box:
    """The part of gymnasium.spaces.Box that a policy needs: bounds, shape, contains(), sample()."""

    def __init__(self, low, high, shape):
        self.low, self.high, self.shape = float(low), float(high), tuple(shape)
        self._random = random.Random(0)

    def contains(self, x):
        return len(x) == self.shape[0] and all(self.low <= v <= self.high for v in x)

    def sample(self):
        return tuple(self._random.uniform(self.low, self.high) for _ in range(self.shape[0]))

    def seed(self, seed=None):
        self._random.seed(seed)


def _box(low, high, size):
    return gymnasium.spaces.Box(low, high, (size,), numpy.float32) if gymnasium else Box(low, high, (size,))


class PacingEnv(gymnasium.Env if gymnasium else object):
    """A step is 15 minutes, an episode a day. Action: a step of ln mu for each campaign, clipped to +-step_max.

    Observation: FEATURES numbers a campaign, each within [-3, 3]. Reward: value less cost of all campaigns in the window.
    info["campaigns"]: spent, impressions, offers, mu, budget_left of each. Options: src/gym/pacing_env.h.
    """

    metadata = {"render_modes": []}

    def __init__(self, daily_budgets=(2.0,), render_mode=None, step_max=0.7, **options):
        if render_mode is not None:
            raise ValueError("render_mode: nothing is drawn")
        self.render_mode = None
        self._core = _Core(daily_budgets=tuple(daily_budgets), step_max=step_max, **options)
        self.action_space = _box(-step_max, step_max, len(daily_budgets))
        self.observation_space = _box(-3, 3, FEATURES * len(daily_budgets))
        self._seeds = random.Random(0)

    def reset(self, *, seed=None, options=None):
        """Without a seed: the next day of a row of days that the last seed began."""
        if seed is not None:
            self._seeds.seed(seed)
        if gymnasium:
            super().reset(seed=seed)
        day = seed if seed is not None else self._seeds.getrandbits(63)
        return self._observation(self._core.reset(day)), {"seed": day}

    def step(self, action):
        observation, reward, terminated, campaigns = self._core.step(tuple(float(a) for a in action))
        return self._observation(observation), reward, terminated, False, {"campaigns": campaigns}

    def close(self):
        pass

    @staticmethod
    def _observation(values):
        return numpy.asarray(values, dtype=numpy.float32) if numpy else values


if gymnasium:
    gymnasium.register(id="bandstand/Pacing-v0", entry_point="bandstand_gym:PacingEnv")
