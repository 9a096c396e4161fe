@kubeflow @versions
Feature: The components have the versions of this release
  A Kubeflow release is a set of components, each at a version of its own. What is installed tells it by the tag of an
  image, or by a label where images are named by digest. Some tags name a commit in place of the version. Where a lab has
  a stand-in, the version is that of the seat. The table of components, at the end of each run, has both versions, what was
  compared, and what sits there.

  Scenario Outline: <component> has the version of this release
    Given Kubeflow is installed
    Then what is installed of <component> has the version of this release

    Examples: Kubeflow's components
      | component              |
      | Training Operator      |
      | Notebook Controller    |
      | Tensorboard Controller |
      | Central Dashboard      |
      | Profiles + KFAM        |
      | PodDefaults Webhook    |
      | Jupyter Web App        |
      | Tensorboards Web App   |
      | Volumes Web App        |
      | Katib                  |
      | KServe                 |
      | KServe Models Web App  |
      | Kubeflow Pipelines     |

    Examples: Common components
      | component        |
      | Istio            |
      | Knative Serving  |
      | Knative Eventing |
      | Cert Manager     |

  Scenario Outline: <component> is in the manifests, and is not installed
    Given Kubeflow is installed
    Then the manifests have a folder of <component>
    And no workload of the cluster has an image of <component>

    Examples:
      | component                 |
      | Kubeflow Tekton Pipelines |

  Scenario: No component of this release is left out
    Given Kubeflow is installed
    Then every component of this release has its version, or is not installed where the release leaves it out
