"""gym_test FOLDER: tests of bandstand_gym as built below FOLDER; exit code 77 (skipped) where it was not built."""
import os
import sys
import unittest

folder = sys.argv.pop(1) if len(sys.argv) > 1 else "build-python/python"
if not any(name.startswith("_core") for name in (os.listdir(os.path.join(folder, "bandstand_gym"))
                                                 if os.path.isdir(os.path.join(folder, "bandstand_gym")) else [])):
    print(f"skipped: bandstand_gym is not built in {folder}; ./dev gym builds and tests it (needs python3-dev)")
    sys.exit(77)
sys.path.insert(0, folder)
import bandstand_gym  # noqa: E402

SMALL = {"daily_budgets": (0.4,), "requests_per_window": 30, "windows": 40}


def run(actions, seed=1, **options):
    env = bandstand_gym.PacingEnv(**{**SMALL, **options})
    first, _ = env.reset(seed=seed)
    steps = [tuple(first)]
    terminated = False
    while not terminated:
        observation, reward, terminated, truncated, info = env.step(actions)
        assert not truncated
        steps.append((tuple(observation), reward, info["campaigns"]))
    return steps


class PacingEnvTest(unittest.TestCase):
    def test_same_seed_and_actions_give_the_same_day(self):
        self.assertEqual(run([0.02]), run([0.02]))

    def test_another_seed_is_another_day(self):
        self.assertNotEqual(run([0.0]), run([0.0], seed=2))

    def test_dearer_money_spends_less(self):
        spent = [sum(step[2][0]["spent"] for step in run([action])[1:]) for action in (0.0, 0.3)]
        self.assertGreater(spent[0], 1.5 * spent[1])

    def test_an_episode_has_its_windows_and_observations_lie_in_their_space(self):
        env = bandstand_gym.PacingEnv(**SMALL)
        observation, _ = env.reset(seed=3)
        self.assertTrue(env.observation_space.contains(observation))
        self.assertEqual(len(observation), bandstand_gym.FEATURES)
        self.assertEqual(len(bandstand_gym.FEATURE_NAMES), bandstand_gym.FEATURES)
        for window in range(SMALL["windows"]):
            observation, _, terminated, _, _ = env.step(env.action_space.sample())
            self.assertTrue(env.observation_space.contains(observation))
            self.assertEqual(terminated, window + 1 == SMALL["windows"])
        with self.assertRaises(RuntimeError):
            env.step([0.0])

    def test_two_campaigns_are_steered_apart(self):
        days = run([0.0, 0.5], daily_budgets=(0.4, 0.4))
        mu = [campaign["mu"] for campaign in days[-1][2]]
        self.assertEqual(mu[0], 1.0)
        self.assertGreater(mu[1], 1000)

    def test_wrong_options_and_actions_say_so(self):
        with self.assertRaisesRegex(ValueError, "base"):
            bandstand_gym.PacingEnv(base="wishes")
        with self.assertRaisesRegex(ValueError, "daily_budgets"):
            bandstand_gym.PacingEnv(daily_budgets=(-1,))
        env = bandstand_gym.PacingEnv(**SMALL)
        with self.assertRaises(RuntimeError):
            env.step([0.0])
        env.reset(seed=1)
        with self.assertRaises(ValueError):
            env.step([0.0, 0.0])

    @unittest.skipUnless(bandstand_gym.gymnasium, "gymnasium is not installed")
    def test_gymnasium_accepts_it(self):
        from gymnasium.utils.env_checker import check_env
        check_env(bandstand_gym.gymnasium.make("bandstand/Pacing-v0", **SMALL).unwrapped)


if __name__ == "__main__":
    unittest.main()
