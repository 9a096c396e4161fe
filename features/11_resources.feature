@kubeflow @resources @browser
Feature: A user creates resources in the web apps
  Kubeflow's web apps accept a write request only from their own pages: a cookie and a header must match. The cookie has
  the Secure attribute. Over plain HTTP, a browser stores such a cookie for localhost only. At the Ingress, a user can
  therefore log in but cannot create resources, unless the web apps are configured not to use secure cookies. Where the
  owner of a cluster, or of other manifests, has configured this on purpose, it is verified as it is set.

  @creates
  Scenario: The pod of a notebook can be created in the owner's namespace
    A notebook exists as soon as the web app has created it. Whether its pod can be created depends on the quota, the Pod
    Security level and the ServiceAccount in the namespace, and on webhooks: a dry run asks all of them.
    Given Kubeflow is installed
    Then the API server would accept the pod of a notebook in the namespace kubeflow-user-example-com

  @secure_context @session @creates
  Scenario Outline: Users can create resources through the port-forward
    A browser treats localhost like a host with HTTPS. With --url, this is verified for entry points with HTTPS as well.
    Given the owner is logged in at <entry_point>
    When they create a <resource>
    Then the <resource> exists

    Examples:
      | entry_point           | resource    |
      | http://localhost:7080 | notebook    |
      | http://localhost:7080 | tensorboard |
      | http://localhost:7080 | volume      |

  @plain_http @session @creates
  Scenario Outline: Users cannot create resources over plain HTTP at the Ingress
    Given the owner is logged in at <entry_point>
    When they create a <resource>
    Then the web app accepts the request only if its cookies are insecure on purpose
    And a rejection says "Could not find CSRF cookie XSRF-TOKEN in the request."
    And the <resource> exists only if the request was accepted

    Examples:
      | entry_point                | resource    |
      | http://kubeflow.example.it | notebook    |
      | http://kubeflow.example.it | tensorboard |
      | http://kubeflow.example.it | volume      |

  @changes @login_form @creates
  Scenario: Over HTTPS, users can create resources at the Ingress
    Kubeflow expects HTTPS wherever users connect from other machines. The certificate must be valid for the host, and
    the user's browser must trust its certificate authority. Here, this is an authority of the lab's own.
    Given the Ingress temporarily uses HTTPS, with a certificate that cert-manager issues
    Then the Ingress controller serves the certificate of its Secret
    Given a user without a session at https://kubeflow.example.it
    When they log in as user@example.com
    Then the dashboard greets user@example.com
    And the session cookie is Secure only if the entry point uses HTTPS
    And the CSRF cookie of every web app is Secure, unless it is insecure on purpose
    When they create a notebook
    Then the notebook exists
    When they create a tensorboard
    Then the tensorboard exists
    When they create a volume
    Then the volume exists

  @changes @session @creates
  Scenario: With APP_SECURE_COOKIES=false, users can create resources over plain HTTP
    Given APP_SECURE_COOKIES is temporarily set to false in all web apps
    And the owner is logged in at http://kubeflow.example.it
    Then the CSRF cookie of no web app is Secure
    When they create a notebook
    Then the notebook exists
    When they create a tensorboard
    Then the tensorboard exists
    When they create a volume
    Then the volume exists

  @session
  Scenario Outline: The CSRF cookies of the web apps are Secure again
    Given the owner is logged in at <entry_point>
    Then the CSRF cookie of every web app is Secure, unless it is insecure on purpose

    Examples:
      | entry_point                |
      | http://kubeflow.example.it |
