@cluster
Feature: The lab has a Kubernetes cluster in k3d
  k3d runs the nodes of a Kubernetes cluster as containers on the lab's network. Two components that k3s installs by
  default are disabled, because this tutorial installs its own: traefik, an Ingress controller, and servicelb, which
  assigns addresses to Services.

  Background:
    Given the cluster is running

  Scenario: The cluster is ready for use
    Then every node is Ready
    And the cluster DNS is ready
    And the cluster has exactly one default StorageClass

  Scenario: This Kubeflow release supports the Kubernetes version of the cluster
    Then the API server has a version that this Kubeflow release supports

  @docker
  Scenario: kubectl is configured for this cluster
    Then the current context of kubectl is k3d-k3s-default

  @docker
  Scenario: The nodes are on the lab's network
    Then every node has an address in 172.20.0.0/24
    And no node has an address from 172.20.0.10-172.20.0.15

  @docker
  Scenario Outline: The components that the tutorial replaces are not installed
    Then no pod has a name that starts with <prefix>

    Examples:
      | prefix  |
      | traefik |
      | svclb   |
