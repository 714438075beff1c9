"""Spares TensorFlow from tracing each training step twice.

A `tf.function` whose first call makes variables is traced once with them and once more without
(https://www.tensorflow.org/guide/function, "Creating tf.Variables"). Keras makes the optimiser's
moments, losses and metrics in the first step of a training, and tracing a network takes seconds,
as long as hundreds of steps of a small one.
"""

from __future__ import annotations

from typing import Any

from ser.models.backend import quiet_stderr


def build_training_state(keras: Any, *models: Any) -> None:
    """Makes what the first training step of each network would make.

    Args:
        keras: The module.
        *models: The networks, with what is to be trained and what not decided; nothing happens to
            one that is not compiled. Their inputs have fixed sizes but for the batch.
    """
    if keras.backend.backend() != "tensorflow":
        # Other backends are not in a graph at that moment.
        return
    with quiet_stderr():
        # Machines are not compiled: they are not trained in steps.
        for model in models:
            if model.compiled:
                _build_variables(keras, model)


def _build_variables(keras: Any, model: Any) -> None:
    model.optimizer.build(model.trainable_variables)
    nothing = keras.tree.map_structure(
        lambda entry: keras.ops.zeros((1, *entry.shape[1:]), entry.dtype), model.input
    )
    answer = model(nothing, training=False)
    model.compute_loss(y=answer, y_pred=answer, training=False)
    model.compute_metrics(None, answer, answer)
    model.reset_metrics()
