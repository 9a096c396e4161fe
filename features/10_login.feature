@kubeflow @login @browser
Feature: A person logs in
  Dex asks for user and password. The dashboard greets who has logged in, with the namespace that is theirs, and nobody
  else sees anything.

  Scenario Outline: The owner logs in and is greeted
    Given a visitor at <door>
    When they log in as user@example.com
    Then the page is the Kubeflow Central Dashboard
    And it greets user@example.com
    And they own the namespace kubeflow-user-example-com
    And their session cannot be read by scripts

    Examples:
      | door                       |
      | http://localhost:7080      |
      | http://kubeflow.example.it |

  Scenario Outline: Who has logged out is asked again, and can log in again
    Given a visitor at <door>
    When they log in as user@example.com
    And they log out
    And they come back
    Then Dex asks for user and password
    When they log in as user@example.com
    Then it greets user@example.com

    Examples:
      | door                       |
      | http://localhost:7080      |
      | http://kubeflow.example.it |

  Scenario Outline: Who cannot be known is refused
    Given a visitor at <door>
    When they log in as <user> with the password <password>
    Then Dex says "Invalid Email Address and password."
    And they have no session

    Examples:
      | door                       | user               | password |
      | http://localhost:7080      | user@example.com   | 43214321 |
      | http://localhost:7080      | nobody@example.com | 12341234 |
      | http://kubeflow.example.it | user@example.com   | 43214321 |
      | http://kubeflow.example.it | nobody@example.com | 12341234 |

  Scenario Outline: An empty form is not sent
    Given a visitor at <door>
    When they send the empty form
    Then Dex asks for user and password
    And they have no session

    Examples:
      | door                       |
      | http://localhost:7080      |
      | http://kubeflow.example.it |

  Scenario Outline: Without a session nothing is shown, whoever the visitor says to be
    Given both doors
    When an HTTP client that calls itself user@example.com asks for <path> at <door>
    Then it is shown nothing

    Examples:
      | path                          | door                       |
      | /                             | http://localhost:7080      |
      | /api/workgroup/env-info       | http://localhost:7080      |
      | /jupyter/                     | http://localhost:7080      |
      | /volumes/                     | http://localhost:7080      |
      | /tensorboards/                | http://localhost:7080      |
      | /pipeline/                    | http://localhost:7080      |
      | /                             | http://kubeflow.example.it |
      | /api/workgroup/env-info       | http://kubeflow.example.it |
      | /jupyter/                     | http://kubeflow.example.it |
      | /volumes/                     | http://kubeflow.example.it |
      | /tensorboards/                | http://kubeflow.example.it |
      | /pipeline/                    | http://kubeflow.example.it |

  Scenario Outline: A session that was made up opens nothing
    Given both doors
    When an HTTP client with a made-up session asks for /api/workgroup/env-info at <door>
    Then it is shown nothing

    Examples:
      | door                       |
      | http://localhost:7080      |
      | http://kubeflow.example.it |

  Scenario Outline: A visitor cannot make themselves somebody else
    Given a visitor at <door>
    When they log in as user@example.com
    Then the dashboard knows them as user@example.com when they call themselves admin@example.com

    Examples:
      | door                       |
      | http://localhost:7080      |
      | http://kubeflow.example.it |
