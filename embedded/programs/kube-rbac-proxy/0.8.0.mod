module kubeflow-lab.test/kube-rbac-proxy

go 1.13

require (
	github.com/ghodss/yaml v1.0.0
	github.com/oklog/run v1.0.0
	github.com/spf13/pflag v1.0.5
	golang.org/x/net v0.0.0-20200707034311-ab3426394381
	gopkg.in/yaml.v2 v2.2.8
	k8s.io/api v0.19.2
	k8s.io/apimachinery v0.19.2
	k8s.io/apiserver v0.19.2
	k8s.io/client-go v0.19.2
	k8s.io/component-base v0.19.2
	k8s.io/klog/v2 v2.3.0
)

require github.com/brancz/kube-rbac-proxy v0.8.0
