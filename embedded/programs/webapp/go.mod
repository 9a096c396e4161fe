module kubeflow-lab.test/webapp

go 1.26
