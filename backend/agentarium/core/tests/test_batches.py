import pytest

from agentarium.core.batches import batched


@pytest.mark.parametrize(
    ("items", "batches"),
    [
        ([], []),
        ([1], [[1]]),
        ([1, 2], [[1, 2]]),
        ([1, 2, 3, 4, 5], [[1, 2], [3, 4], [5]]),
    ],
)
def test_keeps_all_items_in_order(items: list[int], batches: list[list[int]]) -> None:
    assert [*batched(items, 2)] == batches
