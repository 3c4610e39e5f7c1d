"""Plays episodes in Gymnasium and prints what happened, as golden.json.gz has it.

    python gymnasium_env.py            # all environments
"""

import json

import gymnasium
import numpy as np

STEPPED = ["CartPole-v1", "Acrobot-v1", "Pendulum-v1", "MountainCar-v0", "MountainCarContinuous-v0"]
TABLES = ["FrozenLake-v1", "FrozenLake8x8-v1", "CliffWalking-v1", "CliffWalkingSlippery-v1"]


def space(s):
    if isinstance(s, gymnasium.spaces.Discrete):
        return {"n": int(s.n)}
    return {"low": [str(v) for v in s.low], "high": [str(v) for v in s.high]}


def spec(env):
    s = env.spec
    return {
        "max_episode_steps": s.max_episode_steps or 0,
        "reward_threshold": s.reward_threshold,
        "observation": space(env.observation_space),
        "action": space(env.action_space),
    }


def play(id, seed):
    """One episode of random actions, with its time limit."""
    env = gymnasium.make(id)
    rng = np.random.default_rng(seed)
    env.reset(seed=seed)
    steps, over = [], False
    first = [float(v) for v in env.unwrapped.state]
    while not over:
        if isinstance(env.action_space, gymnasium.spaces.Discrete):
            a = int(rng.integers(env.action_space.n))
            act, told = a, a
        else:
            act = rng.uniform(-2.5, 2.5, 1)
            told = [float(act[0])]
        obs, r, term, trunc, _ = env.step(act)
        over = term or trunc
        steps.append({"a": told, "state": [float(v) for v in env.unwrapped.state], "obs": [float(v) for v in obs],
                      "r": float(r), "term": bool(term), "trunc": bool(trunc)})
    return {"init": first, "steps": steps}


out = {id: [play(id, seed) for seed in range(3)] for id in STEPPED}
for id in TABLES:
    P = gymnasium.make(id).unwrapped.P
    out[id] = {"P": {str(s): {str(a): [[float(p), int(n), float(r), bool(t)] for p, n, r, t in ways] for a, ways in row.items()} for s, row in P.items()}}
print(json.dumps({"specs": {id: spec(gymnasium.make(id)) for id in STEPPED + TABLES}, "envs": out}))
