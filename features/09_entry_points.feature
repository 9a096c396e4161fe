@kubeflow @entry_points
Feature: Kubeflow has two entry points
  A user on the lab's machine connects through a port-forward, at http://localhost:7080. All other users connect through
  the Ingress, at http://kubeflow.example.it.

  @port_forward
  Scenario: The port-forward is open to this machine only
    The tutorial's command opens the port-forward to the whole network, although its password is publicly known.
    Given the port-forward is open
    Then it listens on 127.0.0.1 and on no other address

  @port_forward
  Scenario: The port-forward restarts immediately when its process dies
    Given the port-forward is open
    When its process is killed
    Then http://localhost:7080 answers

  @kubeflow_ingress
  Scenario: The Ingress exposes Kubeflow
    Given the Ingress of Kubeflow is installed
    Then it exposes the host kubeflow.example.it
    And it has the address 172.20.0.13

  @login_form
  Scenario Outline: A request without a session is redirected to the login
    Given the entry points are open
    When an HTTP client without a session requests <entry_point>
    Then it is redirected to Dex at the same entry point

    Examples:
      | entry_point                |
      | http://localhost:7080      |
      | http://kubeflow.example.it |
