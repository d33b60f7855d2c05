"""Tells people: a line of text to the group robot that the settings name (WeCom and DingTalk take the same JSON)."""

import httpx

from pipelines.settings import Settings, secret


def tell(settings: Settings, text: str) -> bool:
    """Posts the text; False where no alert is configured. httpx.HTTPError where the robot does not take it."""
    if settings.alert is None:
        return False
    answer = httpx.post(secret(settings.alert.webhook_env), json={"msgtype": "text", "text": {"content": text}}, timeout=10)
    answer.raise_for_status()
    return True
