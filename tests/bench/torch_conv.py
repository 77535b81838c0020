# SPDX-License-Identifier: MIT
"""The peer of networks of convolutions: the same VAE in PyTorch, on the same data.

torch_conv.py NET FORMAT THREADS EPOCHS FILE prints a line an epoch: its seconds. FILE is a stream of one frame of u8
pictures. NET is small (28x28x1: conv:32:4:2,conv:64:4:2,256) or pictures (32x32x3: conv:64:3:2,resconv,conv:128:3:2,256),
both with 20 latents and mini-batches of 128; FORMAT is nchw or nhwc (channels_last). All data is in memory, and there
is no DataLoader.
"""
import sys
import time

import numpy
import torch
from torch import nn
from torch.nn import functional

HEADER = 64
LATENT = 20
BATCH = 128


class ResidualBlock(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x):
        return x + self.second(functional.relu(self.first(functional.relu(x))))


def small():
    encoder = [nn.Conv2d(1, 32, 4, 2, 1), nn.ReLU(), nn.Conv2d(32, 64, 4, 2, 1), nn.ReLU()]
    decoder = [nn.Upsample(scale_factor=2), nn.ZeroPad2d((1, 2, 1, 2)), nn.Conv2d(64, 32, 4), nn.ReLU(),
               nn.Upsample(scale_factor=2), nn.ZeroPad2d((1, 2, 1, 2)), nn.Conv2d(32, 1, 4)]
    return (1, 28, 28), (64, 7, 7), encoder, decoder


def pictures():
    encoder = [nn.Conv2d(3, 64, 3, 2, 1), nn.ReLU(), ResidualBlock(64), nn.Conv2d(64, 128, 3, 2, 1), nn.ReLU()]
    decoder = [nn.Upsample(scale_factor=2), nn.Conv2d(128, 64, 3, padding=1), nn.ReLU(), ResidualBlock(64),
               nn.Upsample(scale_factor=2), nn.Conv2d(64, 3, 3, padding=1)]
    return (3, 32, 32), (128, 8, 8), encoder, decoder


class VAE(nn.Module):
    def __init__(self, seen, encoder, decoder):
        super().__init__()
        features = int(numpy.prod(seen))
        self.seen = seen
        self.encoder = nn.Sequential(*encoder, nn.Flatten(), nn.Linear(features, 256), nn.ReLU(),
                                     nn.Linear(256, 2 * LATENT))
        self.dense = nn.Sequential(nn.Linear(LATENT, 256), nn.ReLU(), nn.Linear(256, features), nn.ReLU())
        self.decoder = nn.Sequential(*decoder)

    def forward(self, x, memory_format):
        mu, logvar = self.encoder(x).chunk(2, dim=1)
        z = mu + torch.exp(0.5 * logvar) * torch.randn_like(mu)
        kl = 0.5 * torch.sum(logvar.exp() + mu.pow(2) - 1 - logvar)
        pictures = self.dense(z).view(-1, *self.seen).contiguous(memory_format=memory_format)
        return self.decoder(pictures), kl


def main():
    net, memory_format, threads, epochs, path = sys.argv[1:]
    torch.set_num_threads(int(threads))
    torch.manual_seed(1)
    shape, seen, encoder, decoder = {"small": small, "pictures": pictures}[net]()
    memory_format = {"nchw": torch.contiguous_format, "nhwc": torch.channels_last}[memory_format]
    model = VAE(seen, encoder, decoder).to(memory_format=memory_format)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    items = numpy.fromfile(path, dtype=numpy.uint8, offset=HEADER).reshape(-1, shape[1], shape[2], shape[0])
    x = torch.from_numpy(items.transpose(0, 3, 1, 2).copy()).float().div_(255).contiguous(memory_format=memory_format)
    for _ in range(int(epochs)):
        begin = time.perf_counter()
        for rows in torch.randperm(len(x)).split(BATCH):
            item = x.index_select(0, rows).contiguous(memory_format=memory_format)
            optimizer.zero_grad(set_to_none=True)
            logits, kl = model(item, memory_format)
            loss = functional.binary_cross_entropy_with_logits(logits, item, reduction="sum") + kl
            (loss / len(rows)).backward()
            optimizer.step()
        print(time.perf_counter() - begin, flush=True)


main()
