@kubeflow @versions
Feature: The components have the versions of this release
  A Kubeflow release is a set of components, each at a version of its own. What is installed is told by the names of the
  images. Where a lab has stand-ins, this is the version of the seat; the table of stand-ins, at the end of each run, tells
  what sits in it.

  Scenario Outline: <component> has its version
    Given Kubeflow is installed
    Then <workload> in <namespace> runs version <version> of its image

    Examples: Kubeflow's components
      | component              | namespace | workload                         | version       |
      | Notebook Controller    | kubeflow  | notebook-controller-deployment   | v1.7.0        |
      | Tensorboard Controller | kubeflow  | tensorboard-controller-deployment | v1.7.0       |
      | Central Dashboard      | kubeflow  | centraldashboard                 | v1.7.0        |
      | Profiles + KFAM        | kubeflow  | profiles-deployment              | v1.7.0        |
      | PodDefaults Webhook    | kubeflow  | admission-webhook-deployment     | v1.7.0        |
      | Jupyter Web App        | kubeflow  | jupyter-web-app-deployment       | v1.7.0        |
      | Tensorboards Web App   | kubeflow  | tensorboards-web-app-deployment  | v1.7.0        |
      | Volumes Web App        | kubeflow  | volumes-web-app-deployment       | v1.7.0        |
      | Katib                  | kubeflow  | katib-controller                 | v0.15.0       |
      | KServe                 | kubeflow  | kserve-controller-manager        | v0.10.0       |
      | KServe Models Web App  | kubeflow  | kserve-models-web-app            | v0.10.0       |
      | Kubeflow Pipelines     | kubeflow  | ml-pipeline                      | 2.0.0-alpha.7 |

    Examples: Common components
      | component    | namespace    | workload     | version |
      | Istio        | istio-system | istiod       | 1.16.0  |
      | Cert Manager | cert-manager | cert-manager | v1.10.1 |
