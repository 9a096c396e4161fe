module kubeflow-lab.test/runc-bounded

go 1.21
