"""The measurements, in the order in which they are made."""

from bench.measurements.streams import STREAMS
from bench.measurements.throughput import THROUGHPUT

MEASUREMENTS = {each.name: each for each in (THROUGHPUT, STREAMS)}
