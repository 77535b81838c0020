# SPDX-License-Identifier: MIT
"""The peer: the same VAE in PyTorch, on the same data.

torch_vae.py MODE THREADS BATCH HIDDEN LATENT ACTIVATION BINARIZE EPOCHS FILE prints a line an epoch: its seconds, and
the mean loss of an item in nats. FILE is a stream of one frame of u8 items. MODE is
  tuned   as fast as PyTorch gets without another library: all data in memory as floats, one permutation an epoch, the
          loss from logits, no DataLoader
  hand    PyTorch as a library of products and loops: no autograd, gradients written out, results in memory that is there
          already, and Adam on one flat tensor of all parameters
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


class Layer:
    """A linear layer whose weights and gradients are views of flat tensors, and its activation."""

    def __init__(self, linear, activation, values, gradients, rows):
        sizes = linear.weight.numel(), linear.bias.numel()
        self.weight, self.bias = (t.view_as(p) for t, p in zip(values.split(sizes), (linear.weight, linear.bias)))
        self.dweight, self.dbias = (t.view_as(p) for t, p in zip(gradients.split(sizes), (linear.weight, linear.bias)))
        self.activation = activation
        self.out, self.dout = (torch.empty(rows, linear.out_features) for _ in range(2))
        self.dinput = torch.empty(rows, linear.in_features)

    def forward(self, x):
        self.x, self.y = x, self.out[: len(x)]
        torch.addmm(self.bias, x, self.weight.t(), out=self.y)
        if self.activation is nn.ReLU:
            self.y.clamp_(min=0)
        elif self.activation is nn.Tanh:
            self.y.tanh_()
        return self.y

    def backward(self, dy, wants_input=True):
        if self.activation is nn.ReLU:
            dy.mul_(self.y > 0)
        elif self.activation is nn.Tanh:
            dy.mul_(torch.mul(self.y, self.y, out=self.dout[: len(dy)]).neg_().add_(1))
        torch.mm(dy.t(), self.x, out=self.dweight)
        torch.sum(dy, 0, out=self.dbias)
        return torch.mm(dy, self.weight, out=self.dinput[: len(dy)]) if wants_input else None


def train_hand(model, _optimizer, images, batch, binarize):
    encoder, decoder = ([m for m in stack if isinstance(m, nn.Linear)] for stack in (model.encoder, model.decoder))
    linears = encoder + [model.heads] + decoder + [model.logits]
    activation = type(model.encoder[1])
    values = torch.cat([p.detach().flatten() for m in linears for p in (m.weight, m.bias)])
    gradients, first, second, scratch = (torch.zeros_like(values) for _ in range(4))
    layers, offset = [], 0
    for m in linears:
        size = m.weight.numel() + m.bias.numel()
        plain = m is model.heads or m is model.logits
        place = slice(offset, offset + size)
        layers.append(Layer(m, None if plain else activation, values[place], gradients[place], batch))
        offset += size
    heads = len(encoder)
    latent = model.heads.out_features // 2
    x = torch.from_numpy(images).float().div_(255)
    step = 0
    while True:
        total = 0.0
        for rows in torch.randperm(len(x)).split(batch):
            item = x.index_select(0, rows)
            if binarize == "sample":
                item = torch.bernoulli(item)
            out = item
            for layer in layers[: heads + 1]:
                out = layer.forward(out)
            mu, logvar = out[:, :latent], out[:, latent:]
            sigma = logvar.mul(0.5).exp_()
            epsilon = torch.randn_like(mu)
            out = torch.addcmul(mu, sigma, epsilon)
            for layer in layers[heads + 1 :]:
                out = layer.forward(out)
            variance = sigma * sigma
            kl = 0.5 * (variance + mu * mu - 1 - logvar).sum()
            total += (functional.binary_cross_entropy_with_logits(out, item, reduction="sum") + kl).item()
            dout = out.sigmoid_().sub_(item).div_(len(rows))
            for layer in layers[: heads : -1]:
                dout = layer.backward(dout)
            scale = 1 / len(rows)
            dheads = torch.cat([dout + scale * mu, 0.5 * (dout * epsilon * sigma + scale * (variance - 1))], 1)
            dout = dheads
            for i in range(heads, -1, -1):
                dout = layers[i].backward(dout, i > 0)
            step += 1
            first.lerp_(gradients, 0.1)
            second.mul_(0.999).addcmul_(gradients, gradients, value=0.001)
            torch.sqrt(second, out=scratch).mul_(1 / (1 - 0.999**step) ** 0.5).add_(1e-8)
            values.addcdiv_(first, scratch, value=-1e-3 / (1 - 0.9**step))
        yield total / len(x)


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
    losses = {"tuned": train_tuned, "hand": train_hand, "stock": train_stock}[mode](model, optimizer, images, int(batch), binarize)
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
    elif len(sys.argv) == 10 and sys.argv[1] in ("tuned", "hand", "stock"):
        train(*sys.argv[1:])
    else:
        sys.exit(__doc__)
