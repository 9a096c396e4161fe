@kubeflow @authservice
Feature: Every request is authenticated by authservice
  Istio's gateway asks authservice about every request. A request without a session is redirected to Dex. For a request
  with a session, authservice passes the user's identity to the components behind the gateway, in the header
  kubeflow-userid. From release 1.9, oauth2-proxy replaces authservice. Only the last scenario of this chapter applies
  to both.

  @oidc-authservice
  Scenario: authservice is exposed by its Service
    Given Kubeflow is installed
    Then the Service authservice has the port 8080

  @oidc-authservice
  Scenario: authservice has the parameters of the tutorial
    Given Kubeflow is installed
    Then authservice has the parameters
      | parameter              | value                                       |
      | AUTHSERVICE_URL_PREFIX | /authservice/                               |
      | OIDC_AUTH_URL          | /dex/auth                                   |
      | OIDC_PROVIDER          | http://dex.auth.svc.cluster.local:5556/dex  |
      | OIDC_SCOPES            | profile email groups                        |
      | PORT                   | "8080"                                      |
      | SKIP_AUTH_URLS         | /dex                                        |
      | STORE_PATH             | /var/lib/authservice/data.db                |
      | USERID_CLAIM           | email                                       |
      | USERID_HEADER          | kubeflow-userid                             |
      | USERID_PREFIX          |                                             |

  @oidc-authservice
  Scenario: The tutorial routes /authservice/ to authservice
    Given the tutorial's route to the pages of authservice is installed
    Then requests for /authservice/ are routed to port 8080 of authservice

  @oidc-authservice @login_form @session
  Scenario Outline: The tutorial's route leads to the login, not to the pages of authservice
    On port 8080, authservice answers the gateway. A user who opens this port is redirected to Dex, or gets an empty
    response.
    Given the tutorial's route to the pages of authservice is installed
    And the entry points are open
    When an HTTP client without a session requests <entry_point>/authservice/site/homepage
    Then it is redirected to Dex at the same entry point
    When an HTTP client with the owner's session requests /authservice/site/homepage at <entry_point>
    Then the request is allowed, and returns no page

    Examples:
      | entry_point                |
      | http://localhost:7080      |
      | http://kubeflow.example.it |

  @oidc-authservice @session @creates
  Scenario: authservice serves its pages on port 8082, which its Service does not expose
    Given a temporary route through the gateway to port 8082 of authservice
    Then the owner's requests through this route return
      | page              | status |
      | site/homepage     | 200    |
      | site/after_logout | 200    |
      | site/themes       | 200    |
      | site/elsewhere    | 404    |

  @login_form
  Scenario Outline: After login, Dex redirects the user to the callback of the auth proxy
    Given the entry points are open
    When an HTTP client without a session requests <entry_point>
    Then it is redirected to Dex at the same entry point
    And its redirect URI is the callback of the auth proxy, and is registered in Dex

    Examples:
      | entry_point                |
      | http://localhost:7080      |
      | http://kubeflow.example.it |
