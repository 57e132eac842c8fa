"""What a person reads out of public postmortems: when what happened, and what was to be done. Made by hand, before the importer ran.

Moments as written, with the zone that the text states ("?" where it gives no time, a bare date where it gives no hour; `~` before one
that the text itself calls rough). Action items by their first words; "+" before those that the text calls done.
"""

from __future__ import annotations

from dataclasses import dataclass, field

BINDER = "mybinder-org-deploy/docs/source/incident-reports"
POSTHOG = "posthog-post-mortems"
STATUS = "agrc-status-page/src/content/incident"


@dataclass(frozen=True)
class ByHand:
    path: str
    form: str
    moments: list[str] = field(default_factory=list)
    actions: list[str] = field(default_factory=list)


def day(date: str, zone: str, times: str) -> list[str]:
    """`times` of one day, "~" for rough ones: day("2018-01-04", "-08:00", "07:33 ~08:03")."""
    return [f"~{date}T{time[1:]}{zone}" if time.startswith("~") else f"{date}T{time}{zone}" for time in times.split()]


TABLE = [
    ByHand(
        f"{BINDER}/2017-09-27-hub-403.md",
        "headings, month in words",
        day("2017-09-27", "-08:00", "13:06 13:35 13:44 14:08 15:11 15:25"),
        [
            "Handle errors on launching servers",
            "Write end-to-end tests",
            "Write down the responsibilities",
            "Do deployments more often",
            "Consider figuring out an easy way",
        ],
    ),
    ByHand(
        f"{BINDER}/2018-01-17-ubuntu-upgrade.md",
        "headings, some with a date only, pm after 24 hours",
        ["2018-01-15", "2018-01-16", *day("2018-01-17", "-08:00", "17:14 17:30 18:57 19:00")],
        [
            "Note that Ubuntu non-LTS",
            "Subscribe to the ubuntu-announce",
            "Separate python version",
            "Allow users to pin distros",
            "Keep our own apt mirror",
            "Continuous tests should be run",
        ],
    ),
    ByHand(
        f"{BINDER}/2018-01-18-ssl-outdated.md",
        "headings, some with a date only",
        ["2018-01-11", "2018-01-18", "2018-01-19T11:00-08:00", "2018-01-19T11:00-08:00"],
        ["Do not use a single team member", "+Instead, use a shared google groups", "keep an eye on the SSL"],
    ),
    ByHand(
        f"{BINDER}/2018-02-20-jupyterlab-announcement.md",
        "headings over three days, ranges, one without a time",
        [
            *day("2018-02-20", "+01:00", "14:17 14:55 15:05 15:08 15:10 15:15 15:20 15:32 16:00 16:05 16:18 16:29 16:33 16:40 16:55 17:00"),
            *day("2018-02-20", "+01:00", "18:03 18:10 18:22 18:30 18:37 18:40 19:00 19:33 19:35 19:40 19:42 19:45 19:52"),
            "?",
            *day("2018-02-20", "+01:00", "21:57 22:12 22:30 22:43 22:44 ~22:52"),
            *day("2018-02-21", "+01:00", "13:00 15:15 16:20"),
            *day("2018-02-22", "+01:00", "07:13 07:18"),
        ],
        [
            "Release JupyterHub 0.9",
            "Improve handling of spawners",
            "Investigating allowing deletion",
            "implement API-only mode",
            "identify reason why 400",
            "avoid 400 responses",
            "ensure pycurl is used",
            "Investigate timeout issue",
            "separate rejection code",
            "Figure out if there's a way",
            "Make it possible for Binder",
            "Avoid sending requests",
            "Document ways to suspect",
            "Come up with group guidelines",
            "Investigate what are",
            "Find a way to limit HTTP",
            '"we should also monitor',
            "Move Grafana and other",
            "Document clear processes",
            "Fix cadvisor + prometheus",
            "Make all infrastructure pods",
            "launches that are rejected due to rate limiting",
        ],
    ),
    ByHand(
        f"{BINDER}/2018-03-13-PVC-hub-locked.md",
        "headings over two days",
        [*day("2018-03-13", "+01:00", "07:28 07:33 07:39 07:59 08:05 08:11 08:17 13:32 13:34"), *day("2018-03-21", "+01:00", "06:30 06:31")],
        [
            "Make sure we have a non-stackdriver",
            "Document how to check if a PVC",
            "Document how to manually restart",
            "Document how to delete pods",
            "Store the prometheus data",
        ],
    ),
    ByHand(
        f"{BINDER}/2018-03-26-no-space-left.md",
        "headings, check boxes",
        day("2018-03-26", "+02:00", "10:34 10:55 15:00"),
        [
            '+Add log metric for "no space',
            '+Add log metric for "Error creating',
            "+Add metrics-based alert",
            "Enable SMTP for alerts",
            "Investigate root cause",
            "Systematically cordon",
        ],
    ),
    ByHand(
        f"{BINDER}/2018-04-18-cull-flood.md",
        "headings, rough ranges, out of order, a day without its year",
        [
            *day("2018-04-18", "+02:00", "12:35 ~13:30 14:29 14:49 14:43 14:55 15:36 17:03 17:23 19:47"),
            *day("2018-04-19", "+02:00", "11:00 11:07 11:27 11:47 11:58"),
        ],
        [
            "Revisit automatic pull requests",
            "Add alarms for sustained",
            "Figure out tests for the culler",
            "Fix bugs in image-culler",
            "Allow disabling image culler",
            "Investigate and fix memory leak",
            "Describe process for deploying",
        ],
    ),
    ByHand(
        f"{BINDER}/2018-07-08-podsnips-aplenty.md",
        "headings, ca., text of the template left in",
        [*day("2018-07-08", "+02:00", "~18:30 22:48 23:25"), *day("2018-07-09", "+02:00", "08:00 10:00")],
        [
            "set up notifications",
            "automate scale-down",
            "make sure downtime recovery",
            "Fix failure to delete pods",
            "Make kubespawner more robust",
            "Refactor event reflector",
            "try to auto-detect",
        ],
    ),
    ByHand(
        f"{BINDER}/2022-06-02-pod-limit.md",
        "headings with words after the time, a title of another day",
        day("2022-06-02", "+01:00", "10:00 21:00 21:06 21:22 21:24"),
        ["Uptime and alerting issue"],
    ),
    ByHand(
        f"{POSTHOG}/2025-09-29-flags-is-down.md",
        "bullets with bold times and a zone each",
        day("2025-09-29", "+00:00", "16:58 17:02 17:05 17:12 17:25 17:40 18:15 18:46"),
        [
            "+Database connection timeouts moved",
            "+Timeout values increased",
            "Read/write path separation",
            "Circuit breaker implementation",
            "Health check optimization",
            "Rollback procedure documentation",
            "Development of specialized tooling",
            "Comprehensive load testing",
            "Quarterly incident response",
        ],
    ),
    ByHand(
        f"{POSTHOG}/2025-10-03-surveys-sdk-bug.md",
        "bullets with bold times, zone said once",
        day("2025-10-03", "+00:00", "10:45 14:59 15:25 16:00 16:11 16:25 16:45 22:28"),
        [
            "+Reverted the backwards-incompatible",
            "+Issued credits",
            "Sent communications to all",
            "Start incidents earlier",
            "API compatibility layer",
            "Ignore PostHog SDK exceptions",
            "Monitor suspicious exceptions",
            "Version compatibility testing",
            "Static analysis tooling",
            "Client-side error monitoring",
        ],
    ),
    ByHand(
        f"{POSTHOG}/2025-10-21-feature-flags-recurring-outages.md",
        "four incidents in one file, bullets with bold times, the day in a heading or in brackets",
        [
            *day("2025-10-21", "+00:00", "21:45 21:47 21:49 21:50 22:30 22:35 22:45 22:50 22:50 23:00 23:28"),
            *day("2025-10-24", "+00:00", "18:00 18:01 18:02 18:10 18:30 18:45 19:00 19:02 19:05 19:12"),
            *day("2025-10-28", "+00:00", "19:12 19:15 19:18 19:20 19:23 19:23 19:25 19:26 19:28 19:35 19:45 20:00 20:30 20:53 21:15 21:31"),
            *day("2025-10-29", "+00:00", "22:30 22:30"),
            *day("2025-10-30", "+00:00", "00:03 05:39"),
        ],
        [
            "+Configuration externalization",
            "+Timeout adjustments",
            "+Rate limiting fixes",
            "+Retry limits",
            "+CPU and infrastructure right-sizing",
            "+CPU alerting",
            "+Observability improvements",
            "Strike team formation",
            "Redis isolation",
            "Evaluate current state",
            "Update flags service charts",
            "Define deployment strategy",
            "Define and implement Redis",
            "Establish feature flags team",
            "Build high-level dashboard",
            "Implement rollout/annotation",
            "Update feature flag runbooks",
            "Add missing alerts",
            "Update readiness checks",
            "Rate limiting for cache",
            "Connection pool monitoring",
            "Connection limiting",
            "Load testing framework",
            "Progressive rollout infrastructure",
            "Deployment strategy evolution",
            "Comprehensive monitoring",
        ],
    ),
    ByHand(
        f"{POSTHOG}/2026-01-17-replay-sdk-fetch-wrapper-incident.md",
        "a table, am and pm, year in the file's name, links nested below an item",
        [
            "2026-01-14T10:18+00:00",
            *day("2026-01-15", "+00:00", "17:33"),
            *day("2026-01-16", "+00:00", "05:44 12:52"),
            *day("2026-01-17", "+00:00", "03:31 06:43 08:43 19:38 20:13"),
            "2026-01-19T16:04+00:00",
        ],
        [
            "+Adding comprehensive integration tests",
            "Establishing a more robust",
            "Implementing monitoring and alerting",
            "Documenting and communicating",
            "Adding an automated verification",
            "Implementing an automated notification",
            "Implement an easier mechanism",
        ],
    ),
    ByHand(f"{STATUS}/2018-03-06-host-provider-having-trouble-with-origin-servers.md", "front matter and one paragraph"),
    ByHand(f"{STATUS}/2020-08-17-mapserv-arc-gis-server-not-responding.md", "front matter and a bold update without a time"),
]
