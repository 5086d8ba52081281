"""Deletes the zone of a cloud by Django's ORM: `delete.py <file> [--signals]`.

Prints the processor time in seconds and the number of deleted rows. With `--signals`, a handler is called before and
after the deletion of each row, as in programs that have to notify others.
"""

import json
import sys
import time

import django
from django.conf import settings

# The cache size of the other benchmarks, in kilobytes.
CACHE = 256 * 1024

settings.configure(
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": sys.argv[1],
            "OPTIONS": {"init_command": f"PRAGMA cache_size = -{CACHE}"},
        }
    },
    INSTALLED_APPS=["cloud"],
)
django.setup()

from cloud.models import MODELS  # noqa: E402 (the settings come first)
from django.db.models.signals import post_delete, pre_delete  # noqa: E402

handled = 0


def handle(sender, instance, **kwargs):
    global handled
    handled += 1


signals = "--signals" in sys.argv
if signals:
    for model in MODELS.values():
        pre_delete.connect(handle, sender=model)
        post_delete.connect(handle, sender=model)

zone = MODELS["Zone"].objects.get(pk=1)
start = time.process_time()
deleted, _ = zone.delete()
seconds = time.process_time() - start
assert not any(model.objects.exists() for model in MODELS.values()), "rows are left"
assert handled == (2 * deleted if signals else 0), f"{handled} handled of {deleted}"
print(json.dumps({"seconds": seconds, "deleted": deleted, "version": django.get_version()}))
