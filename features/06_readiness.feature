@kubeflow
Feature: Kubeflow is ready
  Kubeflow is not ready as soon as its manifests are applied. A user who connects before all pods are ready sees errors.
  The installation therefore waits for all workloads, including those that Kubeflow's own controllers create later.

  Scenario Outline: All pods of a namespace are ready
    Given Kubeflow is installed
    Then all pods in the namespace <namespace> are ready

    Examples:
      | namespace                 |
      | cert-manager              |
      | istio-system              |
      | auth                      |
      | knative-serving           |
      | kubeflow                  |
      | kubeflow-user-example-com |

    Examples: Namespaces that only some releases have
      | namespace                 |
      | knative-eventing          |
      | oauth2-proxy              |
      | kubeflow-system           |

  Scenario: Every workload has all its replicas
    Given Kubeflow is installed
    Then every workload has all its replicas ready

  Scenario: The Certificates of the manifests are ready
    cert-manager issues them for webhooks. Without its certificate, a webhook rejects everything that it should check.
    Given Kubeflow is installed
    Then every Certificate of the manifests is ready

  Scenario: The owner of the Profile has a namespace
    Given Kubeflow is installed
    Then the namespace kubeflow-user-example-com belongs to user@example.com

  Scenario Outline: The owner's namespace has the workloads that Kubeflow Pipelines needs
    From release 1.11, Kubeflow Pipelines needs no workloads in this namespace.
    Given Kubeflow is installed
    Then the namespace kubeflow-user-example-com belongs to user@example.com
    And the workload <workload> is ready in that namespace

    Examples:
      | workload                        |
      | ml-pipeline-ui-artifact         |
      | ml-pipeline-visualizationserver |
