@cluster
Feature: A Kubernetes cluster in k3d
  k3d runs a cluster in containers on the lab's network. Two things that it would bring along are left out, since this
  tutorial installs its own: traefik, an Ingress controller, and servicelb, which gives Services their addresses.

  Background:
    Given the cluster

  Scenario: The cluster is ready for use
    Then every node is Ready
    And the cluster's DNS is ready
    And there is one default StorageClass

  Scenario: Kubernetes has a version that this Kubeflow release supports
    Then the server's version is one that the release supports

  @docker
  Scenario: kubectl talks to this cluster
    Then kubectl uses the context k3d-k3s-default

  @docker
  Scenario: The nodes are on the lab's network
    Then every node has an address in 172.20.0.0/24
    And no node has an address from 172.20.0.10-172.20.0.15

  @docker
  Scenario Outline: What the tutorial installs itself is not there already
    Then no pod is named <prefix>

    Examples:
      | prefix  |
      | traefik |
      | svclb   |
