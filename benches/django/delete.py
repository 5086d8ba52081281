"""Deletes the zone of a cloud by Django's ORM: `delete.py <file> [--signals]`.

Prints the seconds of processor time that it took and how many rows it deleted. With `--signals` every row is handed to
a handler before and after it goes, as programs do that have to tell somebody of each.
"""

import json
import sys
import time

import django
from django.conf import settings

CACHE = 256 * 1024

settings.configure(
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": sys.argv[1],
            "OPTIONS": {"init_command": f"PRAGMA cache_size = -{CACHE}; PRAGMA foreign_keys = ON"},
        }
    },
    INSTALLED_APPS=[],
)
django.setup()

from django.db import models  # noqa: E402
from django.db.models.signals import post_delete, pre_delete  # noqa: E402

PARENTS = {
    "Zone": [],
    "Cluster": ["Zone"],
    "PrimaryStorage": ["Zone"],
    "L2Network": ["Zone"],
    "Host": ["Cluster"],
    "L3Network": ["L2Network"],
    "IpRange": ["L3Network"],
    "VmInstance": ["Host", "PrimaryStorage"],
    "Volume": ["VmInstance", "PrimaryStorage"],
    "VmNic": ["VmInstance", "L3Network"],
    "UsedIp": ["VmNic", "IpRange"],
}


def model(name, parents):
    fields = {
        parent: models.ForeignKey(
            MODELS[parent], on_delete=models.CASCADE, db_column=f"{parent}_id", related_name="+"
        )
        for parent in parents
    }
    meta = type("Meta", (), {"app_label": "cloud", "db_table": name, "managed": False})
    return type(name, (models.Model,), {"__module__": __name__, "Meta": meta, "id": models.BigAutoField(primary_key=True), **fields})


MODELS = {}
for name, parents in PARENTS.items():
    MODELS[name] = model(name, parents)

handled = 0


def handle(sender, instance, **kwargs):
    global handled
    handled += 1


if "--signals" in sys.argv:
    for of in MODELS.values():
        pre_delete.connect(handle, sender=of)
        post_delete.connect(handle, sender=of)

zone = MODELS["Zone"].objects.get(pk=1)
start = time.process_time()
deleted, _ = zone.delete()
seconds = time.process_time() - start
assert not any(of.objects.exists() for of in MODELS.values())
assert handled in (0, 2 * deleted)
print(json.dumps({"seconds": seconds, "deleted": deleted, "version": django.get_version()}))
