@kubeflow @login @browser
Feature: A person logs in
  Dex asks for user and password. The dashboard greets who has logged in, with the namespace that is theirs, and nobody
  else sees anything.

  Scenario Outline: The owner logs in and is greeted
    The dashboard of 1.7 reads the cookie of the session when it logs out, so that other scripts of a page could, too. Nor
    is it a secure cookie: over plain HTTP, as these doors are, it could not be. Those of the web apps are, see chapter 11.
    Given a visitor at <door>
    When they log in as user@example.com
    Then the page is the Kubeflow Central Dashboard
    And it greets user@example.com
    And they own the namespace kubeflow-user-example-com
    And scripts can read their session only where this release's dashboard has to
    And their session is not a secure cookie, which these doors could not keep
    And a picture of it is kept in the report

    Examples:
      | door                       |
      | http://localhost:7080      |
      | http://kubeflow.example.it |

  Scenario Outline: Who has logged out is asked again, and can log in again
    authservice keeps the sessions, so that a log-out ends one. From 1.9 on, a session is in oauth2-proxy's cookie and
    nowhere else: a log-out deletes the browser's, and whoever has a copy can go on until its time is over.
    Given a visitor at <door>
    When they log in as user@example.com
    And they log out
    Then the dashboard has asked for an end of their session
    And a copy of that session opens nothing, where this release's log-out ends more than the cookie
    When they come back
    Then Dex asks for user and password
    When they log in as user@example.com
    Then it greets user@example.com

    Examples:
      | door                       |
      | http://localhost:7080      |
      | http://kubeflow.example.it |

  Scenario Outline: Who cannot be known is refused
    Given a visitor at <door>
    When they log in as <user> with <password>
    Then Dex says "Invalid Email Address and password."
    And they have no session

    Examples:
      | door                       | user               | password                |
      | http://localhost:7080      | user@example.com   | a wrong password        |
      | http://localhost:7080      | nobody@example.com | the tutorial's password |
      | http://kubeflow.example.it | user@example.com   | a wrong password        |
      | http://kubeflow.example.it | nobody@example.com | the tutorial's password |

  Scenario Outline: An empty form is not sent, and refused where it is
    A browser does not send it. Who has none is refused as anybody else.
    Given a visitor at <door>
    When they send the empty form
    Then Dex asks for user and password
    And they have no session
    When an HTTP client sends the empty form at <door>
    Then Dex answers it "Invalid Email Address and password."
    And it has no session

    Examples:
      | door                       |
      | http://localhost:7080      |
      | http://kubeflow.example.it |

  Scenario Outline: Without a session nothing is shown, whoever the visitor says to be
    Given both doors
    When an HTTP client asks for <path> at each of them, once as nobody and once as user@example.com
    Then it is shown nothing

    Examples:
      | path                                                                         |
      | /                                                                            |
      | /api/namespaces                                                              |
      | /api/workgroup/env-info                                                      |
      | /jupyter/                                                                    |
      | /jupyter/api/namespaces/kubeflow-user-example-com/notebooks                  |
      | /tensorboards/                                                               |
      | /tensorboards/api/namespaces/kubeflow-user-example-com/tensorboards          |
      | /volumes/                                                                    |
      | /volumes/api/namespaces/kubeflow-user-example-com/pvcs                       |
      | /kserve-endpoints/                                                           |
      | /kserve-endpoints/api/namespaces/kubeflow-user-example-com/inferenceservices |
      | /pipeline/                                                                   |
      | /pipeline/apis/v1beta1/pipelines                                             |
      | /katib/                                                                      |
      | /kfam/v1/bindings                                                            |

  Scenario Outline: A session that was made up opens nothing
    Given both doors
    When an HTTP client with a made-up session asks for /api/workgroup/env-info at <door>
    Then it is shown nothing

    Examples:
      | door                       |
      | http://localhost:7080      |
      | http://kubeflow.example.it |

  Scenario Outline: A visitor cannot make themselves somebody else
    Given the owner, logged in at <door>
    When they come back
    Then the dashboard knows them as user@example.com when they call themselves admin@example.com
    And so does the volumes web app

    Examples:
      | door                       |
      | http://localhost:7080      |
      | http://kubeflow.example.it |

  @changes
  Scenario: A session whose time is over opens nothing
    It lasts for a day. Here, for a moment, it lasts for three seconds.
    Given both doors
    And sessions last for a short time
    When an HTTP client logs in at http://kubeflow.example.it
    Then its session is the owner's
    When that time is over
    Then its session opens nothing
