"""Creates optimizer and metric variables before training, so that a step is traced only once.

A `tf.function` whose first call creates variables is traced once with them and once more without
(https://www.tensorflow.org/guide/function, "Creating tf.Variables"). Keras creates the moments of
the optimizer, the losses and the metrics in the first step of a training, and tracing a network
takes seconds, as long as hundreds of steps of a small one.
"""

from __future__ import annotations

from typing import Any

from ser.models.backend import quiet_stderr


def build_training_state(keras: Any, *models: Any) -> None:
    """Creates the variables that the first training step of each network would create.

    Args:
        keras: The module.
        *models: The networks, after it was decided which weights are trainable. Networks that are
            not compiled are left alone. All sizes of their inputs but the batch are fixed.
    """
    if keras.backend.backend() != "tensorflow":
        # Other backends do not create variables while they trace.
        return
    with quiet_stderr():
        for model in models:
            # Support vector machines are not compiled: they are not trained in steps.
            if model.compiled:
                _build_variables(keras, model)


def _build_variables(keras: Any, model: Any) -> None:
    model.optimizer.build(model.trainable_variables)
    zeros = keras.tree.map_structure(
        lambda entry: keras.ops.zeros((1, *entry.shape[1:]), entry.dtype), model.input
    )
    output = model(zeros, training=False)
    model.compute_loss(y=output, y_pred=output, training=False)
    model.compute_metrics(None, output, output)
    model.reset_metrics()
