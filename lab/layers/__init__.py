"""The layers of the installation, from the Docker network to Kubeflow's entry points."""
