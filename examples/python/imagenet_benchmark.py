"""An infer function as Knight's FAQ describes it: an ImageNet folder through torchvision's ImageFolder and a DataLoader, top-1 and top-5
averaged over the batches. squire runs it as it is, in the Python that has torch and torchvision:

    squire quant -m resnet18.onnx -uds examples/python/imagenet_benchmark.py -if imagenet_benchmark -d val/ -i 10 -bs 32 \
        --python .venv/bin/python

For this very evaluation squire has a benchmark of its own, which needs no Python: -if imagenet_benchmark without -uds.
"""

import torch
from onnx_quantize_tool.common.register import onnx_infer_func
from torchvision import datasets, transforms


class Average:
    """The mean of values that stand for several samples each."""

    def __init__(self):
        self.sum = self.count = 0

    def update(self, value, samples):
        self.sum += value * samples
        self.count += samples

    @property
    def value(self):
        return self.sum / self.count


def accuracy(scores, labels, k):
    """Percent of the samples whose label is among the k best scores."""
    best = scores.topk(k, dim=1).indices
    return 100.0 * (best == labels[:, None]).any(dim=1).float().mean().item()


@onnx_infer_func.register("imagenet_benchmark")
def imagenet_benchmark(executor):
    executor.init_shape_info()
    side = executor.shape_dicts[executor.input_nodes[0]][-1]
    photographs = datasets.ImageFolder(
        executor.dataset,
        transforms.Compose(
            [
                transforms.Resize(side * 256 // 224),
                transforms.CenterCrop(side),
                transforms.ToTensor(),
                transforms.Normalize(mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225]),
            ]
        ),
    )
    loader = torch.utils.data.DataLoader(photographs, batch_size=executor.batch_size, shuffle=False, num_workers=2)
    top1, top5 = Average(), Average()
    for i, (images, labels) in enumerate(loader):
        # A list of the model's outputs, as numpy arrays.
        scores = torch.from_numpy(executor.forward(images.numpy())[0])
        top1.update(accuracy(scores, labels, 1), len(labels))
        top5.update(accuracy(scores, labels, 5), len(labels))
        print(f"batch {i + 1} of {executor.iteration}: top-1 {top1.value:.3f}, top-5 {top5.value:.3f}")
        # early_stop_flag tells that squire needs no more forwards.
        if i + 1 == executor.iteration or executor.early_stop_flag:
            break
    return top1.value
