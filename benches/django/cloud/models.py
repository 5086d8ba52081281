"""A model for each table. The file is there already: nothing is managed."""

from django.db import models

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

MODELS = {}


def model(name, parents):
    fields = {
        parent: models.ForeignKey(
            MODELS[parent], on_delete=models.CASCADE, db_column=f"{parent}_id", related_name="+"
        )
        for parent in parents
    }
    fields["id"] = models.BigAutoField(primary_key=True)
    fields["Meta"] = type("Meta", (), {"db_table": name, "managed": False})
    return type(name, (models.Model,), {"__module__": __name__, **fields})


for name, parents in PARENTS.items():
    MODELS[name] = model(name, parents)
