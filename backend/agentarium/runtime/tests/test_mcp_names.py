import re

from hypothesis import given
from hypothesis import strategies as st

from agentarium.runtime.tools.mcp.names import tool_names

LONG = "a_very_long_prefix_that_many_generated_servers_have_in_front_of_"


def test_a_name_is_written_with_characters_that_providers_accept() -> None:
    assert tool_names(["send.mail", "add"], "x_") == {
        "send.mail": "x_send_mail",
        "add": "x_add",
    }


def test_names_that_would_be_equal_get_a_digest_and_the_plain_one_stays() -> None:
    names = tool_names(["look.up", "look_up", "look/up"])

    assert names["look_up"] == "look_up"
    assert re.fullmatch(r"look_up_[0-9a-f]{8}", names["look.up"])
    assert len(set(names.values())) == 3


def test_a_digest_does_not_depend_on_other_tools() -> None:
    create = tool_names([LONG + "create"])
    both = tool_names([LONG + "delete", LONG + "create"])

    assert both[LONG + "create"] == create[LONG + "create"]
    assert both[LONG + "create"].startswith(LONG[:50])
    assert both[LONG + "create"] != both[LONG + "delete"]


@given(
    st.sets(
        st.text("a.é_/", min_size=1, max_size=5)
        | st.integers(1, 128).map(lambda length: "a" * length),
        max_size=10,
    ),
    st.sampled_from(["", "x_", "y" * 64]),
)
def test_all_names_differ_and_are_accepted(names: set[str], prefix: str) -> None:
    shown = tool_names(sorted(names), prefix)

    assert len(set(shown.values())) == len(names)
    assert all(re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", each) for each in shown.values())
