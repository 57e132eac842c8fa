"""A small imitation of agents for the demo: serves the `agent_*` metrics that the shipped rules read, and can be switched to failing.

    python exporter.py [--port 9200]
    curl -X POST http://localhost:9200/fail        every third request fails, answers are slow, the queue grows
    curl -X POST http://localhost:9200/redis-down  Redis does not answer
    curl -X POST http://localhost:9200/recover     all is well again

Numbers follow the clock alone, so that two scrapes are always consistent. Standard library only.
"""

from __future__ import annotations

import argparse
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

REQUESTS_A_SECOND = 20.0
STATES = {"/fail": "failing", "/redis-down": "redis_down", "/recover": "well"}


class Agents:
    """Counters that grow with time, faster or slower by the state they are in."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.state, self.since = "well", time.monotonic()
        self.requests = self.errors = self.limited = self.slow = 0.0
        self.depth = 12.0

    def switch(self, state: str) -> None:
        with self.lock:
            self._grow()
            self.state = state

    def metrics(self) -> str:
        with self.lock:
            self._grow()
            quick = self.requests - self.slow
            values = {
                "agent_requests_total": self.requests,
                'agent_errors_total{type="APITimeoutError"}': self.errors,
                'agent_errors_total{type="RateLimitError"}': self.limited,
                'agent_response_seconds_bucket{le="1"}': quick,
                'agent_response_seconds_bucket{le="5"}': quick,
                'agent_response_seconds_bucket{le="10"}': self.requests,
                'agent_response_seconds_bucket{le="+Inf"}': self.requests,
                "agent_response_seconds_sum": quick * 0.4 + self.slow * 8,
                "agent_response_seconds_count": self.requests,
                "agent_queue_depth": self.depth,
                "agent_workers_active": 8.0,
                "agent_cache_hits_total": self.requests * 0.9,
                "agent_cache_misses_total": self.requests * 0.1,
                "agent_redis_up": 0.0 if self.state == "redis_down" else 1.0,
                "agent_db_connections_in_use": 18.0,
                "agent_db_connections_max": 100.0,
            }
        return "".join(f"{name} {value:.3f}\n" for name, value in values.items())

    def _grow(self) -> None:
        now = time.monotonic()
        passed, self.since = now - self.since, now
        failing = self.state == "failing"
        new = passed * REQUESTS_A_SECOND
        self.requests += new
        self.errors += new * (0.34 if failing else 0.002)
        self.limited += new * 0.001
        self.slow += new * (0.2 if failing else 0.0)
        self.depth = self.depth + 40 * passed if failing else max(12.0, self.depth - 80 * passed)


class Handler(BaseHTTPRequestHandler):
    agents = Agents()

    def do_GET(self) -> None:
        self._answer(self.agents.metrics() if self.path == "/metrics" else f"agents are {self.agents.state}\n")

    def do_POST(self) -> None:
        if state := STATES.get(self.path):
            self.agents.switch(state)
        self._answer(f"agents are {self.agents.state}\n", 200 if state else 404)

    def _answer(self, text: str, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, format: str, *args: object) -> None:
        """Scrapes are not worth a line."""


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--port", type=int, default=9200)
    options.add_argument("--host", default="127.0.0.1")
    found = options.parse_args()
    ThreadingHTTPServer((found.host, found.port), Handler).serve_forever()


if __name__ == "__main__":
    main()
