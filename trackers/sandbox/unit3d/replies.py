"""How Laravel answers: JSON in two hands, pages of HTML to who did not ask for JSON, redirects.

Facts on UNIT3D, sections 1, 5 and 11. Knows no torrent; `wants_json` decides between the two worlds.
"""

from __future__ import annotations

import html
import json

from trackers.sandbox.wire import Pairs, Reply, Request, php_json

JSON = "application/json"
HTML = "text/html; charset=UTF-8"
REDIRECT = "text/html; charset=utf-8"  # Symfony writes its own redirects in small letters
TITLES = {
    403: "Forbidden!",
    404: "Page not found",
    405: "Method not allowed!",
    500: "Internal server error",
    503: "Service unavailable!",
}
TEXTS = {
    500: "Our server encountered an internal error. Sorry for the inconvenience",
    503: "Sorry, we are doing some maintenance. Please check back soon.",
}
PAGE = """<!DOCTYPE html>
<html class="no-js page__error" lang="en">
    <head>
        <meta charset="utf-8" />
        <title>{title}</title>
    </head>
    <body>
        <main>
            <article>
                <section class="error">
                    <div class="error__body">{text}</div>
                </section>
            </article>
        </main>
    </body>
</html>
"""
MOVED = """<!DOCTYPE html>
<html>
    <head>
        <meta charset="UTF-8" />
        <meta http-equiv="refresh" content="0;url='{url}'" />

        <title>Redirecting to {url}</title>
    </head>
    <body>
        Redirecting to <a href="{url}">{url}</a>.
    </body>
</html>"""
INVALID = "Validation Error."
NO_FILE = "You Must Provide A Torrent File For Upload!"
NO_TORRENT = "You Must Provide A Valid Torrent File For Upload!"
BAD_NAMES = "Invalid Filenames In Torrent Files!"


class Refusal(Exception):
    """A validation error: a text, or messages by field. Nothing was stored."""

    def __init__(self, data: str | dict[str, list[str]]) -> None:
        super().__init__(data if isinstance(data, str) else " ".join(text for one in data.values() for text in one))
        self.data = data


class Missing(Exception):
    """A row that Laravel was told to find or fail: its 404 has another shape than a validation error's."""

    def __init__(self, model: str, key: object) -> None:
        super().__init__(f"No query results for model [App\\Models\\{model}]{key}")


def wants_json(request: Request) -> bool:
    """Only the first entry of Accept counts; `*/*` is a no, but for XMLHttpRequest."""
    accept = request.headers.get("accept", "")
    first = accept.split(",")[0]
    ajax = request.headers.get("x-requested-with") == "XMLHttpRequest" and first.strip() in ("", "*/*", "*")
    return ajax or "/json" in first or "+json" in first


def compact(value: object, status: int = 200) -> Reply:
    """A controller's JSON."""
    return Reply(status, php_json(value).encode(), JSON)


def pretty(value: object, status: int = 200) -> Reply:
    """A resource's or an exception's JSON."""
    return Reply(status, json.dumps(value, indent=4, ensure_ascii=False).encode("utf-8", "replace"), JSON)


def failed(request: Request, status: int, message: str, headers: Pairs = ()) -> Reply:
    """An exception, in JSON or as a page."""
    if wants_json(request):
        reply = pretty({"message": message}, status)
    else:
        title = f"Error {status}: {TITLES[status]} - UNIT3D"
        page = PAGE.format(title=title, text=html.escape(TEXTS.get(status, message), quote=False))
        reply = Reply(status, page.encode(), HTML)
    return with_headers(reply, headers)


def crashed(request: Request) -> Reply:
    """HTTP 500, whatever happened."""
    return failed(request, 500, "Server Error")


def refused(data: str | dict[str, list[str]]) -> Reply:
    """UNIT3D's own validation error: HTTP 404."""
    return compact({"success": False, "message": INVALID, "data": data}, 404)


def moved(url: str) -> Reply:
    """HTTP 302."""
    return Reply(302, MOVED.format(url=url).encode(), REDIRECT, (("Location", url),))


def unauthenticated(request: Request) -> Reply:
    """A key that is wrong or missing: to a client that asks for no JSON, the login page."""
    if wants_json(request):
        return compact({"message": "Unauthenticated."}, 401)
    return moved(f"{request.base}/login")


def too_many(request: Request, headers: Pairs) -> Reply:
    """HTTP 429."""
    if wants_json(request):
        return with_headers(pretty({"message": "Too Many Attempts."}, 429), headers)
    return Reply(429, PAGE.format(title="Too Many Requests", text="Too Many Requests").encode(), HTML, headers)


def login_page() -> Reply:
    """Where redirects lead."""
    form = '<form method="POST"><input name="username"><input type="password" name="password"></form>'
    told = (("X-RateLimit-Limit", "5"), ("X-RateLimit-Remaining", "4"))
    return Reply(200, PAGE.format(title="Login - UNIT3D", text=form).encode(), HTML, told)


def with_headers(reply: Reply, headers: Pairs) -> Reply:
    """The same answer with more headers."""
    return Reply(reply.status, reply.body, reply.content_type, (*reply.headers, *headers))
