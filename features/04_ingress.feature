@ingress
Feature: The Ingress controller has the address that DNS points to
  All sites of the lab share one address, 172.20.0.13. This is the address of the Ingress controller, which routes each
  request to a site by the host name of the request.

  Scenario: The Ingress controller is installed and ready
    Given the Ingress controller is installed
    Then its Helm release is deployed at the pinned chart version
    And its pod is ready

  Scenario: MetalLB assigns the reserved address to the Ingress controller
    Given the Ingress controller is installed
    Then its Service has the external IP 172.20.0.13

  Scenario: The Ingress controller handles every Ingress that names no class
    Given the Ingress controller is installed
    Then the default IngressClass is nginx

  Scenario: The Ingress controller handles the Ingress of the test site
    Given the nginx test site is exposed by the Ingress controller
    Then its Ingress has the class nginx
    And its Ingress has the address 172.20.0.13

  Scenario: An HTTP client reaches the test site
    Given the nginx test site is exposed by the Ingress controller
    When an HTTP client requests http://nginx.example.it
    Then the response is the welcome page of nginx

  @browser
  Scenario: A user sees the test site in a browser
    Given the nginx test site is exposed by the Ingress controller
    When a user opens http://nginx.example.it in a browser
    Then the page has the title "Welcome to nginx!"

  Scenario: The Ingress controller answers 404 for a host without an Ingress
    Given the nginx test site is exposed by the Ingress controller
    When an HTTP client requests http://unknown.example.it
    Then the response is the 404 page of the Ingress controller

  @admission_webhook @creates
  Scenario: The Ingress controller rejects a second Ingress for the same host and path
    The API server asks the controller's admission webhook before it accepts an Ingress. Without the webhook, the second
    Ingress would be created, and the controller would ignore it.
    Given the nginx test site is exposed by the Ingress controller
    Then the API server would reject another Ingress for http://nginx.example.it
