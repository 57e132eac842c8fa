"""Answers of the Kubernetes API, shortened: shapes of apps/v1 and v1 as their reference describes them, not recorded from a live cluster."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

NOW = datetime.now(UTC)
TOKEN = "kube-canary-token-5d1e"


def at(minutes):
    return f"{NOW - timedelta(minutes=minutes):%Y-%m-%dT%H:%M:%SZ}"


def replica_set(revision, minutes, image, replicas):
    return {
        "metadata": {
            "name": f"agent-api-{revision}abc",
            "creationTimestamp": at(minutes),
            "annotations": {"deployment.kubernetes.io/revision": str(revision), "kubernetes.io/change-cause": f"release {image}"},
            "ownerReferences": [{"kind": "Deployment", "name": "agent-api"}],
        },
        "spec": {"replicas": replicas, "template": {"spec": {"containers": [{"name": "api", "image": f"agent-api:{image}"}]}}},
    }


def pod(name, *, ready=True, restarts=0, waiting="", ended=""):
    state = {"waiting": {"reason": waiting}} if waiting else {"running": {"startedAt": at(60)}}
    last = {"terminated": {"reason": ended, "exitCode": 137}} if ended else {}
    return {
        "metadata": {"name": name, "labels": {"app": "agent-api"}},
        "status": {
            "phase": "Running",
            "conditions": [{"type": "Ready", "status": "True" if ready else "False"}],
            "containerStatuses": [{"name": "api", "ready": ready, "restartCount": restarts, "state": state, "lastState": last}],
        },
    }


ANSWERS = {
    "/apis/apps/v1/namespaces/agents/replicasets": [replica_set(1, 6000, "1.5.0", 0), replica_set(2, 30, "1.5.2", 3)],
    "/api/v1/namespaces/agents/pods": [
        pod("agent-api-2abc-x1"),
        pod("agent-api-2abc-x2", ready=False, restarts=7, waiting="CrashLoopBackOff", ended="OOMKilled"),
        pod("agent-worker-9-y1", restarts=4),
    ],
    "/api/v1/namespaces/agents/events": [
        {
            "metadata": {"creationTimestamp": at(5)},
            "lastTimestamp": at(5),
            "reason": "BackOff",
            "message": "Back-off restarting failed container",
            "count": 12,
            "involvedObject": {"kind": "Pod", "name": "agent-api-2abc-x2"},
        }
    ],
}
LOG = f"{at(3)} ERROR agent.run APITimeoutError: late\n{at(2)} INFO fine\n" * 4


class Answer(BaseHTTPRequestHandler):
    def do_GET(self):  # noqa: N802  (the base class's name)
        parts = urlsplit(self.path)
        asked = parse_qs(parts.query)
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            return self._say(401, {"kind": "Status", "message": f"Unauthorized {self.headers.get('Authorization')}"})
        if parts.path.endswith("/log"):
            return self._raw(200, LOG.encode(), "text/plain")
        items = ANSWERS.get(parts.path)
        if items is None:
            return self._say(404, {"kind": "Status"})
        begin = int(asked.get("continue", ["0"])[0])
        more = {"continue": str(begin + 2)} if begin + 2 < len(items) else {}
        return self._say(200, {"metadata": more, "items": items[begin : begin + 2]})

    def _say(self, status, told):
        self._raw(status, json.dumps(told).encode(), "application/json")

    def _raw(self, status, body, kind):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Answer).serve_forever()
