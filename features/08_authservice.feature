@kubeflow @authservice
Feature: authservice stands before everything
  Istio's gateway asks authservice about every request. Who is not logged in is led to Dex; of who is, authservice tells
  the components behind, in the header kubeflow-userid. From 1.9 on, oauth2-proxy has authservice's place; of this chapter,
  only the last scenario is about both.

  @oidc-authservice
  Scenario: authservice can be asked at its Service
    Given Kubeflow is installed
    Then the Service authservice has the port 8080

  @oidc-authservice
  Scenario: authservice has the tutorial's parameters
    Given Kubeflow is installed
    Then the parameters of authservice are
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
  Scenario: The tutorial leads /authservice/ to authservice
    Given the way to authservice's pages
    Then requests for /authservice/ are led to port 8080 of authservice

  @oidc-authservice
  Scenario Outline: The tutorial's way leads to the log-in, and not to authservice's pages
    At port 8080 authservice answers the gateway. A person who asks there is led to Dex, or told nothing.
    Given both doors
    When an HTTP client without a session asks for <door>/authservice/site/homepage
    Then it is led to Dex, at the same door
    When an HTTP client with the owner's session asks for /authservice/site/homepage at <door>
    Then it is let pass, and shown no page

    Examples:
      | door                       |
      | http://localhost:7080      |
      | http://kubeflow.example.it |

  @oidc-authservice
  Scenario: authservice's pages are at port 8082, which its Service does not have
    Given a way through the gateway to port 8082 of authservice
    Then it answers the owner with
      | page              | status |
      | site/homepage     | 200    |
      | site/after_logout | 200    |
      | site/themes       | 200    |
      | site/elsewhere    | 404    |

  Scenario Outline: Dex leads back who has logged in
    Given both doors
    When an HTTP client without a session asks for <door>
    Then it is to come back to the front end's callback, which Dex knows

    Examples:
      | door                       |
      | http://localhost:7080      |
      | http://kubeflow.example.it |
