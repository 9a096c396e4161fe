@kubeflow
Feature: Kubeflow is ready
  Applied is not ready. A person who connects before all pods are ready meets errors, so everything is waited for: also
  what Kubeflow's own controllers create only when they run themselves.

  Scenario Outline: All pods of a namespace are ready
    Given Kubeflow is installed
    Then all pods in <namespace> are ready

    Examples:
      | namespace                 |
      | cert-manager              |
      | istio-system              |
      | auth                      |
      | knative-serving           |
      | kubeflow                  |
      | kubeflow-user-example-com |

    Examples: Namespaces that not all releases have
      | namespace                 |
      | knative-eventing          |
      | oauth2-proxy              |
      | kubeflow-system           |

  Scenario: Every workload has all its replicas
    Given Kubeflow is installed
    Then every workload has all its replicas ready

  Scenario: The owner of the Profile has a namespace
    Given Kubeflow is installed
    Then the namespace kubeflow-user-example-com belongs to user@example.com

  Scenario Outline: The owner's namespace has what pipelines need there
    From 1.11 on, pipelines need nothing there.
    Given Kubeflow is installed
    Then the namespace kubeflow-user-example-com belongs to user@example.com
    And the workload <workload> runs in it

    Examples:
      | workload                        |
      | ml-pipeline-ui-artifact         |
      | ml-pipeline-visualizationserver |
