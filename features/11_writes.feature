@kubeflow @writes @browser
Feature: A person creates something in a web app
  Kubeflow's web apps take a write only from their own pages: a cookie and a header must agree. The cookie is a secure
  one. A browser keeps such a cookie over plain HTTP for localhost alone, so at the other door a log-in works and a write
  does not, until the web app is told to make do without.

  Scenario: A write works through the port-forward
    Given a visitor at http://localhost:7080
    When they log in as user@example.com
    And they create a volume
    Then the volume is there

  Scenario: A write is refused over plain HTTP at the other door
    Given a visitor at http://kubeflow.example.it
    When they log in as user@example.com
    And they create a volume
    Then they are refused with "Could not find CSRF cookie XSRF-TOKEN in the request."
    And the volume is not there

  Scenario: A write works there when the web app does without secure cookies
    Given the volumes web app does without secure cookies
    And a visitor at http://kubeflow.example.it
    When they log in as user@example.com
    And they create a volume
    Then the volume is there
