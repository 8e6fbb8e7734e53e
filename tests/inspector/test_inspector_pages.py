"""The pages over HTTP: escaping, content security policy, downloads, scenario form."""

from __future__ import annotations

from pathlib import Path

import pytest
from calling import HTTP
from inspector_client import call, get_page

from fake_server.account_handle import AccountHandle
from fake_server.inspector import live_updates
from fake_server.inspector.template_env import TONES
from fake_server.replies.outcomes import OUTCOMES
from fake_server.server import Server


class TestPages:
    """Escaping, the content security policy, refusal of other sites, downloads."""

    @pytest.mark.parametrize("path", ["", "inspector/{id}/1", "inspector/{id}/2", "?text=nothing"])
    def test_pages_have_no_inline_scripts_and_no_content_of_other_hosts(
        self, server: Server, account: AccountHandle, path: str
    ) -> None:
        call(account)
        call(account, {"prompt": "<script>alert(1)</script>", "on": "\" onload='x'"})
        answer = get_page(server, path.format(id=account.id))
        assert answer.status_code == 200
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "<script>alert" not in answer.text
        assert " style=" not in answer.text
        assert " onload='x'" not in answer.text
        assert 'src="http' not in answer.text

    def test_every_violation_links_to_its_mark_and_back(
        self, server: Server, account: AccountHandle
    ) -> None:
        call(account, {"seed": -1})  # two more violations are at the same brace
        page = get_page(server, f"inspector/{account.id}/1").text
        for number in (1, 2, 3):
            assert page.count(f'id="mark-{number}"') == page.count(f'href="#mark-{number}"') == 1
            assert page.count(f'id="violation-{number}"') == 1
            assert page.count(f'href="#violation-{number}"') == 1

    def test_a_form_from_another_site_is_refused(
        self, server: Server, account: AccountHandle
    ) -> None:
        call(account)
        other_site = {"origin": "https://evil.example"}
        for path in ("scenario", "1/replay"):
            url = f"{server.inspector}inspector/{account.id}/{path}"
            assert HTTP.post(url, headers=other_site).status_code == 403
        assert len(account.exchanges) == 1

    @pytest.mark.parametrize(
        "path",
        ["inspector/{id}/99", "inspector/me/1", "inspector/{id}/1/other", "inspector/x.css"],
    )
    def test_an_unknown_exchange_account_body_or_file_is_404(
        self, server: Server, account: AccountHandle, path: str
    ) -> None:
        call(account)
        assert get_page(server, path.format(id=account.id)).status_code == 404

    def test_a_body_is_downloaded_exactly(self, server: Server, account: AccountHandle) -> None:
        call(account, content=b"<html>\xff")
        answer = get_page(server, f"inspector/{account.id}/1/request")
        assert answer.content == b"<html>\xff"
        assert answer.headers["content-type"] == "application/octet-stream"
        assert answer.headers["content-disposition"].startswith("attachment")

    def test_every_outcome_with_a_tone_exists(self) -> None:
        assert TONES.keys() <= OUTCOMES.keys()


class TestScenarioForm:
    """The scenario form, with and without the script of the page."""

    def test_the_form_works_without_the_script(
        self, server: Server, account: AccountHandle
    ) -> None:
        url = f"{server.inspector}inspector/{account.id}/scenario"
        own = {"origin": server.origin, "sec-fetch-site": "same-origin"}
        step = {"do": "add", "fault": "rate-limited", "times": "", "delay": "0.01"}
        answer = HTTP.post(url, data=step, headers=own, follow_redirects=True)
        assert "rate-limited, every run, after 0.01 s" in answer.text
        assert call(account).status_code == 429
        answer = HTTP.post(url, data={"do": "clear"}, headers=own, follow_redirects=True)
        assert "No steps: answers are normal" in answer.text
        assert call(account).status_code == 200

    def test_each_step_is_appended_to_the_scenario(
        self, server: Server, account: AccountHandle
    ) -> None:
        url = f"{server.inspector}inspector/{account.id}/scenario"
        for fault in ("rate-limited", "", "internal-error"):
            HTTP.post(url, data={"do": "add", "fault": fault, "times": "1"})
        assert [call(account).status_code for _ in range(4)] == [429, 200, 500, 200]

    @pytest.mark.parametrize(
        ("form", "message"),
        [
            ({"times": "many"}, "times: 'many' is not a number"),
            ({"times": "0"}, "times"),
            ({"fault": "no-such"}, "no fault is named"),
            ({"fault": "rate-limited", "delay": "nan"}, "delay"),
        ],
    )
    def test_an_invalid_step_is_refused_with_the_reason(
        self, server: Server, account: AccountHandle, form: dict[str, str], message: str
    ) -> None:
        answer = HTTP.post(f"{server.inspector}inspector/{account.id}/scenario", data=form)
        assert answer.status_code == 422
        assert message in answer.json()["detail"]


def test_templates_and_assets_are_package_data() -> None:
    """Each file is in the folder of the module that reads it."""
    folder = Path(live_updates.__file__).parent
    assert {p.name for p in folder.iterdir()} >= {
        "page.css",
        "live.js",
        "page.js",
        "keys.js",
        "icon.svg",
        "templates",
    }
