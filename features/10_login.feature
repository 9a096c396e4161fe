@kubeflow @login @browser
Feature: A user logs in
  Dex asks for user and password. After the login, the dashboard greets the user and shows the user's namespace. Without
  a login, Kubeflow shows nothing.

  @login_form
  Scenario Outline: The owner logs in and is greeted
    The dashboard of release 1.7 reads the session cookie when it logs out, so other scripts of a page can read it, too.
    The session cookie cannot have the Secure attribute either, because both entry points use plain HTTP. The cookies of
    the web apps have it, see chapter 11.
    Given a user without a session at <entry_point>
    When they log in as user@example.com
    Then the page is the Kubeflow Central Dashboard
    And the dashboard greets user@example.com
    And they own the namespace kubeflow-user-example-com
    And scripts can read the session cookie only if the dashboard of this release requires it
    And the session cookie is Secure only if the entry point uses HTTPS
    And a screenshot of the dashboard is saved in the report

    Examples:
      | entry_point                |
      | http://localhost:7080      |
      | http://kubeflow.example.it |

  @login_form
  Scenario Outline: After logout, the user must log in again
    authservice stores the sessions, so a logout ends the session. From release 1.9, a session exists only in the cookie
    of oauth2-proxy: a logout deletes the cookie in the browser, and a copy of it stays valid until the session expires.
    Given a user without a session at <entry_point>
    When they log in as user@example.com
    And they log out
    Then the dashboard has requested the end of the session
    And a copy of the session cookie gives no access, if logout in this release ends more than the cookie
    When they open the entry point again
    Then Dex asks for user and password
    When they log in as user@example.com
    Then the dashboard greets user@example.com

    Examples:
      | entry_point                |
      | http://localhost:7080      |
      | http://kubeflow.example.it |

  @login_form
  Scenario Outline: Unknown users and wrong passwords are rejected
    Given a user without a session at <entry_point>
    When they log in as <user> with <password>
    Then Dex shows the error "Invalid Email Address and password."
    And they have no session

    Examples:
      | entry_point                | user               | password                |
      | http://localhost:7080      | user@example.com   | a wrong password        |
      | http://localhost:7080      | nobody@example.com | the tutorial's password |
      | http://kubeflow.example.it | user@example.com   | a wrong password        |
      | http://kubeflow.example.it | nobody@example.com | the tutorial's password |

  @login_form
  Scenario Outline: An empty login form is not sent by a browser, and is rejected by Dex
    A browser does not send the form while its fields are empty. Dex rejects an HTTP client that sends it.
    Given a user without a session at <entry_point>
    When they submit the empty login form
    Then Dex asks for user and password
    And they have no session
    When an HTTP client submits the empty login form at <entry_point>
    Then Dex returns the error "Invalid Email Address and password."
    And the HTTP client has no session

    Examples:
      | entry_point                |
      | http://localhost:7080      |
      | http://kubeflow.example.it |

  @session
  Scenario Outline: Every app that the dashboard links to answers the owner
    The page of an app can appear although the app does not work, so its API is requested at every entry point: the
    answer identifies the app. KFAM has no page; the dashboard uses its API. Where pods have sidecars, that of KFAM accepts
    requests of the dashboard only. In the embedded lab, the stand-ins for Katib and Pipelines return 501.
    Given the entry points are open
    When an HTTP client with the owner's session requests <path> at every entry point
    Then <component> answers with <content>

    Examples:
      | component             | path                                                                         | content                         |
      | Jupyter Web App       | /jupyter/api/namespaces/kubeflow-user-example-com/notebooks                  | notebooks                       |
      | Tensorboards Web App  | /tensorboards/api/namespaces/kubeflow-user-example-com/tensorboards          | tensorboards                    |
      | Volumes Web App       | /volumes/api/namespaces/kubeflow-user-example-com/pvcs                       | pvcs                            |
      | KServe Models Web App | /kserve-endpoints/api/namespaces/kubeflow-user-example-com/inferenceservices | inferenceServices               |
      | Katib                 | /katib/fetch_namespaces                                                      | a list                          |
      | Kubeflow Pipelines    | /pipeline/apis/v1beta1/healthz                                               | apiServerReady                  |
      | Profiles + KFAM       | /kfam/v1/bindings?namespace=kubeflow-user-example-com                        | bindings or RBAC: access denied |

  Scenario Outline: Without a session, no content is returned, even if the request names a user
    Given the entry points are open
    When an HTTP client requests <path> at every entry point, without a user and as user@example.com
    Then no content is returned

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

  Scenario Outline: A forged session cookie gives no access
    Given the entry points are open
    When an HTTP client with a forged session cookie requests /api/workgroup/env-info at <entry_point>
    Then no content is returned

    Examples:
      | entry_point                |
      | http://localhost:7080      |
      | http://kubeflow.example.it |

  @session
  Scenario Outline: A user cannot impersonate another user
    Given the owner is logged in at <entry_point>
    When they open the entry point again
    Then the dashboard identifies them as user@example.com when they claim to be admin@example.com
    And the volumes web app identifies them as user@example.com when they claim to be admin@example.com

    Examples:
      | entry_point                |
      | http://localhost:7080      |
      | http://kubeflow.example.it |

  @creates
  Scenario: Within the cluster, a pod cannot pose as a user
    The dashboard and the web apps trust the header in which the gateway names the user. A pod that requests their
    Services directly can send this header, too. Sidecars reject such a request: they accept requests of the gateway
    only. This does not apply where pods have no sidecars, as in the embedded lab without manifests of a user's own.
    Given Kubeflow is installed
    When a pod outside of the mesh requests these Services as user@example.com
      | service                      | path                                                        |
      | centraldashboard             | /api/workgroup/env-info                                     |
      | jupyter-web-app-service      | /api/namespaces/kubeflow-user-example-com/notebooks         |
      | tensorboards-web-app-service | /api/namespaces/kubeflow-user-example-com/tensorboards      |
      | volumes-web-app-service      | /api/namespaces/kubeflow-user-example-com/pvcs              |
      | kserve-models-web-app        | /api/namespaces/kubeflow-user-example-com/inferenceservices |
      | katib-ui                     | /katib/fetch_namespaces                                     |
      | ml-pipeline-ui               | /pipeline/apis/v1beta1/healthz                              |
      | profiles-kfam                | /kfam/v1/bindings                                           |
    Then each of these Services rejects the request

  @changes @login_form
  Scenario: An expired session gives no access
    By default, the session lifetime is one day. For this scenario it is temporarily set to three seconds.
    Given the entry points are open
    And the session lifetime is temporarily short
    When an HTTP client logs in at http://kubeflow.example.it
    Then its session belongs to the owner
    When the session expires
    Then the session gives no access
