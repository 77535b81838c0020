"""The peer: the same VAE in PyTorch, on the same data.

torch_vae.py MODE THREADS BATCH HIDDEN LATENT ACTIVATION BINARIZE EPOCHS FILE prints a line an epoch: its seconds, and
the mean loss of an item in nats. FILE is a stream of one frame of u8 items. MODE is
  tuned   as fast as PyTorch gets without another library: all data in memory as floats, one permutation an epoch, the
          loss from logits, no DataLoader
  stock   as PyTorch's own VAE example is built: a Dataset of single images that are made tensors one by one, a
          DataLoader that shuffles, sigmoid and binary_cross_entropy, the loss read at every step
torch_vae.py sample writes 64 items of a model with random weights as one PGM.
"""
import sys
import time

import numpy
import torch
from torch import nn
from torch.nn import functional

HEADER = 64
ACTIVATIONS = {"relu": nn.ReLU, "tanh": nn.Tanh}


class VAE(nn.Module):
    def __init__(self, elements, hidden, latent, activation):
        super().__init__()
        self.encoder = self.stack([elements] + hidden, activation)
        self.heads = nn.Linear(hidden[-1], 2 * latent)
        self.decoder = self.stack([latent] + hidden[::-1], activation)
        self.logits = nn.Linear(hidden[0], elements)

    @staticmethod
    def stack(units, activation):
        layers = []
        for fan_in, fan_out in zip(units, units[1:]):
            layers += [nn.Linear(fan_in, fan_out), activation()]
        return nn.Sequential(*layers)

    def decode(self, z):
        return self.logits(self.decoder(z))

    def forward(self, x):
        mu, logvar = self.heads(self.encoder(x)).chunk(2, dim=1)
        z = mu + torch.exp(0.5 * logvar) * torch.randn_like(mu)
        kl = 0.5 * torch.sum(logvar.exp() + mu.pow(2) - 1 - logvar)
        return self.decode(z), kl


def train_tuned(model, optimizer, images, batch, binarize):
    x = torch.from_numpy(images).float().div_(255)
    while True:
        total = torch.zeros(())
        order = torch.randperm(len(x))
        for rows in order.split(batch):
            item = x.index_select(0, rows)
            if binarize == "sample":
                item = torch.bernoulli(item)
            optimizer.zero_grad(set_to_none=True)
            logits, kl = model(item)
            loss = functional.binary_cross_entropy_with_logits(logits, item, reduction="sum") + kl
            (loss / len(rows)).backward()
            optimizer.step()
            total += loss.detach()
        yield total.item() / len(x)


class Images(torch.utils.data.Dataset):
    """What torchvision's own MNIST data set does for an item: an image, and from that a tensor."""

    def __init__(self, images):
        from PIL import Image
        from torchvision import transforms

        self.images = images
        self.to_image = Image.fromarray
        self.to_tensor = transforms.ToTensor()

    def __len__(self):
        return len(self.images)

    def __getitem__(self, i):
        return self.to_tensor(self.to_image(self.images[i].reshape(28, 28), mode="L")), 0


def train_stock(model, optimizer, images, batch, _binarize):
    loader = torch.utils.data.DataLoader(Images(images), batch_size=batch, shuffle=True)
    while True:
        total = 0
        for x, _ in loader:
            x = x.view(len(x), -1)
            optimizer.zero_grad()
            logits, kl = model(x)
            loss = functional.binary_cross_entropy(torch.sigmoid(logits), x, reduction="sum") + kl
            loss.backward()
            total += loss.item()
            optimizer.step()
        yield total / len(images)


def train(mode, threads, batch, hidden, latent, activation, binarize, epochs, path):
    torch.set_num_threads(int(threads))
    torch.manual_seed(1)
    images = numpy.fromfile(path, dtype=numpy.uint8, offset=HEADER).reshape(-1, 28 * 28)
    model = VAE(images.shape[1], [int(n) for n in hidden.split(",")], int(latent), ACTIVATIONS[activation])
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, **({"foreach": True} if mode == "tuned" else {}))
    losses = {"tuned": train_tuned, "stock": train_stock}[mode](model, optimizer, images, int(batch), binarize)
    for _ in range(int(epochs)):
        begin = time.perf_counter()
        loss = next(losses)
        print(f"{time.perf_counter() - begin:.3f}\t{loss:.3f}", flush=True)


def sample():
    with torch.no_grad():
        x = torch.sigmoid(VAE(784, [400], 20, nn.ReLU).decode(torch.randn(64, 20)))
    tiles = (x.view(8, 8, 28, 28).permute(0, 2, 1, 3) * 255).byte().reshape(224, 224)
    sys.stdout.buffer.write(b"P5 224 224 255\n" + tiles.numpy().tobytes())


if __name__ == "__main__":
    if sys.argv[1:] == ["sample"]:
        sample()
    elif len(sys.argv) == 10 and sys.argv[1] in ("tuned", "stock"):
        train(*sys.argv[1:])
    else:
        sys.exit(__doc__)
