@network @docker
Feature: The lab has its own Docker network
  The lab uses a separate address range, so that every address in this tutorial is known in advance. The nodes of the
  cluster get addresses from the lower end of the range. The six addresses from 172.20.0.10 to 172.20.0.15 are reserved
  for the Services that MetalLB exposes.

  Background:
    Given the Docker network of the lab exists

  Scenario: The network has the subnet and the gateway of the tutorial
    Then the network is a bridge network
    And its subnet is 172.20.0.0/24
    And its gateway is 172.20.0.1

  Scenario: No container uses an address that is reserved for MetalLB
    Docker does not know that these addresses are reserved, and can assign them to containers.
    Then no container on the network has an address from 172.20.0.10-172.20.0.15
