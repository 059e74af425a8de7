"""What models return: named values that can also be read as a tuple or a dictionary.

As in transformers: `output.logits`, `output["logits"]`, `output[0]`, `output[:2]`,
`output.to_tuple()`. A value that is None is in neither tuple nor dictionary, and the
loss, if there is one, comes first. Each kind is known to torch's pytree, so
`torch.export`, `torch.jit.trace` and `torch.func` take models that return it.

Chapter: 8
Used from: 1
"""

from collections import OrderedDict
from dataclasses import fields
from typing import Any

import torch.utils._pytree as pytree

__all__ = ["Output"]


class Output(OrderedDict[str, Any]):
    """The base of all outputs; a subclass is a dataclass that names the values."""

    def __init_subclass__(cls) -> None:
        """Tell torch's pytree of the new kind."""
        super().__init_subclass__()
        pytree.register_pytree_node(
            cls,
            lambda output: (list(output.values()), list(output.keys())),
            lambda values, names: cls(**dict(zip(names, values, strict=True))),
            serialized_type_name=f"{cls.__module__}.{cls.__qualname__}",
            flatten_with_keys_fn=lambda output: (
                [(pytree.MappingKey(name), value) for name, value in output.items()],
                list(output.keys()),
            ),
        )

    def __post_init__(self) -> None:
        """Enter the values that are there, the loss first."""
        names = self._names()
        for name in names:
            self._enter(name, getattr(self, name))

    @classmethod
    def _names(cls) -> list[str]:
        names = [field.name for field in fields(cls)]  # type: ignore[arg-type]
        return sorted(names, key=lambda name: name != "loss")

    def _enter(self, name: str, value: Any) -> None:
        """Keep the dictionary in step with the attribute."""
        if value is not None:
            super().__setitem__(name, value)
        elif name in self:
            super().__delitem__(name)

    def __setattr__(self, name: str, value: Any) -> None:
        """Set a value under both its names."""
        super().__setattr__(name, value)
        if len(self):  # not while the attributes are set first
            self._enter(name, value)

    def __setitem__(self, key: str, value: Any) -> None:
        """Set a value under both its names."""
        super().__setitem__(key, value)
        self.__dict__[key] = value

    def __getitem__(self, key: Any) -> Any:
        """Give a value by its name, its number, or several by a slice."""
        return (
            super().__getitem__(key) if isinstance(key, str) else self.to_tuple()[key]
        )

    def __reduce__(self) -> tuple[Any, ...]:
        """Copy and pickle by the names."""
        return _build, (type(self), dict(self))

    def to_tuple(self) -> tuple[Any, ...]:
        """Give the values that are there, in order."""
        return tuple(self.values())


def _build(kind: type[Output], values: dict[str, Any]) -> Output:
    return kind(**values)
