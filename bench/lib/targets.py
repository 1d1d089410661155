"""What the measurements are held against: every target once, by the id that results carry."""

# id: (what is measured, against what, the most the median ratio may be; None: reported only)
ROWS = {
    "udp.echo": ("UDP resolve, 1M records, uniform, window 128", "raw echo", 1.25),
    "udp.knot": ("UDP resolve, 1M records, uniform, window 128", "Knot", 0.70),
    "udp.nsd": ("UDP resolve, 1M records, uniform, window 128", "NSD", 0.55),
    "udp.bind": ("UDP resolve, 1M records, uniform, window 128", "BIND", 0.30),
    "udp.burst": ("bursts from one peer, equal answer sizes", "raw echo without GSO", 0.75),
    "udp.two": ("12-attribute answers, two packets", "raw echo of two packets", 1.25),
    "udp.nocache.echo": ("UDP straight from LMDB, cache off", "raw echo", 1.90),
    "udp.nocache.knot": ("UDP straight from LMDB, cache off", "Knot", 1.00),
    "udp.single": ("one request outstanding: processor time", "echo under uv_poll", 1.30),
    "udp.single.p50": ("one request outstanding: p50 round trip", "echo under uv_poll", 1.30),
    "udp.mixed": ("20 % misses, 1 % refused, 1 % malformed, open loop", "hits only", 1.10),
    "udp.type": ("filtered by type", "unfiltered", 1.15),
    "udp.index": ("filtered by index", "unfiltered", 1.15),
    "udp.private": ("filtered by permission", "the same answers unfiltered", 1.15),
    "udp.workers": ("two workers, client outside", "one worker", 1.10),
    "udp.10m": ("UDP resolve, 10M records", "1M records", 1.30),
    "udp.10m.echo": ("UDP resolve, 10M records", "raw echo", 1.90),
    "udp.10m.knot": ("UDP resolve, 10M records", "Knot, 10M names", 1.00),
    "tcp.one.echo": ("TCP, 64 connections x 1", "libuv echo", 1.15),
    "tcp.one.redis": ("TCP, 64 connections x 1", "Redis GET", 0.85),
    "tcp.pipelined.echo": ("TCP, 64 connections x 16 pipelined", "libuv echo", 2.00),
    "tcp.pipelined.redis": ("TCP, 64 connections x 16 pipelined", "Redis GET", 0.40),
    "tcp.once": ("TCP, new connection per request", "libuv echo", 1.10),
    "https.nginx": ("HTTPS JSON resolve on kept connections", "nginx, fixed answer over TLS", 1.00),
    "https.postgres": ("HTTPS JSON resolve on kept connections",
                       "PostgreSQL, prepared SELECT", 0.25),
    "handshake.full": ("TLS handshake, full, and one answer",
                       "OpenSSL in memory + TCP echo, new connection", 1.15),
    "handshake.resumed": ("TLS handshake, resumed, and one answer",
                          "OpenSSL in memory + TCP echo, new connection", 1.15),
    "start.first": ("restart at 1M: first right answer", "Knot loading the same data", 0.02),
    "start.full": ("restart at 1M: full speed", "Knot loading the same data", 1.00),
    "memory": ("own memory per record, cache warm, map pages left out",
               "Knot's resident bytes", 0.70),
    "idle.plain": ("an idle connection of 10,000", "8 KiB", 1.00),
    "idle.tls": ("an idle TLS connection of 10,000", "32 KiB", 1.00),
    "idle.beside": ("UDP answers beside 10,000 idle connections", "without them", 1.05),
    "udp.zipf": ("Zipf 0.99 over 10M, cache of 256 MiB", "raw echo", 1.30),
}


def judge(row, spread):
    """A row of a result: the ratio with its range, and whether it is reached."""
    what, against, most = ROWS[row]
    return {"what": what, "against": against, "target": most, "ratio": spread,
            "reached": None if most is None else spread["median"] <= most}


def limit(most):
    return "reported" if most is None else f"<= {most:g}"


def doubt(rows, arguments, quiet, idle=()):
    """Says with each row when it does not count: targets are for the number of records that a
    command has when none is asked for, and for servers that are busy; idle names sides that the
    client did not keep so."""
    why = [] if quiet else ["disturbed"]
    why += [f"the client kept {name} only {share:.1%} busy" for name, share in idle]
    if arguments.records != arguments.usual_records:
        why.append(f"{arguments.records} records")
    for row in rows.values():
        row["doubt"] = "quick run" if arguments.quick else ", ".join(why)


def line(row):
    one = row["ratio"]
    reached = {True: "reached", False: "NOT reached", None: "-"}[row["reached"]]
    doubted = f" ({row['doubt']})" if row.get("doubt") else ""
    digits = 3 if one["median"] < 0.1 else 2
    return (f"| {row['what']} | {row['against']} | {limit(row['target'])} | {one['median']:.{digits}f} "
            f"({one['min']:.{digits}f}-{one['max']:.{digits}f}, {one['count']}) | "
            f"{reached}{doubted} |")


def table(rows):
    """A Markdown table of rows as judge() makes them."""
    return "\n".join(["| what | against | target | ratio (range, rounds) | |",
                      "|---|---|---|---|---|", *map(line, rows.values())])
