#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The programs of vae-model(5), which use a model in numpy and in torch, give what the tools give; and training starts from
# the weights that torch has.
load ../helper

setup_file() {
    cd "$BATS_FILE_TMPDIR" || return
    idx2raw -n 300 "$IMAGES" >items.raw
    vae-train -q -m model.bin -e 3 items.raw
    vae-encode -q -m model.bin items.raw >z.raw
    vae-decode -q -m model.bin z.raw >x.raw
    raw2npy z.raw >z.npy
}

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    cp "$BATS_FILE_TMPDIR"/*.* .
}

# program N: the N-th program of the page, as the reader sees it.
program() {
    awk -v n="$1" '/^\.Bd -unfilled/ { inside = ++count == n; next } /^\.Ed/ { inside = 0 } inside' "$ROOT/man/vae-model.5"
}

python() {
    /usr/bin/python3 "$@"
}

# has MODULE: skips the test if python lacks it.
has() {
    python -c "import $1" 2>/dev/null || skip "wants python3-$1 (make bench-deps)"
}

# alike A.npy B.raw: the same shapes, no element differs by more than 1e-5, and the items are not all the same.
alike() {
    npy2raw "$1" | raw-cmp --abs 1e-5 - "$2"
    [ "$(npy2raw "$1" | raw2csv --no-header | sort -u | wc -l)" -gt 250 ]
}

@test "numpy decodes latents as vae-decode does" {
    has numpy
    program 1 >decode.py
    python decode.py
    alike x.npy x.raw
}

@test "torch encodes and decodes as the tools do" {
    has numpy
    has torch
    raw2npy items.raw >items.npy
    vae-encode -q -m model.bin --stats items.raw >stats.raw
    {
        program 1
        program 2
        echo 'with torch.no_grad():'
        echo '    x = torch.tensor(np.load("items.npy")).flatten(1) / 255'
        echo '    np.save("stats.npy", torch.stack(vae.encode(x), 1).numpy())'
        echo '    np.save("x.npy", vae.decode(torch.tensor(np.load("z.npy"))).reshape(-1, 28, 28).numpy())'
    } >use.py
    python use.py
    alike stats.npy stats.raw
    alike x.npy x.raw
}

# What torch makes of the model: its hidden biases are moved by a step of gradient descent, and saved as
# safetensors.torch does it, in the order of the names.
save_by_torch() {
    {
        program 1
        program 2
        cat <<'END'
state = vae.state_dict()
vae.decode(torch.tensor(np.load("z.npy"))).sum().backward()
with torch.no_grad():
    vae.decoder[0].bias -= 1e-3 * vae.decoder[0].bias.grad
np.save("moved.npy", vae.decode(torch.tensor(np.load("z.npy"))).reshape(-1, 28, 28).detach().numpy())
header, data = {}, b""
for name in sorted(state):
    bytes = state[name].numpy().tobytes()
    header[name] = {"dtype": "F32", "shape": list(state[name].shape), "data_offsets": [len(data), len(data) + len(bytes)]}
    data += bytes
text = json.dumps(header, separators=(",", ":")).encode()
text += b" " * (-len(text) % 8)
open("vae.safetensors", "wb").write(len(text).to_bytes(8, "little") + text + data)
END
    } >save.py
    python save.py
}

@test "weights that torch has changed become a model" {
    has numpy
    has torch
    save_by_torch
    vae-train -q -m again.bin -e 0 --start-from vae.safetensors items.raw
    vae-decode -q -m again.bin z.raw >moved.raw
    alike moved.npy moved.raw
    # The step has changed them.
    fails 1 'raw-cmp: moved.raw: item 0, element 0 is ' raw-cmp --abs 1e-4 x.raw moved.raw
    # The package itself, which Debian 12 does not have.
    if python -c 'import safetensors' 2>/dev/null; then
        { cat save.py && echo 'import safetensors.torch' && program 3; } >package.py
        python package.py
        vae-train -q -m package.bin -e 0 --start-from vae.safetensors items.raw
        same_weights package.bin again.bin
    fi
}
