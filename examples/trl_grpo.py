"""TRL's GRPO on TextCalc-v0: the model calls the calculator in its own chat format, and TextCalc asks and grades."""

import sys

from datasets import Dataset
from trl import GRPOConfig, GRPOTrainer

from textgym.adapters.trl import EnvironmentFactory, seed_columns


def main(model: str = "Qwen/Qwen3-0.6B", tasks: int = 1000, **config) -> GRPOTrainer:
    """Train `model`; `config` are arguments of `GRPOConfig`."""
    factory = EnvironmentFactory("textgym:TextCalc-v0", source_kwargs={"difficulty": (1, 2)}, max_turns=4)
    defaults = {"output_dir": "runs/trl_grpo", "max_completion_length": 512, "activation_checkpointing": False}
    trainer = GRPOTrainer(
        model=model,
        args=GRPOConfig(**(defaults | config)),
        train_dataset=Dataset.from_dict(seed_columns(tasks)),  # a group of completions is one seed: one task
        environment_factory=factory,
    )
    trainer.train()
    return trainer


if __name__ == "__main__":
    main(*sys.argv[1:2])
