"""The trained network → what the pipeline runs: one ONNX file, int8 with fp32 heads, and the small heads as arrays."""

from __future__ import annotations

import tempfile
import warnings
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from extractor.events import tasks
from extractor.learning.network import Network


class _Graph(nn.Module):
    """What the ONNX file computes for one window."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(
        self, pieces: Tensor, shapes: Tensor, labels: Tensor, cues: Tensor, first: Tensor, sentence: Tensor
    ) -> tuple[Tensor, ...]:
        n = self.network
        words = n.encode(pieces, torch.ones_like(pieces), shapes, labels, cues, first)
        tags = [n.tokens[name](words).argmax(-1) for name in ("upos", "xpos", "names")]
        arcs = n.arc(n.dependent(words), n.head(words))[:, 0]
        other = sentence.unsqueeze(2) != sentence.unsqueeze(1)
        arcs = arcs.masked_fill(other, -1e4)
        right = n.head_relation(words)
        right = torch.gather(right, 1, arcs.argmax(-1).unsqueeze(-1).expand(-1, -1, right.shape[-1]))
        left = n.dependent_relation(words)
        one = torch.ones_like(left[..., :1])
        left, right = torch.cat([left, one], -1), torch.cat([right, one], -1)
        relations = torch.einsum("bid,ldk,bik->bil", left, n.relation.weight, right).argmax(-1)
        return (words, *tags, arcs, relations, n.company(words), n.anchor(words), n.relevance(words.mean(1)))


_INPUTS = ("pieces", "shapes", "labels", "cues", "first", "sentence")
_OUTPUTS = ("words", "upos", "xpos", "names", "arcs", "relations", "company", "anchors", "relevance")


def onnx_bytes(network: Network, int8: bool) -> bytes:
    """The file. int8: weights of the encoder's layers per channel, everything on top of them in fp32."""
    network.eval()
    pieces, words = torch.randint(1000, 2000, (1, 12)), torch.tensor([[1, 3, 4, 6, 9]])
    axes = {name: {1: "words" if name in ("first", "sentence") else "pieces"} for name in _INPUTS}
    zero = torch.zeros_like(pieces)
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = Path(folder) / "encoder.onnx"
        torch.onnx.export(
            _Graph(network),
            (pieces, zero, zero, zero, words, torch.zeros_like(words)),
            str(path),
            input_names=list(_INPUTS),
            output_names=list(_OUTPUTS),
            dynamic_axes=axes,
            opset_version=17,
            dynamo=False,
        )
        return (_quantized(path) if int8 else path).read_bytes()


def _quantized(path: Path) -> Path:
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic
    from onnxruntime.quantization.shape_inference import quant_pre_process

    prepared, out = path.with_suffix(".prepared"), path.with_suffix(".int8")
    quant_pre_process(str(path), str(prepared), skip_symbolic_shape=True)
    graph = onnx.load(str(prepared)).graph
    heads = [node.name for node in graph.node if "/bert/" not in node.name and node.op_type in ("MatMul", "Gemm")]
    quantize_dynamic(
        str(prepared),
        str(out),
        per_channel=True,
        weight_type=QuantType.QInt8,
        nodes_to_exclude=heads,
        op_types_to_quantize=["MatMul", "Gemm", "Gather"],
    )
    return out


def arrays(network: Network) -> dict[str, np.ndarray]:
    """The heads that look at anchors only, by the names that `pipes.reader` uses; fp16 on disk."""
    state = {name: value.detach().float().numpy() for name, value in network.state_dict().items()}
    found = {name: state[f"{name}.weight"] for name in ("type_embedding", "label_embedding")}
    for name in ("linking", "linked", "choosing"):
        found |= {f"{name}.weight": state[f"{name}.0.weight"], f"{name}.bias": state[f"{name}.0.bias"]}
    found["role"] = state["role.weight"]
    for layer, name in ((0, "geometry_in"), (2, "geometry_out")):
        found |= {f"{name}.{end}": state[f"geometry.{layer}.{end}"] for end in ("weight", "bias")}
    for name in tasks.CHOICES:
        key = "choices." + name.replace(".", "_")
        found |= {f"choices.{name}.weight": state[f"{key}.weight"], f"choices.{name}.bias": state[f"{key}.bias"]}
    found |= {f"factuality.{end}": state[f"factuality.{end}"] for end in ("weight", "bias")}
    return {name: value.astype(np.float16) for name, value in found.items()}
