from django.apps import AppConfig


class PostmortemsConfig(AppConfig):
    name = "postmortems"

    def ready(self) -> None:
        from incidents.asking import followed
        from incidents.closing import gates
        from incidents.panels import IncidentPanel, after
        from oncall import handoffs
        from portal import decisions
        from portal.accounts.leaving import duties
        from portal.api import router
        from portal.home.needs import needs
        from portal.markdown.rerender import Text, texts
        from portal.metrics import MEASURES
        from portal.search.documents import sources
        from portal.seeding import chapters
        from portal.web.counts import counts
        from postmortems import api, examples, feedback, handing_over, leaving, measures, metric_pairs, panels, searching, writing
        from postmortems.first_steps import put_on_shelf as put_first_steps
        from postmortems.models import Section
        from runbooks.panels import RunbookPanel, beside

        router.register("postmortems", api.PostmortemViewSet, basename="postmortem")
        router.register("action-items", api.ActionItemViewSet, basename="action-item")
        beside.put("feedback", RunbookPanel("postmortems/_feedback.html", panels.feedback_on_runbook))
        after.put("runbook question", IncidentPanel("postmortems/_runbook_question.html", panels.runbook_question))
        after.put("postmortem", IncidentPanel("postmortems/_incident_panel.html", panels.on_incident))
        after.put("recurrence", IncidentPanel("postmortems/_recurrence_panel.html", panels.recurrence_of))
        gates.put("postmortem", writing.closing_gate)
        followed.put("feedback", feedback.follow)
        decisions.kinds.put("waived_postmortem", "Postmortem waived")
        decisions.kinds.put("action_date_moved", "Date moved late")
        needs.put("reviews", panels.needs_of_reviews)
        needs.put("did it hold", panels.needs_of_proofs)
        needs.put("action items", panels.needs_of_items)
        needs.put("postmortems to publish", panels.needs_of_drafts)
        counts.put("overdue action items", panels.overdue_count)
        duties.put("action items", leaving.DUTY)
        handoffs.SECTIONS.put("actions due", handing_over.DUE)
        sources.put("postmortems", searching.everything)
        texts.put("postmortems.sections", Text(Section, "body", prefix=writing.prefix_of))
        MEASURES.put("learning", measures.learning)
        chapters.put("metric pairs", metric_pairs.lay_out)
        chapters.put("example postmortems", examples.lay_out)
        put_first_steps()

        from postmortems import desk

        desk.put_on_shelf()
