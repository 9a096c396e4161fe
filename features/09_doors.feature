@kubeflow @doors
Feature: Two doors lead to Kubeflow
  A person at the lab's machine comes through a port-forward, to http://localhost:7080. Everybody else comes through the
  Ingress controller, to http://kubeflow.example.it.

  Scenario: The port-forward is open for this machine only
    The tutorial's command offers it, with a password that everybody knows, to the whole network.
    Given the port-forward
    Then it listens on 127.0.0.1 and nowhere else

  Scenario: A port-forward that dies is back at once
    Given the port-forward
    When its process is killed
    Then http://localhost:7080 answers

  Scenario: The Ingress exposes Kubeflow
    Given Kubeflow's Ingress
    Then it exposes the host kubeflow.example.it
    And it has the address 172.20.0.13

  Scenario Outline: A visitor is led to the log-in
    Given both doors
    When an HTTP client without a session asks for <door>
    Then it is led to Dex, at the same door

    Examples:
      | door                       |
      | http://localhost:7080      |
      | http://kubeflow.example.it |
