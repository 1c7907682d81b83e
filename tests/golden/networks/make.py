"""Writes networks.json: small networks with values drawn by seed, and what PyTorch computes with them.

    apt-get install --no-install-recommends python3-torch && /usr/bin/python3 tests/golden/networks/make.py > tests/golden/networks/networks.json

PyTorch's own modules compute wherever it has one (Linear, GRU, LayerNorm, ReLU, softmax); names and layouts of the tensors are
those of docs/formats/model-file.md. networks_golden_test holds the serving kernels against the file.
"""
import json
import math
import sys

import torch
from torch import nn

ITEMS, WIDTH, HIDDEN, WINDOW = 12, 8, 6, 10


def draw(*shape):
    return torch.randn(*shape) * 0.7


def flat(tensor):
    return {"shape": list(tensor.shape), "values": [float(f"{x:.9g}") for x in tensor.flatten().tolist()]}


def network(kind, schema, tensors, cases):
    return {"kind": kind, "schema": schema, "tensors": {name: flat(t) for name, t in tensors.items()}, "cases": cases}


def schema():
    ids = list(range(100, 100 + ITEMS))
    return json.dumps({"items": ids, "width": WIDTH, "hidden": HIDDEN, "window": WINDOW})


def visits():
    return [torch.randint(0, ITEMS, (length,)) for length in (1, 2, 5, WINDOW)]


def case(visit, vectors):
    return {"items": visit.tolist(), "vectors": [flat(v)["values"] for v in vectors]}


def narm():
    t = {
        "items": draw(ITEMS, WIDTH), "gru.input": draw(WIDTH, 3 * HIDDEN), "gru.recurrent": draw(HIDDEN, 3 * HIDDEN),
        "gru.bias": draw(1, 3 * HIDDEN), "gru.candidate_bias": draw(1, HIDDEN), "attention.query": draw(HIDDEN, HIDDEN),
        "attention.key": draw(HIDDEN, HIDDEN), "attention.weight": draw(1, HIDDEN), "decoder": draw(2 * HIDDEN, WIDTH),
    }
    gru = nn.GRU(WIDTH, HIDDEN, batch_first=True)
    with torch.no_grad():
        gru.weight_ih_l0.copy_(t["gru.input"].T)
        gru.weight_hh_l0.copy_(t["gru.recurrent"].T)
        gru.bias_ih_l0.copy_(t["gru.bias"][0])
        gru.bias_hh_l0.copy_(torch.cat([torch.zeros(2 * HIDDEN), t["gru.candidate_bias"][0]]))
    cases = []
    for visit in visits():
        states = gru(t["items"][visit].unsqueeze(0))[0][0]
        vectors = []
        for last in range(len(visit)):
            now, seen = states[last], states[: last + 1]
            alpha = torch.sigmoid(now @ t["attention.query"] + seen @ t["attention.key"]) @ t["attention.weight"][0]
            vectors.append(torch.cat([now, alpha @ seen]) @ t["decoder"])
        cases.append(case(visit, vectors))
    return network("profile.narm", schema(), t, cases)


def normalise(x, scale, shift):
    return nn.functional.layer_norm(x, (WIDTH,), scale[0], shift[0], 1e-5)


def sasrec():
    t = {"items": draw(ITEMS, WIDTH), "positions": draw(WINDOW, WIDTH), "last.scale": draw(1, WIDTH),
         "last.shift": draw(1, WIDTH)}
    for b in range(2):
        for name, shape in (("norm1.scale", (1, WIDTH)), ("norm1.shift", (1, WIDTH)), ("qkv", (WIDTH, 3 * WIDTH)),
                            ("norm2.scale", (1, WIDTH)), ("norm2.shift", (1, WIDTH)), ("inner", (WIDTH, WIDTH)),
                            ("inner_bias", (1, WIDTH)), ("outer", (WIDTH, WIDTH)), ("outer_bias", (1, WIDTH))):
            t[f"block{b}.{name}"] = draw(*shape)
    cases = []
    for visit in visits():
        x = math.sqrt(WIDTH) * t["items"][visit] + t["positions"][: len(visit)]
        later = torch.triu(torch.ones(len(visit), len(visit), dtype=torch.bool), 1)
        for b in range(2):
            p = lambda name: t[f"block{b}.{name}"]
            q, k, v = (normalise(x, p("norm1.scale"), p("norm1.shift")) @ p("qkv")).split(WIDTH, 1)
            logits = (q @ k.T / math.sqrt(WIDTH)).masked_fill(later, -math.inf)
            x = x + torch.softmax(logits, 1) @ v
            inner = torch.relu(normalise(x, p("norm2.scale"), p("norm2.shift")) @ p("inner") + p("inner_bias"))
            x = x + inner @ p("outer") + p("outer_bias")
        cases.append(case(visit, normalise(x, t["last.scale"], t["last.shift"])))
    return network("profile.sasrec", schema(), t, cases)


def rows_of(function, width):
    rows = draw(5, width)
    return [{"in": flat(row)["values"], "out": flat(function(row))["values"]} for row in rows]


def dense():
    layers = nn.Sequential(nn.Linear(7, 9), nn.ReLU(), nn.Linear(9, 5), nn.ReLU(), nn.Linear(5, 3))
    linear = [layer for layer in layers if isinstance(layer, nn.Linear)]
    t = {f"net.{i}.{name}": p for i, layer in enumerate(linear) for name, p in layer.named_parameters()}
    return network("dense", "", t, rows_of(layers, 7))


def cross():
    down, up, full = nn.Linear(8, 3), nn.Linear(3, 8), nn.Linear(8, 8)
    t = {f"cross.{name}.{kind}": p for name, layer in (("0.down.0", down), ("0.up.0", up), ("1.up.0", full))
         for kind, p in layer.named_parameters()}

    def forward(x0):
        x1 = x0 * up(down(x0)) + x0
        return x0 * full(x1) + x1

    return network("cross", "", t, rows_of(forward, 8))


if __name__ == "__main__":
    torch.manual_seed(11)
    with torch.no_grad():
        out = {"torch": torch.__version__, "networks": [dense(), cross(), narm(), sasrec()]}
    json.dump(out, sys.stdout, indent=None, separators=(",", ":"))
    print()
