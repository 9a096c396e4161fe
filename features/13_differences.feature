@kubeflow @differences
Feature: The objects in the cluster are as the manifests define them
  An object that exists may have been changed since it was applied: a Service that selects other pods, or a route that
  leads to another program, breaks Kubeflow at another place. What matters is compared: selectors and ports, images,
  commands and environment variables, routes, policies and webhooks. Defaults, fields that controllers fill, additional
  ports and variables, mirrors of registries, and settings of the owner, such as those of cookies, are no differences.

  Scenario Outline: The <objects> are as the manifests define them
    Given the Kubeflow manifests are applied
    Then the <objects> in the cluster do not differ from the manifests

    Examples:
      | objects                |
      | Services               |
      | workloads              |
      | routes                 |
      | policies               |
      | webhook configurations |
      | Certificates           |
