@kubeflow @versions
Feature: The components have the versions of this release
  A Kubeflow release is a set of components, each at a version of its own. What is installed tells it by the tag of an
  image, or by a label where images are named by digest. Some tags name a commit in place of the version. Where a lab has
  a stand-in, the version is that of the seat. The table of components, at the end of each run, has both versions, what was
  compared, and what sits there. Of the tables here, a run takes the rows that its release has.

  Scenario Outline: <component> has the version of this release
    Given Kubeflow is installed
    Then what is installed of <component> has the version of this release

    Examples: Kubeflow's components
      | component              |
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
      | Cert Manager     |

    Examples: Components that not all releases have, or install
      | component             |
      | Training Operator     |
      | Knative Eventing      |
      | PVC Viewer Controller |
      | Spark Operator        |
      | Dex                   |
      | OAuth2-Proxy          |
      | Trainer               |

  Scenario Outline: <uninstalled> is in the manifests, and is not installed
    Given Kubeflow is installed
    Then the manifests have a folder of <uninstalled>
    And no workload of the cluster has an image of <uninstalled>

    Examples:
      | uninstalled               |
      | Kubeflow Tekton Pipelines |

    Examples: Components that other releases leave out
      | uninstalled               |
      | Training Operator         |
      | Knative Eventing          |
      | Kubeflow Model Registry   |

  Scenario: No component of this release is left out
    Given Kubeflow is installed
    Then every component of this release has its version, or is not installed where the release leaves it out
