// The requirements of each version are in VERSION.mod; without this file, go build would not accept them.
module kubeflow-lab.test/pipelines

go 1.21
