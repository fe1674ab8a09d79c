"""What holds for every test: one thread for each worker, the course's own seed, the reader's progress kept out."""

import os

import torch

os.environ.pop("LABS_SEED", None)
os.environ["LABS_PROGRESS"] = ":memory:"
torch.set_num_threads(1)
