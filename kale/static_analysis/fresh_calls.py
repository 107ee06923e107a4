"""Calls whose result is another one each time: of clocks, of identities, of unseeded generators."""

from __future__ import annotations

#: Calls that tell the time: even one step that has its own tells another.
CLOCKS = frozenset(
    "time.time time.time_ns time.monotonic time.monotonic_ns time.perf_counter "
    "time.perf_counter_ns time.process_time time.localtime time.gmtime time.ctime time.strftime "
    "timeit.default_timer datetime.datetime.now datetime.datetime.utcnow datetime.datetime.today "
    "datetime.date.today pandas.Timestamp.now pandas.Timestamp.today "
    "pandas.Timestamp.utcnow".split()
)
#: Calls whose result is another one each time, and in each process.
IDENTITIES = frozenset(
    "object uuid.uuid1 uuid.uuid4 os.getpid os.urandom secrets.choice secrets.randbelow "
    "secrets.randbits secrets.token_bytes secrets.token_hex secrets.token_urlsafe tempfile.mkdtemp "
    "tempfile.mkstemp tempfile.mktemp tempfile.NamedTemporaryFile tempfile.TemporaryDirectory "
    "tempfile.TemporaryFile threading.get_ident socket.gethostname platform.node id".split()
)
#: Generators that are seeded by the clock unless they are given a seed.
UNSEEDED = frozenset(
    "random.Random random.SystemRandom numpy.random.default_rng numpy.random.RandomState "
    "numpy.random.SeedSequence numpy.random.PCG64 numpy.random.MT19937 numpy.random.Philox".split()
)
