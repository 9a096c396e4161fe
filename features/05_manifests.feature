@kubeflow
Feature: Kubeflow is installed from its manifests
  Kubeflow is a tree of manifests. One command builds and applies all of them, and is repeated until every object is
  accepted: some objects depend on others that must exist first, so the first rounds fail in part. Transient errors are
  retried. A permanent error ends the installation.

  @pinned
  Scenario Outline: The manifests are those of this release
    Each release has a branch of its own. A run uses only the row of the release under test.
    Given the Kubeflow manifests are available
    Then the manifests are at the commit that this release pins
    And that commit is on the branch <branch>

    Examples:
      | branch        |
      | v1.7-branch   |
      | v1.8-branch   |
      | v1.9.1-branch |
      | v1.10-branch  |
      | v1.11-branch  |
      | release-26.03 |

  Scenario: The API server accepts all objects of the manifests
    Given the Kubeflow manifests are applied
    Then the cluster has every object of the manifests

  Scenario Outline: The namespaces of Kubeflow exist
    Given the Kubeflow manifests are applied
    Then the namespace <namespace> exists

    Examples:
      | namespace                 |
      | cert-manager              |
      | istio-system              |
      | auth                      |
      | knative-serving           |
      | kubeflow                  |

    Examples: Namespaces that only some releases have
      | namespace                 |
      | knative-eventing          |
      | oauth2-proxy              |
      | kubeflow-system           |
