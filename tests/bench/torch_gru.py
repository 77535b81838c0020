# SPDX-License-Identifier: MIT
"""The peer of sequences: the same VAE with nn.GRU in PyTorch, on the same data.

torch_gru.py LAYOUT THREADS EPOCHS FILE prints a line an epoch: its seconds. FILE is a stream of one frame of u8
sequences of 23 positions and 18 tokens, with 0 after their end. The encoder is a linear layer of 400 units, the decoder
a GRU of 256 that is given the token before each position and 56 latents; mini-batches have 256 items. LAYOUT is rows
(batch_first) or positions. All data is in memory, and there is no DataLoader.
"""
import sys
import time

import numpy
import torch
from torch import nn
from torch.nn import functional

HEADER = 64
POSITIONS = 23
LEVELS = 19
LATENT = 56
UNITS = 256
BATCH = 256


class VAE(nn.Module):
    def __init__(self, rows):
        super().__init__()
        self.rows = rows
        self.encoder = nn.Sequential(nn.Linear(POSITIONS * LEVELS, 400), nn.ReLU(), nn.Linear(400, 2 * LATENT))
        self.gru = nn.GRU(LEVELS + LATENT, UNITS, batch_first=rows)
        self.output = nn.Linear(UNITS, LEVELS)

    def forward(self, one_hot):
        mu, logvar = self.encoder(one_hot.flatten(1)).chunk(2, dim=1)
        z = mu + torch.exp(0.5 * logvar) * torch.randn_like(mu)
        kl = 0.5 * torch.sum(logvar.exp() + mu.pow(2) - 1 - logvar)
        start = functional.one_hot(torch.zeros(len(z), 1, dtype=torch.long), LEVELS).float()
        previous = torch.cat((start, one_hot[:, :-1]), 1)
        given = torch.cat((previous, z[:, None].expand(-1, POSITIONS, -1)), 2)
        if self.rows:
            return self.output(self.gru(given)[0]), kl
        return self.output(self.gru(given.transpose(0, 1))[0]).transpose(0, 1), kl


def main():
    layout, threads, epochs, path = sys.argv[1:]
    torch.set_num_threads(int(threads))
    torch.manual_seed(1)
    model = VAE(layout == "rows")
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    items = numpy.fromfile(path, dtype=numpy.uint8, offset=HEADER).reshape(-1, POSITIONS)
    tokens = torch.from_numpy(items.astype(numpy.int64))
    ended = torch.cumsum(tokens == 0, 1) - (tokens == 0).long() > 0  # after the first 0
    one_hot = functional.one_hot(tokens, LEVELS).float() * ~ended[..., None]
    target = tokens.masked_fill(ended, -100)
    for _ in range(int(epochs)):
        begin = time.perf_counter()
        for rows in torch.randperm(len(tokens)).split(BATCH):
            optimizer.zero_grad(set_to_none=True)
            logits, kl = model(one_hot[rows])
            loss = functional.cross_entropy(logits.flatten(0, 1), target[rows].flatten(), reduction="sum") + kl
            (loss / len(rows)).backward()
            optimizer.step()
        print(time.perf_counter() - begin, flush=True)


main()
