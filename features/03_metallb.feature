@metallb
Feature: MetalLB gives Services their addresses
  A cluster outside of a cloud has nobody who gives a Service of type LoadBalancer an external address. MetalLB does, from
  a pool, and answers ARP on the lab's network for the addresses that it has given.

  Scenario: MetalLB is installed and runs
    Given MetalLB
    Then its Helm release is deployed at the version that this release pins
    And its controller and its speaker are ready

  Scenario: MetalLB may give the addresses that are kept for it, and announces them
    Given MetalLB's pool of addresses
    Then the pool ip-pool has the addresses 172.20.0.10-172.20.0.15
    And the announcement l2advertise is for the pool ip-pool

  Scenario: A Service gets an address of the pool and can be reached there
    Given a site behind a Service of type LoadBalancer
    Then the Service has an address from 172.20.0.10-172.20.0.15
    And a request to that address is answered by the site

  @docker
  Scenario: The address is announced by a node
    Given a site behind a Service of type LoadBalancer
    Then a node answers ARP for its address

  Scenario: An exhausted pool leaves the next Service without an address
    Given MetalLB's pool of addresses
    When one more Service of type LoadBalancer is made than there are free addresses
    Then all but one get an address
    And MetalLB says that there is none left for the other
