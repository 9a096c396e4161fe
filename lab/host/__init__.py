"""This machine and its network: disk, ports, ARP, network namespaces and locks."""
