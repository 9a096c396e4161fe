module kubeflow-lab.test/certgen

go 1.21
