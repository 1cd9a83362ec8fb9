"""The calculator tool: arithmetic without `eval`, in limited time and memory.

Integers are exact. Other numbers are decimals with fifty digits, of which the result
has thirty: 0.1 + 0.2 is 0.3.
"""

import ast
import decimal
import math
from collections.abc import Callable, Sequence
from decimal import Decimal

from agentarium.runtime.tools.base import ToolError, ToolInvocation, ToolSpec

MAX_CHARS = 1_000
MAX_DEPTH = 60
# About 3,000 decimal digits.
MAX_BITS = 10_000
RESULT_DIGITS = 30

Number = int | Decimal

_CONTEXT = decimal.Context(
    prec=50,
    Emax=9_999,
    Emin=-9_999,
    traps=[decimal.InvalidOperation, decimal.DivisionByZero, decimal.Overflow],
)
_SPELLINGS = str.maketrans(
    {"^": "**", "\u00d7": "*", "\u00b7": "*", "\u00f7": "/", "\u2212": "-"}
)

CALCULATOR = ToolSpec(
    name="calculator",
    description=(
        "Evaluate an arithmetic expression exactly. Operators: + - * / // % ** and "
        "parentheses. Functions: abs, round, floor, ceil, min, max, sum, sqrt, exp, "
        "ln, log10, log2, log(x, base), factorial, gcd, lcm, comb, degrees, radians, "
        "sin, cos, tan, asin, acos, atan (radians). Constants: pi, e."
    ),
    parameters={
        "type": "object",
        "properties": {
            "expression": {
                "type": "string",
                "description": "For example (17.5 * 3 - 2) / 7",
                "minLength": 1,
                "maxLength": MAX_CHARS,
            }
        },
        "required": ["expression"],
        "additionalProperties": False,
    },
    effect="read",
    timeout=5.0,
)


class Calculator:
    def __init__(self, spec: ToolSpec = CALCULATOR) -> None:
        self.spec = spec

    async def call(self, invocation: ToolInvocation) -> str:
        return calculate(invocation.arguments["expression"])


def calculate(expression: str) -> str:
    """Evaluate an expression, and return the value as text. Raises `ToolError`."""
    tree = _parsed(expression)
    try:
        with decimal.localcontext(_CONTEXT):
            return _formatted(_value(tree, 0))
    except (decimal.DivisionByZero, ZeroDivisionError) as error:
        raise ToolError("The expression divides by zero.") from error
    except (decimal.Overflow, OverflowError) as error:
        raise ToolError("The result is too large.") from error
    except RecursionError as error:
        # In writing out what is not supported.
        raise ToolError("The expression is nested too deeply.") from error
    except (decimal.InvalidOperation, ValueError) as error:
        raise ToolError("The expression is not defined for real numbers.") from error


def _parsed(expression: str) -> ast.expr:
    if len(expression) > MAX_CHARS:
        raise ToolError(f"The expression is longer than {MAX_CHARS} characters.")
    text = expression.translate(_SPELLINGS).strip()
    try:
        tree = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ToolError(
            f"This is not an arithmetic expression: {expression!r}."
        ) from error
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, float):
            # The literal's text, not the rounded float.
            literal = ast.get_source_segment(text, node) or ""
            node.value = Decimal(literal.replace("_", ""))  # type: ignore[assignment]
    return tree


def _value(node: ast.expr, depth: int) -> Number:
    if depth > MAX_DEPTH:
        raise ToolError("The expression is nested too deeply.")
    match node:
        case ast.Constant(value=int() | Decimal() as number) if number is not True:
            return _check_size(number)
        case ast.Name(id=name) if name in _CONSTANTS:
            return _CONSTANTS[name]
        case ast.UnaryOp(op=ast.UAdd() | ast.USub()):
            value = _value(node.operand, depth + 1)
            return -value if isinstance(node.op, ast.USub) else value
        case ast.BinOp(op=sign) if type(sign) in _OPERATORS:
            left, right = _value(node.left, depth + 1), _value(node.right, depth + 1)
            return _check_size(_OPERATORS[type(sign)](left, right))
        case ast.Call(func=ast.Name(id=name), keywords=[]) if name in _FUNCTIONS:
            return _apply(name, [_value(argument, depth + 1) for argument in node.args])
    raise ToolError(f"The calculator does not support this: {ast.unparse(node)[:100]}")


def _apply(name: str, arguments: list[Number]) -> Number:
    function, minimum, maximum = _FUNCTIONS[name]
    if not minimum <= len(arguments) <= maximum:
        raise ToolError(f"{name} takes {minimum} to {maximum} numbers.")
    return _check_size(function(*arguments))


def _check_size(value: Number) -> Number:
    if isinstance(value, int) and value.bit_length() > MAX_BITS:
        raise OverflowError
    if isinstance(value, Decimal) and not value.is_finite():
        raise OverflowError
    return value


def _formatted(value: Number) -> str:
    if isinstance(value, int):
        return str(value)
    rounded = decimal.Context(prec=RESULT_DIGITS).plus(value).normalize()
    _, digits, exponent = rounded.as_tuple()
    assert isinstance(exponent, int)
    is_plain = exponent >= -20 and len(digits) + exponent <= RESULT_DIGITS
    return f"{rounded + 0:f}" if is_plain else str(rounded)


# --- Operators and functions -------------------------------------------------------


def _divided(left: Number, right: Number) -> Number:
    if isinstance(left, int) and isinstance(right, int) and left % right == 0:
        return left // right
    return Decimal(left) / Decimal(right)


def _floor_divided(left: Number, right: Number) -> Number:
    if isinstance(left, int) and isinstance(right, int):
        return left // right
    return _floor(Decimal(left) / Decimal(right))


def _modulo(left: Number, right: Number) -> Number:
    if isinstance(left, int) and isinstance(right, int):
        return left % right
    return Decimal(left) - Decimal(right) * _floor_divided(left, right)


def _power(base: Number, exponent: Number) -> Number:
    if isinstance(base, int) and isinstance(exponent, int) and exponent >= 0:
        if abs(base) > 1 and base.bit_length() * exponent > 2 * MAX_BITS:
            raise OverflowError
        return int(base**exponent)
    return Decimal(base) ** Decimal(exponent)


def _floor(value: Number) -> int:
    return math.floor(_check_digits(value))


def _ceil(value: Number) -> int:
    return math.ceil(_check_digits(value))


def _check_digits(value: Number) -> Number:
    """Raise `OverflowError` if an integer of this size would have too many digits."""
    if isinstance(value, Decimal) and value.adjusted() > MAX_BITS // 4:
        raise OverflowError
    return value


def _round(value: Number, digits: Number = 0) -> Number:
    places = _whole(digits)
    if abs(places) > RESULT_DIGITS:
        raise ToolError(f"round takes at most {RESULT_DIGITS} places.")
    if isinstance(value, int) and places >= 0:
        return value
    rounded = Decimal(value).quantize(Decimal(1).scaleb(-places))
    return int(rounded) if places <= 0 else rounded


def _whole(value: Number) -> int:
    if value != int(_check_digits(value)):
        raise ToolError("This function takes whole numbers only.")
    return int(value)


def _small(value: Number) -> int:
    whole = _whole(value)
    if whole > 1_000:
        raise OverflowError
    return whole


def _sqrt(value: Number) -> Number:
    if isinstance(value, int) and value >= 0 and math.isqrt(value) ** 2 == value:
        return math.isqrt(value)
    return Decimal(value).sqrt()


def _log(value: Number, base: Number | None = None) -> Number:
    natural = Decimal(value).ln()
    return natural if base is None else natural / Decimal(base).ln()


def _lcm(values: Sequence[Number]) -> Number:
    multiple = 1
    for value in values:
        multiple = math.lcm(multiple, _whole(value))
        _check_size(multiple)
    return multiple


def _float(function: Callable[[float], float]) -> Callable[..., Number]:
    """Adapt a float function; its results have fifteen digits."""

    def call(value: Number) -> Number:
        result = function(float(value))
        if not math.isfinite(result):
            raise OverflowError
        return Decimal(f"{result:.15g}")

    return call


_CONSTANTS: dict[str, Number] = {
    "pi": Decimal("3.14159265358979323846264338327950288419716939937510"),
    "e": Decimal("2.71828182845904523536028747135266249775724709369995"),
}
_OPERATORS: dict[type[ast.operator], Callable[[Number, Number], Number]] = {
    ast.Add: lambda left, right: left + right,
    ast.Sub: lambda left, right: left - right,
    ast.Mult: lambda left, right: left * right,
    ast.Div: _divided,
    ast.FloorDiv: _floor_divided,
    ast.Mod: _modulo,
    ast.Pow: _power,
}
# Name -> function, minimum and maximum number of arguments.
_FUNCTIONS: dict[str, tuple[Callable[..., Number], int, int]] = {
    "abs": (abs, 1, 1),
    "round": (_round, 1, 2),
    "floor": (_floor, 1, 1),
    "ceil": (_ceil, 1, 1),
    "min": (min, 1, 100),
    "max": (max, 1, 100),
    "sum": (lambda *values: sum(map(Decimal, values), Decimal(0)), 1, 100),
    "sqrt": (_sqrt, 1, 1),
    "exp": (lambda value: Decimal(value).exp(), 1, 1),
    "ln": (_log, 1, 1),
    "log": (_log, 1, 2),
    "log10": (lambda value: Decimal(value).log10(), 1, 1),
    "log2": (lambda value: _log(value, 2), 1, 1),
    "factorial": (lambda value: math.factorial(_small(value)), 1, 1),
    "gcd": (lambda *values: math.gcd(*map(_whole, values)), 1, 100),
    "lcm": (lambda *values: _lcm(values), 1, 100),
    "comb": (lambda n, k: math.comb(_small(n), _small(k)), 2, 2),
    "degrees": (_float(math.degrees), 1, 1),
    "radians": (_float(math.radians), 1, 1),
    "sin": (_float(math.sin), 1, 1),
    "cos": (_float(math.cos), 1, 1),
    "tan": (_float(math.tan), 1, 1),
    "asin": (_float(math.asin), 1, 1),
    "acos": (_float(math.acos), 1, 1),
    "atan": (_float(math.atan), 1, 1),
}
