"""Imports Keras on the requested device, without the messages of native libraries."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import tempfile
from collections.abc import Iterator
from typing import Any, Literal

from ser.errors import SerError, how_to_install, missing_package

Device = Literal["auto", "cpu", "gpu"]

# The file descriptor that native code writes to, whatever Python's sys.stderr is.
_STDERR = 2


def load_keras(device: Device = "auto") -> Any:
    """Imports Keras 3 on the backend that ``KERAS_BACKEND`` names, TensorFlow by default.

    TensorFlow's native code writes several lines to standard error while it starts, whatever its
    log level; they are suppressed, and shown only if the import fails.

    Args:
        device: ``cpu`` hides GPUs (only before the first import in a process), ``gpu`` requires
            one.

    Returns:
        The module ``keras``.

    Raises:
        DependencyError: Keras or its backend is not installed.
        SerError: A GPU is required and there is none, or the backend cannot be imported.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    if device == "cpu" and "keras" not in sys.modules:
        os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
        os.environ["JAX_PLATFORMS"] = "cpu"
    try:
        with quiet_stderr():
            import keras

            # Some messages come only when the runtime starts.
            found = list_gpus(keras)
    except (ImportError, ValueError) as error:
        if isinstance(error, ModuleNotFoundError) and error.name in ("keras", "tensorflow"):
            raise missing_package("a network in Keras", error.name) from error
        # ValueError: Keras has no backend of this name.
        raise SerError(
            f"Keras backend {os.environ['KERAS_BACKEND']}",
            f"cannot be imported ({error})",
            "install it, or unset KERAS_BACKEND to use TensorFlow",
        ) from error
    # TensorFlow's advice on tracing is for developers, and goes to standard error.
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    if device == "gpu" and not found:
        raise SerError(
            "`device=gpu`",
            "no GPU is visible to the Keras backend",
            f"install the driver, and {how_to_install('cuda')}; or use `device=cpu`",
        )
    if found and device != "cpu" and keras.backend.backend() != "torch":
        # Tensor cores compute in half precision; the weights stay in float32.
        keras.config.set_dtype_policy("mixed_float16")
    return keras


def limit_threads(count: int) -> None:
    """Limits the threads of Keras, and makes it share a GPU with other processes.

    Has an effect only before the first import of Keras in a process.

    Args:
        count: The largest number of threads.
    """
    for name in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS"):
        os.environ[name] = str(count)
    os.environ["TF_FORCE_GPU_ALLOW_GROWTH"] = "true"
    os.environ["XLA_PYTHON_CLIENT_PREALLOCATE"] = "false"


@contextlib.contextmanager
def quiet_stderr() -> Iterator[None]:
    """Suppresses what native code writes to standard error while the block runs.

    Python's `contextlib.redirect_stderr` does not affect C++ libraries, so the file descriptor
    itself is redirected to a temporary file. After an exception the text is written after all.
    """
    try:
        saved = os.dup(_STDERR)
    except OSError:
        # It is closed, as in a daemon: there is nothing to suppress.
        yield
        return
    _flush()
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), _STDERR)
        try:
            yield
        except BaseException:
            _flush()
            held.seek(0)
            os.write(saved, held.read())
            raise
        finally:
            _flush()
            os.dup2(saved, _STDERR)
            os.close(saved)


def _flush() -> None:
    # It is None in a process without a console.
    if sys.stderr is not None:
        sys.stderr.flush()


def list_gpus(keras: Any) -> list[Any]:
    """Lists the GPUs that the Keras backend sees."""
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow

        return list(tensorflow.config.list_physical_devices("GPU"))
    if backend == "jax":
        import jax  # type: ignore[import-not-found, unused-ignore]

        return [d for d in jax.devices() if d.platform == "gpu"]
    if backend == "torch":
        import torch  # type: ignore[import-not-found, unused-ignore]

        return list(range(torch.cuda.device_count()))
    return []
