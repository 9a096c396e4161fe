"""lab/layers/metallb.py: pools and announcements in all forms that MetalLB accepts."""

from __future__ import annotations

from typing import Any

import pytest

from lab.errors import LabError
from lab.k8s.objects import Object
from lab.layers.metallb import ADVERTISEMENT, NAMESPACE, POOL, AddressPool, MetalLB
from tests.conftest import MakeLab, WriteProgram
from tests.layers.static_kube import StaticKube, make_object


def make_pool(name: str, *addresses: str, **labels: str) -> Object:
    """Return an IPAddressPool."""
    pool = make_object("IPAddressPool", name, NAMESPACE, {"addresses": list(addresses)})
    pool["metadata"]["labels"] = labels
    return pool


def make_address_pool(make_lab: MakeLab, *objects: Object) -> AddressPool:
    """Return the layer in a cluster that has some objects."""
    lab = make_lab()
    lab.__dict__["kube"] = StaticKube(*objects)
    return AddressPool(lab)


@pytest.mark.parametrize(
    ("addresses", "is_equal"),
    [
        (["172.20.0.10-172.20.0.15"], True),
        (["172.20.0.10/31", "172.20.0.12/30"], True),
        (["172.20.0.13-172.20.0.15", "172.20.0.10-172.20.0.12"], True),
        (["172.20.0.10-172.20.0.15", "fc00:f853:ccd:e799::/124"], True),
        (["172.20.0.10-172.20.0.12", "172.20.0.14-172.20.0.15"], False),
        (["172.20.0.10-172.20.0.16"], False),
        (["not an address"], False),
        ([], False),
    ],
)
def test_pools_are_compared_as_sets_of_addresses(make_lab: MakeLab, addresses: list[str], is_equal: bool) -> None:
    layer = make_address_pool(make_lab, make_pool(POOL, *addresses))
    assert layer.has_addresses("172.20.0.10-172.20.0.15") == is_equal


@pytest.mark.parametrize(
    ("spec", "announced"),
    [
        (None, [POOL, "more"]),
        ({}, [POOL, "more"]),
        ({"interfaces": ["eth0"]}, [POOL, "more"]),
        ({"ipAddressPools": ["more"]}, ["more"]),
        ({"ipAddressPools": ["more", POOL]}, ["more", POOL]),
        ({"ipAddressPoolSelectors": [{"matchLabels": {"tier": "lab"}}]}, [POOL]),
        ({"ipAddressPools": ["more"], "ipAddressPoolSelectors": [{"matchLabels": {"tier": "lab"}}]}, ["more", POOL]),
        ({"ipAddressPoolSelectors": [{"matchLabels": {"tier": "other"}}]}, []),
    ],
)
def test_advertisement_announces_named_selected_or_all_pools(
    make_lab: MakeLab, spec: Any, announced: list[str]
) -> None:
    """As MetalLB's internal/config/config.go does."""
    pools = [make_pool(POOL, "172.20.0.10-172.20.0.15", tier="lab"), make_pool("more", "172.20.0.20-172.20.0.29")]
    advertisement = make_object("L2Advertisement", ADVERTISEMENT, NAMESPACE, spec)
    layer = make_address_pool(make_lab, *pools, advertisement)
    assert layer.list_announced_pools() == announced
    assert layer.list_announced_pools("missing") == []


def test_probes_request_the_pool_only_if_there_are_others(make_lab: MakeLab) -> None:
    own, other = make_pool(POOL, "172.20.0.10-172.20.0.15"), make_pool("more", "172.20.0.20-172.20.0.29")
    assert make_address_pool(make_lab, own).get_pool_to_request() == ""
    assert make_address_pool(make_lab, own, other).get_pool_to_request() == POOL


def test_missing_helm_is_no_error_on_a_cluster_that_is_only_verified(
    make_lab: MakeLab, write_program: WriteProgram
) -> None:
    """Chapters 5 to 12 do not need Helm; preflight requires it for chapters 3 and 4."""
    write_program("helm", "echo Error: Kubernetes cluster unreachable >&2; exit 1")
    assert str(MetalLB(make_lab(lab="existing")).problem()).startswith(
        "the Helm release metallb was not inspected: helm"
    )
    with pytest.raises(LabError, match="helm failed"):
        MetalLB(make_lab()).problem()
