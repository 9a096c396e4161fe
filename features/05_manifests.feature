@kubeflow
Feature: Kubeflow is installed from its manifests
  Kubeflow is a tree of manifests. One command builds all of them and applies them, again and again: some objects need
  others to be there first, so the first rounds fail in part. The loop knows which refusals will pass and which will not.

  @pinned
  Scenario Outline: The manifests are those of this release
    Each release has a branch of its own; of this table, a run takes the row of the release that it is about.
    Given Kubeflow's manifests
    Then they are at the commit that this release pins
    And that commit is on the branch <branch>

    Examples:
      | branch        |
      | v1.7-branch   |
      | v1.8-branch   |
      | v1.9.1-branch |
      | v1.10-branch  |
      | v1.11-branch  |

  Scenario: All objects of the manifests are accepted
    Given Kubeflow is applied
    Then every object of the manifests is in the cluster

  Scenario Outline: The namespaces of Kubeflow are there
    Given Kubeflow is applied
    Then there is a namespace <namespace>

    Examples:
      | namespace                 |
      | cert-manager              |
      | istio-system              |
      | auth                      |
      | knative-serving           |
      | kubeflow                  |

    Examples: Namespaces that not all releases have
      | namespace                 |
      | knative-eventing          |
      | oauth2-proxy              |
      | kubeflow-system           |
