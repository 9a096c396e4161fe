@metallb
Feature: MetalLB assigns addresses to Services
  In a cluster outside of a cloud, Services of type LoadBalancer do not get an external address by default. MetalLB
  assigns one from a pool, and answers ARP requests on the lab's network for every address that it has assigned.

  Scenario: MetalLB is installed and ready
    Given MetalLB is installed
    Then its Helm release is deployed at the pinned chart version
    And its controller and speaker are ready

  Scenario: MetalLB can assign the reserved addresses, and announces them
    Given the address pool of MetalLB is configured
    Then the pool ip-pool has the addresses 172.20.0.10-172.20.0.15
    And the advertisement l2advertise announces the pool ip-pool

  @creates
  Scenario: A Service gets an address from the pool and is reachable at this address
    Given a test site is exposed by a Service of type LoadBalancer
    Then the Service has an address from 172.20.0.10-172.20.0.15
    And the test site answers requests to that address

  @docker @creates
  Scenario: A node announces the address of the Service
    Given a test site is exposed by a Service of type LoadBalancer
    Then a node answers ARP requests for the address of the Service

  @creates
  Scenario: When the pool is exhausted, the next Service gets no address
    Given the address pool of MetalLB is configured
    When a user creates one Service of type LoadBalancer more than there are free addresses
    Then all Services except one get an address
    And MetalLB reports that no address is available for the remaining Service
