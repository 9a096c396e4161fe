// Command hyperkube contains all programs of Kubernetes in one binary, and runs the program by whose name it is called.
//
// The programs share most of their code, so one binary has a third of the size of separate ones, and is linked only
// once.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"          // --logging-format=json, as in the separate programs
	_ "k8s.io/component-base/metrics/prometheus/clientgo" // metrics of the clients
	_ "k8s.io/component-base/metrics/prometheus/version"  // metric of the version
	kubectl "k8s.io/kubectl/pkg/cmd"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	proxy "k8s.io/kubernetes/cmd/kube-proxy/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kubeadm "k8s.io/kubernetes/cmd/kubeadm/app"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"
)

var programs = map[string]func() int{
	"kube-apiserver":          runner(apiserver.NewAPIServerCommand),
	"kube-controller-manager": runner(controllermanager.NewControllerManagerCommand),
	"kube-scheduler":          runner(func() *cobra.Command { return scheduler.NewSchedulerCommand() }),
	"kube-proxy":              runner(proxy.NewProxyCommand),
	"kubelet":                 runner(kubelet.NewKubeletCommand),
	"kubectl":                 runner(kubectl.NewDefaultKubectlCommand),
	"kubeadm":                 runKubeadm,
}

// runner returns a function that runs a command and returns its exit code.
func runner(command func() *cobra.Command) func() int {
	return func() int { return cli.Run(command()) }
}

// runKubeadm runs kubeadm and returns its exit code. kubeadm prints its errors itself before it returns them.
func runKubeadm() int {
	if err := kubeadm.Run(); err != nil {
		return 1
	}
	return 0
}

func main() {
	name := filepath.Base(os.Args[0])
	if program, found := programs[name]; found {
		os.Exit(program())
	}
	names := make([]string, 0, len(programs))
	for program := range programs {
		names = append(names, program)
	}
	slices.Sort(names)
	fmt.Fprintf(os.Stderr, "hyperkube: unknown program %q; call it through a link with one of the names %v\n", name, names)
	os.Exit(2)
}
