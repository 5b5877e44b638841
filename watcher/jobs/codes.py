"""The closed list of codes: why a job, a lane or a release is where it is. docs/journal.md lists exactly these."""

from __future__ import annotations

from collections.abc import Mapping

# Holds that `queue approve` answers; any other is tried again.
A_PERSON_DECIDES = ("review", "require", "brake", "new-group", "web-flac", "same-content", "mode", "form-changed")

CODES: Mapping[str, str] = {
    # A person decides
    "review": "its rule, its tracker or the whole file says that a person approves first",
    "mode": "the mode became stricter after it was decided",
    "brake": "its rule routed more releases within an hour than `brake` allows",
    "require": "what the rule requires is missing or not known",
    "same-content": "another job of this site has the same files under another identity",
    "form-changed": "the form is not the one that was approved",
    "new-group": "the site has no group for it yet",
    "ids-unclear": "which title of a data base it is could not be told for certain",
    "web-flac": "FLAC that is neither a CD rip with a log nor came from another tracker",
    "no-cover": "the site wants a cover and none was found",
    "no-screenshots": "the site wants pictures of the video and they can't be taken or hosted",
    "form": "facts that the site's form needs are missing or not allowed",
    "group-unclear": "several groups of the site may be meant, or only one of another year",
    "tracker-removed": "its tracker is no longer in rules.yaml",
    # The content
    "content-changed": "the files are not those that were hashed",
    "content-moved": "the files are no longer where they were",
    "content-unreadable": "a file can't be read, or can't go into a torrent",
    "staging": "the tree of links that the site needs can't be made",
    "torrent-lost": "its file in STATE/torrents, which was or was to be sent, is missing, damaged or can't be read",
    "shared-folder": "the torrent has no folder of its own",
    # A release that is not decided
    "guard-unknown": "a guard needs a fact that could not be looked up",
    "sidecar": "the file beside it that says what it is can't be used",
    "otherwise-hold": "no rule matched, and the file says `otherwise: hold`",
    "origin-unknown": "it is private, and no tracker of it could be read",
    "source-flood": "its source brought more than fifty releases within ten minutes",
    "added-complete": "it was added to the client over existing data",
    # What the site said
    "duplicate": "the site has it from somebody else",
    "already-there": "the site says that it has this torrent",
    "refused": "the site answered no",
    "no-upload-right": "the account may not upload",
    "key-refused": "the site refused the key in so many words",
    "address-banned": "the site has banned our address",
    "address-new": "the site's API waits for our address to be approved in the site's notices",
    "autofill": "the site's autofill found another series than ours, or none",
    "rate-limited": "the site asks for fewer requests",
    "too-large": "what was sent is larger than the site takes",
    "site-error": "the site reported an error of its own",
    "store": "the site failed while it stored the upload",
    "unknown-words": "the site said something that this version does not know",
    "unreadable": "the answer has a shape that this version does not know",
    "no-torrent": "the site did not give the torrent back",
    "no-dry-run": "the site has no dry run of its own",
    "image-host": "the host for pictures does not take a picture now",
    "request-not-filled": "a user's request could not be filled with the upload",
    "logs-not-taken": "rip logs could not be added to the upload",
    "look-up": "it waits for a service that tells numbers of titles",
    # The way there
    "unreachable": "the site could not be reached; nothing was sent",
    "connect-timeout": "the site did not take the connection in time; nothing was sent",
    "timeout": "no whole answer came in time",
    "request": "the request could not be made; nothing was sent",
    "dns": "the site's name was not resolved; nothing was sent",
    "tls": "the site's certificate or encryption was not accepted; nothing was sent",
    "reset": "the connection ended in the middle",
    "too-big": "the answer was larger than any answer is",
    "empty": "the answer was empty",
    "html": "the answer was a page of HTML",
    "redirect": "the answer led elsewhere, and was not followed",
    "login": "the answer led to the site's login page",
    "denied": "the site answered 401 or 403 without a known word",
    "crash": "the process ended, or failed, while it was being sent",
    # After the POST
    "second-unknown": "two attempts ended with an unknown outcome",
    "cannot-tell": "whether it is on the site could not be found out",
    "absent": "proved to be absent; it may be sent again",
    "cancel": "cancelled as soon as the outcome was known",
    "stale": "prepared a while ago; duplicates are looked for again",
    "registered-differs": "the torrent that the site registered has other files than ours",
    "moderation": "a moderator of the site has not approved it yet, or has said no",
    "not-seeding": "the client does not seed it",
    "client-away": "the client that has the content does not answer",
    # Secrets and settings
    "no-key": "no key is stored for the tracker",
    "secret-for-other-host": "the secret was stored for another host",
    "secret-refused": "the secret can't be used as it is stored",
    "vault-locked": "the vault is locked",
    "vault-damaged": "the vault is damaged, or a newer version's",
    "settings": "the tracker can't be opened with its settings",
    "paused": "a person said `pause`",
    # The journal itself
    "journal-gap": "a record is missing that may have said that it was sent",
    "journal-behind": "this is an older copy of the journal, or a second one",
    "crashed": "working on it failed three times in a way that nobody foresaw",
}
