"""What people of the demo write. No blame: what the system let happen."""

from __future__ import annotations

ERROR_RATE_NOTES: dict[float, str] = {
    6: "`kubectl rollout history` shows v1.5.2, nine minutes before the first error.",
    8: "Every error is the same: `TokenVersionError`. The new code refuses tokens that the old code wrote.",
    10: "Rolling back to v1.5.1: `kubectl rollout undo deployment/agent-api`",
    15: "Error rate 12 % → 3 %, still falling.",
}
ERROR_RATE_POSTMORTEM = {
    "impact": "About **3,000 people** saw an error at least once between 10:07 and 10:31 UTC; 11,240 requests failed. No data was lost.",
    "root_cause": (
        "v1.5.2 writes session tokens in a shorter form. Nothing let old and new code read each other's tokens while both ran.\n\n"
        "Contributing factors:\n\n- the deployment check signs in anew and never meets an old token\n- the error budget alert waits five minutes"
    ),
    "went_well": "- The deployment stood on the incident page before anybody asked.\n- The rollback took four minutes.",
    "went_wrong": "- Staging had no sessions older than a day, so the check passed.\n- The first update was two minutes late.",
    "lessons": "Two versions always run side by side for a while. What one writes, the other must be able to read.",
}
ERROR_RATE_ACTIONS = (
    ("Run the new code against sessions of the old one in CI", "tomas", 7, "prevent"),
    ("Keep week-old sessions in staging", "yuki", 10, "prevent"),
)
REDIS_NOTES: dict[float, str] = {
    5: "`redis-cli ping` times out; the pod restarts in a loop.",
    9: "Agents go on without the cache, as they should; the queue stands still.",
    18: "The replica is promoted. Workers take jobs again.",
}
REDIS_POSTMORTEM = {
    "impact": "214 people were signed out once. Jobs waited for 17 minutes; none was lost.",
    "root_cause": "The sentinel promoted a replica that was 40 s behind. Sessions written in that time existed only on the old primary.",
    "went_well": "- Workers went on without the cache.",
    "went_wrong": "- “Redis down” does not say how to read the replica's lag; the step was skipped twice.",
    "lessons": "A failover is as good as the lag of the replica that it chooses.",
}
REDIS_ADDED = "\n\nContributing factors:\n\n- `min-replicas-to-write` was not set\n- the lag alert waits 10 min"
REDIS_ACTIONS = (
    ("Set min-replicas-to-write to 1", "tomas", 10, "prevent"),
    ("Alert on replica lag over 5 s", "yuki", 21, "detect"),
)
CONNECTIONS_NOTES: dict[float, str] = {
    8: "`pg_stat_activity`: 71 connections are idle in a transaction, all from agent-worker.",
    16: "Restarting the workers; connections fall to 31.",
}
CUT_OFF = "Long answers end in the middle of a sentence. The logs show no error."
QUEUE_NOTES: dict[float, str] = {
    7: "Jobs come in as usual; the workers take half as many as yesterday.",
    15: "The model provider answers in 9 s instead of 3 s. Their status page says nothing yet.",
    21: "Scaled agent-worker to 20 replicas: `kubectl scale deployment/agent-worker --replicas=20`",
}
# kind, minutes after it began, internal words, public words, minutes until the next one (0: the final one)
ERROR_RATE_UPDATES = (
    (
        "initial",
        17,
        "🚨 [SEV1] 12 % of requests to agent-api fail since 10:07. We are rolling back v1.5.2; errors fall.",
        "Some requests fail since about 10:07 UTC. We found the cause and are fixing it.",
        20.0,
    ),
    ("progress", 36, "Error rate 0.4 %, still falling. Nobody has to do anything.", "A fix is in place and we are watching it.", 20.0),
)
ERROR_RATE_OVER = (
    (
        "resolution",
        48,
        "✅ Resolved: v1.5.2 is rolled back, the error rate is normal since 10:31. The postmortem comes within 48 hours.",
        "This is resolved. It lasted from 10:07 to 10:31 UTC. Everything works again.",
        0,
    ),
)
QUEUE_UPDATES = (
    (
        "initial",
        23,
        "[SEV2] Answers arrive about four minutes late: the model provider is slow. 20 workers run now, the queue stops growing.",
        "Answers arrive about four minutes late. We found the cause and are fixing it.",
        30.0,
    ),
)
CHANGED = "Redis has `min-replicas-to-write 1` in staging since Thursday; production follows next week. v1.5.3 reads old and new tokens."
TO_WATCH = "The lag of the Redis replica, and the number of database connections on agent-worker after 09:00."
