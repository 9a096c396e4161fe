@kubeflow @versions
Feature: The components have the versions of this release
  A Kubeflow release is a set of components, each with a version of its own. The installed version is read from the tag
  of an image, or from a label if the image is referenced by digest. Some tags name a commit instead of a version. If
  the lab has a stand-in for a component, the version is the version of that component. At the end of each run, a table
  lists for each component both versions, the values that were compared, and the program that implements it. Of the
  tables in this feature, a run uses only the rows that apply to its release.

  Scenario Outline: <component> has the version of this release
    Given Kubeflow is installed
    Then the installed version of <component> is the version of this release

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

    Examples: Components that only some releases have or install
      | component             |
      | Training Operator     |
      | Knative Eventing      |
      | PVC Viewer Controller |
      | Spark Operator        |
      | Dex                   |
      | OAuth2-Proxy          |
      | Trainer               |

  Scenario Outline: <uninstalled> is part of the manifests and is not installed
    Given Kubeflow is installed
    Then the manifests contain <uninstalled>
    And no workload of the cluster uses an image of <uninstalled>

    Examples:
      | uninstalled               |
      | Kubeflow Tekton Pipelines |

    Examples: Components that some other releases do not install
      | uninstalled               |
      | Training Operator         |
      | Knative Eventing          |
      | Kubeflow Model Registry   |

  Scenario: Every component of this release has the expected state
    Given Kubeflow is installed
    Then every component has the version of this release, or is absent if this release does not install it
