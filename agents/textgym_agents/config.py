"""The configuration of a training run, and the presets."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from textgym_agents.adapters import LoraSettings
from textgym_agents.algorithms import PPOConfig
from textgym_agents.learner import LearnerConfig
from textgym_agents.retries import Retries
from textgym_agents.sft import SFTConfig


@dataclass
class EnvConfig:
    """What `gym.make_vec` is given beside the id."""

    protocol: str | None = None
    """how tool calls are written: tags, hermes, or chat (the model's own chat template); None, here and below: what
    the environment is registered with"""
    difficulty: tuple[int, ...] | None = None
    """difficulty levels of the task source; None: all"""
    families: tuple[str, ...] | None = None
    """families of the task source; None: all"""
    markup: tuple[str, ...] = ()
    """strings that the tokenizer of a model from scratch makes one token each; a model's own tokenizer stays"""
    bpe: int | None = None
    """vocabulary of a BPE tokenizer for a model from scratch, trained on questions of the train split; None: bytes"""
    system_prompt: str | None = None
    """"": none; None: what the environment is registered with, or else the protocol's instructions"""
    few_shot: int | None = None
    """oracle examples in the prompt"""
    max_tokens: int | None = None
    """length of the context"""
    max_new_tokens: int | None = None
    """tokens of a turn"""
    max_turns: int | None = None
    """turns of an episode"""
    max_tool_tokens: int | None = None
    """tokens of a tool result"""

    def kwargs(self) -> dict[str, Any]:
        """Keyword arguments of `gym.make` and `gym.make_vec`."""
        kwargs = {name: value for name, value in asdict(self).items() if value is not None}
        for name in ("markup", "bpe"):  # the tokenizer's
            kwargs.pop(name, None)
        source_kwargs = {name: kwargs.pop(name) for name in ("difficulty", "families") if name in kwargs}
        return {**kwargs, "source_kwargs": source_kwargs} if source_kwargs else kwargs


@dataclass
class TrainConfig:
    """One run: warm start, PPO, and evaluation on held-out tasks before and after."""

    model: str = "tiny"
    """"tiny" (from scratch), "smollm2", a Hugging Face id, a folder, or a .gguf file"""
    device: str = "cpu"
    """where the policy lives: cpu or cuda"""
    seed: int = 0
    """of everything random"""
    env: EnvConfig = field(default_factory=EnvConfig)
    lora: LoraSettings | None = None
    """None: every weight is trained"""
    sft: SFTConfig | None = field(default_factory=SFTConfig)
    """None: no warm start"""
    ppo: PPOConfig = field(default_factory=PPOConfig)
    learner: LearnerConfig = field(default_factory=LearnerConfig)
    iterations: int = 60
    """PPO steps"""
    episodes: int = 256
    """episodes of a PPO step"""
    retry: float = 0.0
    """share of them that goes to tasks which the policy failed before (`retries.py`)"""
    num_envs: int = 128
    """slots of the vector environment"""
    eval_split: str = "test"
    """split of the held-out tasks"""
    eval_episodes: int = 500
    """held-out tasks; the same before and after"""
    eval_seed: int = 20_251_122
    """draws the held-out tasks"""
    checkpoint_every: int = 10
    """PPO steps between checkpoints"""

    def check(self) -> None:
        """Raise ValueError for numbers that would fail only hours later."""
        if self.sft is not None:
            self.sft.check()
        counts = {n: getattr(self, n) for n in ("episodes", "num_envs", "eval_episodes", "checkpoint_every")}
        counts |= {f"learner.{n}": getattr(self.learner, n) for n in ("epochs", "minibatches", "micro_batch_size")}
        Retries(self.retry)
        for name, value in counts.items():
            if value < 1:
                raise ValueError(f"{name} must be at least 1, not {value}")
        for name in ("iterations", "seed", "eval_seed"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must be at least 0, not {getattr(self, name)}")
        self.ppo.check()
        self.learner.check()
        rates = {"learner.lr": self.learner.lr, "learner.value_lr": self.learner.value_lr}
        if self.sft is not None:
            rates["sft.lr"] = self.sft.lr
            if self.sft.muon_lr is not None:
                rates["sft.muon_lr"] = self.sft.muon_lr
        for name, rate in rates.items():
            if not 0 <= rate < math.inf:
                raise ValueError(f"{name} must be a finite number and not negative, not {rate}")
        if self.ppo.kl_target is not None and self.ppo.kl_horizon < self.episodes:
            raise ValueError(f"ppo.kl_horizon ({self.ppo.kl_horizon}) must be at least episodes ({self.episodes})")

    def to_dict(self) -> dict[str, Any]:
        """JSON-serialisable; `from_dict` is its inverse."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> TrainConfig:
        """Rebuild a configuration, also after a JSON round trip."""
        data = dict(data)
        parts = {"env": EnvConfig, "lora": LoraSettings, "sft": SFTConfig, "ppo": PPOConfig, "learner": LearnerConfig}
        for name, part in parts.items():
            if data.get(name) is not None:
                values = {k: tuple(v) if isinstance(v, list) else v for k, v in data[name].items()}
                data[name] = part(**values)
        return cls(**data)


CALC, PYTHON = "TextCalc-v0", "TextPython-v0"

MARKUP = ("<request>", "<calculator>", "<call>", "<response>", "<submit>")
"""The tags protocol's strings, one token each in the demo: episodes are a third shorter."""


FAMILIES = ("sum", "difference", "product", "gathered", "sold", "packed")
"""What the demo asks: whole numbers added, subtracted, multiplied; asked for bare, and in stories."""


def demo() -> TrainConfig:
    """The embedded default: a 0.9 M model from scratch on six families of one-step problems, minutes on two cores."""
    return TrainConfig(
        env=EnvConfig(
            difficulty=(1,),
            families=FAMILIES,
            markup=MARKUP,
            bpe=512,
            system_prompt="",
            max_tokens=96,
            max_new_tokens=20,
            max_turns=3,
            max_tool_tokens=24,
        ),
        # A constant rate to the end: what it leaves is a policy that knows more than its noise lets it show.
        sft=SFTConfig(stop_at=0.5, muon_lr=0.01, demonstrations=9_000, eval_every=20),
        # Monte Carlo advantages: the one reward lies 20 tokens behind the digit that decides it. The critic explains
        # little of a copying error, and through the shared trunk its loss would drown the policy's. A failed episode
        # has one wrong digit among twenty right tokens, so negative advantages are mostly noise.
        ppo=PPOConfig(
            lam=1.0, kl_coef=0.0, value_coef=0.1, detach_values=True, negative_weight=0.3, bootstrap_truncated=False
        ),
        # Sixteen rows fit the cache of a core: a third faster than 64, with the same gradient.
        learner=LearnerConfig(
            lr=4e-4,
            adam_beta2=0.98,
            warmup_steps=2,
            decay_steps=70,
            final_lr=0.05,
            epochs=1,
            minibatches=4,
            micro_batch_size=16,
        ),
        iterations=70,
        num_envs=256,
        retry=0.5,
    )


def python() -> TrainConfig:
    """The demo's settings on an easy part of TextPython-v0: two numbers that go into one short line of code."""
    config = demo()
    config.env = replace(
        config.env,
        families=("power_digit_sum", "square_remainders", "common_multiple"),
        markup=tuple(text.replace("calculator", "python") for text in MARKUP),
        max_tokens=160,
        max_new_tokens=40,
        max_tool_tokens=32,
    )
    # Demonstrations and episodes are longer, and take a session of the sandbox each.
    config.sft = SFTConfig(stop_at=0.5, muon_lr=0.01, demonstrations=8_000, eval_every=20)
    config.learner = replace(config.learner, decay_steps=30)
    config.iterations = 30
    return config


def pretrained() -> TrainConfig:
    """A pretrained model with LoRA: few demonstrations, then PPO."""
    return TrainConfig(
        model="smollm2",
        lora=LoraSettings(),
        env=EnvConfig(
            difficulty=(1, 2),
            system_prompt="Write <request><calculator>expression<call>, read the result, "
            "then write the answer and <submit>.",
            max_tokens=256,
            max_new_tokens=48,
            max_turns=3,
            max_tool_tokens=24,
        ),
        sft=SFTConfig(steps=20, batch_size=8, micro_batch_size=8, lr=1e-3, demonstrations=48, warmup_steps=3),
        # Few episodes a step, so a moderate temperature: at 1 most of them would fail by one unlucky token.
        ppo=PPOConfig(
            lam=1.0,
            kl_coef=0.0,
            value_coef=0.1,
            detach_values=True,
            negative_weight=0.25,
            bootstrap_truncated=False,
            temperature=0.7,
        ),
        learner=LearnerConfig(lr=8e-4, minibatches=2, micro_batch_size=16),
        iterations=15,
        episodes=48,
        num_envs=48,
        eval_episodes=200,
        checkpoint_every=4,
    )


def pretrained_python() -> TrainConfig:
    """The same on the easiest level of TextPython-v0, in fewer steps."""
    config = pretrained()
    prompt = config.env.system_prompt or ""
    prompt = prompt.replace("<calculator>expression", "<python>code")
    config.env = replace(config.env, difficulty=(1,), system_prompt=prompt)
    config.learner.lr = 5e-4  # as in the committed run; lower is to be tried, for its success fell at the end
    config.iterations = 8
    return config


PRESETS = {"demo": demo, "pretrained": pretrained, "python": python, "pretrained_python": pretrained_python}

WRITTEN_FOR = {"demo": CALC, "pretrained": CALC, "python": PYTHON, "pretrained_python": PYTHON}
"""The environment whose tasks, tool and budgets a preset names."""


def preset(name: str, env_id: str) -> TrainConfig:
    """A preset for an environment: tasks, tool and budgets are its own unless the preset was written for it."""
    config = PRESETS[name]()
    if env_id.rpartition(":")[2] != WRITTEN_FOR[name]:
        prompt = None if config.env.system_prompt else config.env.system_prompt  # one that names a tool; "" stays
        config.env = EnvConfig(markup=config.env.markup, bpe=config.env.bpe, system_prompt=prompt)
    return config
