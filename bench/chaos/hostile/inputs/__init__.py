"""The table of hostile inputs; to add one, add a line to the table of its family."""

from bench.chaos.hostile.attacker import Input
from bench.chaos.hostile.inputs.bodies import BODIES
from bench.chaos.hostile.inputs.connections import CONNECTIONS
from bench.chaos.hostile.inputs.content import CONTENT
from bench.chaos.hostile.inputs.load import LOAD
from bench.chaos.hostile.inputs.schemas import SCHEMAS

INPUTS: tuple[Input, ...] = (*SCHEMAS, *BODIES, *CONTENT, *CONNECTIONS, *LOAD)
