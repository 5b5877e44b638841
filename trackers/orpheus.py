"""OPS: its vocabulary's ids and the traps of its form. Its server is public Gazelle."""

from __future__ import annotations

from trackers.gazelle import GazelleUploader
from trackers.gazelle.dialect import ROLES, Dialect


class OrpheusUploader(GazelleUploader):
    """Publishes on OPS."""

    dialect = Dialect(
        authorization="token {}",
        release_types={
            "Album": 1, "Soundtrack": 3, "EP": 5, "Anthology": 6, "Compilation": 7, "Sampler": 8, "Single": 9,
            "Demo": 10, "Live album": 11, "Split": 12, "Remix": 13, "Bootleg": 14, "Interview": 15, "Mixtape": 16,
            "DJ Mix": 17, "Concert recording": 18, "Unknown": 21,
        },
        roles={**ROLES, "arranger": 8},
        blu_ray="BD",
        remaster_flag=True,
        group_label=True,
        label_least=1,
        image_endings=(".gif", ".png", ".webm", ".jpg", ".jpeg", ".tif", ".tiff"),
        # Unless this is 0, the site decodes entities, and an album named `A &amp; B` changes its name.
        constants=(("workaround_broken_html_entities", "0"),),
        adds_logs=True,
    )  # fmt: skip
