"""A small network learns XOR with micrograd: several passes, zero_grad, parameter updates."""

import random

from micrograd.nn import MLP

random.seed(7)
model = MLP(2, [4, 1])
examples = [([0.0, 0.0], -1.0), ([0.0, 1.0], 1.0), ([1.0, 0.0], 1.0), ([1.0, 1.0], -1.0)]

for step in range(3):
    loss = sum((model(x) - y) ** 2 for x, y in examples)
    model.zero_grad()
    loss.backward()
    for p in model.parameters():
        p.data -= 0.05 * p.grad
    print(f"step {step}: loss {loss.data:.4f}")
