"""Tells people: a line of text to the group robot and by e-mail, as the settings name them (WeCom and DingTalk take the same JSON)."""

import smtplib
import ssl
from email.message import EmailMessage
from urllib.parse import unquote, urlparse

import httpx

from warehouse.settings import Alert, Settings, secret
from warehouse.texts import sentence

SECONDS_TO_ANSWER = 10


def tell(settings: Settings, text: str) -> bool:
    """Sends the text; False where no alert is configured. httpx.HTTPError, OSError or smtplib.SMTPException where it is not taken."""
    if settings.alert is None:
        return False
    if settings.alert.webhook_env:
        robot = secret(settings.alert.webhook_env)
        httpx.post(robot, json={"msgtype": "text", "text": {"content": text}}, timeout=SECONDS_TO_ANSWER).raise_for_status()
    if settings.alert.mail_to:
        _mail(settings.alert, text)
    return True


def _mail(alert: Alert, text: str) -> None:
    server = urlparse(secret(alert.smtp_env))
    mail = EmailMessage()
    mail["Subject"], mail["From"], mail["To"] = sentence("alert.subject", "zh"), alert.mail_from, ", ".join(alert.mail_to)
    mail.set_content(text)
    connect = smtplib.SMTP_SSL if server.scheme == "smtps" else smtplib.SMTP
    with connect(server.hostname or "localhost", server.port or 0, timeout=SECONDS_TO_ANSWER) as post:
        post.ehlo()
        if server.scheme != "smtps" and post.has_extn("starttls"):
            post.starttls(context=ssl.create_default_context())
        if server.username:
            post.login(unquote(server.username), unquote(server.password or ""))
        post.send_message(mail)
