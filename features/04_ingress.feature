@ingress
Feature: The Ingress controller has the address that DNS will point to
  All sites of the lab are reached through one address, 172.20.0.13. The Ingress controller has it, and sends a visitor
  on by the host that was asked for.

  Scenario: The Ingress controller is installed and runs
    Given the Ingress controller
    Then its Helm release is deployed at the version that this release pins
    And its pod is ready

  Scenario: MetalLB gives the Ingress controller its reserved address
    Given the Ingress controller
    Then its Service has the external address 172.20.0.13

  Scenario: An Ingress that names no class is the controller's
    Given the Ingress controller
    Then the default IngressClass is nginx

  Scenario: The controller takes the test site's Ingress
    Given the nginx site behind the Ingress controller
    Then its Ingress has the class nginx
    And its Ingress has the address 172.20.0.13

  Scenario: An HTTP client gets the test site
    Given the nginx site behind the Ingress controller
    When an HTTP client asks for http://nginx.example.it
    Then the answer is nginx's welcome page

  @browser
  Scenario: A person sees the test site in a browser
    Given the nginx site behind the Ingress controller
    When a person opens http://nginx.example.it in a browser
    Then the page is titled "Welcome to nginx!"

  Scenario: A host that no Ingress names is not found
    Given the nginx site behind the Ingress controller
    When an HTTP client asks for http://unknown.example.it
    Then the answer is the controller's 404
