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
      | knative-eventing          |
      | knative-serving           |
      | kubeflow                  |
      | kubeflow-user-example-com |

  Scenario: Every workload has all its replicas
    Given Kubeflow is installed
    Then every workload has all its replicas ready

  Scenario: The owner of the Profile has a namespace with what pipelines need
    Given Kubeflow is installed
    Then the namespace kubeflow-user-example-com belongs to user@example.com
    And the workload ml-pipeline-ui-artifact runs in it
    And the workload ml-pipeline-visualizationserver runs in it
