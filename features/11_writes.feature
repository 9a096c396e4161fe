@kubeflow @writes @browser
Feature: A person creates something in a web app
  Kubeflow's web apps take a write only from their own pages: a cookie and a header must agree. The cookie is a secure
  one. A browser keeps such a cookie over plain HTTP for localhost alone, so at the other door a log-in works and a write
  does not, until the web apps are told to make do without.

  Scenario Outline: A write works through the port-forward
    Given the owner, logged in at http://localhost:7080
    When they create a <thing>
    Then the <thing> is there

    Examples:
      | thing       |
      | notebook    |
      | tensorboard |
      | volume      |

  Scenario Outline: A write is refused over plain HTTP at the other door
    Given the owner, logged in at http://kubeflow.example.it
    When they create a <thing>
    Then they are refused with "Could not find CSRF cookie XSRF-TOKEN in the request."
    And the <thing> is not there

    Examples:
      | thing       |
      | notebook    |
      | tensorboard |
      | volume      |

  @changes
  Scenario: A write works there when the web apps do without secure cookies
    Given the web apps do without secure cookies
    And the owner, logged in at http://kubeflow.example.it
    Then the cookie of no web app is a secure one
    When they create a notebook
    Then the notebook is there
    When they create a tensorboard
    Then the tensorboard is there
    When they create a volume
    Then the volume is there

  Scenario: The web apps' cookies are secure ones again
    Given the owner, logged in at http://kubeflow.example.it
    Then the cookie of each web app is a secure one
