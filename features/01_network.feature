@network @docker
Feature: A Docker network for the lab
  The lab has an address range of its own, so that every address in this tutorial is known beforehand: the cluster's
  nodes take theirs from its lower end, and six of them, 172.20.0.10 to 172.20.0.15, are kept for the Services that
  MetalLB will expose.

  Background:
    Given the Docker network of the lab

  Scenario: The network has the range that the tutorial counts on
    Then it is a bridge network
    And its subnet is 172.20.0.0/24
    And its gateway is 172.20.0.1

  Scenario: Nobody holds an address that is kept for MetalLB
    Docker does not know that these addresses are kept, and might give them to a container.
    Then no container on it has an address from 172.20.0.10-172.20.0.15
