@kubeflow @authservice
Feature: authservice stands before everything
  Istio's gateway asks authservice about every request. Who is not logged in is led to Dex; of who is, authservice tells
  the components behind, in the header kubeflow-userid.

  Scenario: authservice can be asked at its Service
    Given Kubeflow is installed
    Then the Service authservice has the port 8080

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

  Scenario: authservice's own pages can be reached through the gateway
    Given the way to authservice's pages
    Then requests for /authservice/ are led to port 8080 of authservice
