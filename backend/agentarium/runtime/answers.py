"""Whether a model's answer is one: not empty, refused or filtered."""

from enum import StrEnum

from agentarium.runtime.messages import Message


class AnswerProblem(StrEnum):
    """Why an answer is none; a failed task has it as its `error_code`."""

    # The model refuses, as its provider reports.
    REFUSED = "answer_refused"
    # The provider withheld the answer, or the rest of it.
    FILTERED = "answer_filtered"
    # The model stopped without a text, or reached its length limit before the first one.
    EMPTY = "answer_empty"


def problem_of(message: Message, finish_reason: str) -> AnswerProblem | None:
    """What is wrong with a response as an answer; None for one that calls tools."""
    if message.tool_calls:
        return None
    if finish_reason == "refusal":
        return AnswerProblem.REFUSED
    if finish_reason == "content_filter":
        return AnswerProblem.FILTERED
    return None if message.text.strip() else AnswerProblem.EMPTY


def explain(problem: AnswerProblem, finish_reason: str) -> str:
    """What happened, for the task's owner."""
    match problem:
        case AnswerProblem.REFUSED:
            return "The model refused to answer."
        case AnswerProblem.FILTERED:
            return "The provider's content filter stopped the answer."
    if finish_reason == "length":
        return (
            "The model reached its length limit before it wrote an answer, mostly by"
            " reasoning."
        )
    return "The model's answer is empty."
