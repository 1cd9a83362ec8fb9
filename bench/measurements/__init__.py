"""The measurements, in the order in which they run."""

from bench.measurements.first_token import FIRST_TOKEN
from bench.measurements.readers import READERS
from bench.measurements.requests import REQUEST_RATE
from bench.measurements.stalled_readers import STALLED_READERS
from bench.measurements.start import START
from bench.measurements.streams import STREAMS
from bench.measurements.throughput import THROUGHPUT
from bench.measurements.workers import WORKERS

ALL = (
    THROUGHPUT,
    STREAMS,
    FIRST_TOKEN,
    READERS,
    REQUEST_RATE,
    START,
    WORKERS,
    STALLED_READERS,
)
MEASUREMENTS = {each.name: each for each in ALL}
