"""What a process computes with: where and in what precision, and without the libraries' talk."""

import logging
import os
import warnings

import torch


def choose_device() -> torch.device:
    """CUDA where there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def autocast(device: torch.device) -> torch.autocast:
    """bfloat16 for training on CUDA; on a CPU it does not help small networks and is off."""
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=device.type == "cuda")


def exact_float32(threads: int) -> None:
    """Set the process to `threads` threads and float32 products without TF32."""
    torch.set_num_threads(threads)
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.benchmark = False


def quiet_libraries() -> None:
    """Silence what libraries say of their own to this process."""
    import transformers

    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    logging.getLogger("textattack").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", category=FutureWarning, module="transformers|torch")
