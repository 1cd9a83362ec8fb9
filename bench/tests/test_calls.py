from bench.calls import count_calls


def leaf() -> None:
    pass


def branch() -> None:
    leaf()
    leaf()


def test_counts_each_call_of_a_function() -> None:
    calls = count_calls(branch)

    assert calls.total() == 3
    assert calls[leaf.__code__] == 2
