"""What every test runs under. Set before a test module can import torch, transformers or matplotlib."""

import os
import signal

from hypothesis import settings

# The same output in a terminal, in CI and under xdist.
for name in ("NO_COLOR", "FORCE_COLOR", "CLICOLOR", "CLICOLOR_FORCE"):
    os.environ.pop(name, None)
os.environ["MPLBACKEND"] = "Agg"
# No test may reach for a hub, or wait for one that is not there.
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"

# A shell that starts the tests in the background has Ctrl-C ignored, and tests send it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# No deadlines: a shared machine is slow at times. CI draws the same examples every run, a person's runs draw new ones.
settings.register_profile("ci", deadline=None, derandomize=True)
settings.register_profile("dev", deadline=None, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "dev")
