package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"sigs.k8s.io/yaml"
)

// object is a piece of YAML or JSON.
type object = map[string]any

// kubeadmConfig tells kubeadm what the certificates and kubeconfigs are for. Nothing else of kubeadm is used.
func kubeadmConfig(n node) (string, error) {
	return documents(object{
		"apiVersion":       "kubeadm.k8s.io/v1beta3",
		"kind":             "InitConfiguration",
		"localAPIEndpoint": object{"advertiseAddress": n.address, "bindPort": n.port},
		// Named, so that kubeadm does not look for one.
		"nodeRegistration": object{"name": n.name, "criSocket": "unix://" + containerdSocket},
	}, object{
		"apiVersion": "kubeadm.k8s.io/v1beta3",
		"kind":       "ClusterConfiguration",
		// The names in its kubeconfig by which k3d finds cluster, user and context (pkg/client/kubeconfig.go,
		// KubeconfigGet, dereferences "default" unchecked); kubeadm takes the cluster's from here.
		"clusterName": "default",
		// Only to keep kubeadm from asking the internet for the newest one; certificates do not depend on it.
		"kubernetesVersion":    "v1.25.4",
		"certificatesDir":      pkiDirectory,
		"controlPlaneEndpoint": fmt.Sprintf("127.0.0.1:%d", n.port),
		"networking":           object{"serviceSubnet": serviceSubnet, "podSubnet": podSubnet, "dnsDomain": clusterDomain},
		"apiServer":            object{"certSANs": append([]string{"127.0.0.1", "0.0.0.0", "localhost"}, n.tlsSANs...)},
		// "External" means no certificates for it: etcd is reached by plain HTTP on the loopback interface.
		"etcd": object{"external": object{"endpoints": []string{etcdURL}}},
	})
}

func makeCertificates() error {
	_, err := kubeadm("init", "phase", "certs", "all", "--config="+kubeadmConfigFile)
	return err
}

// makeKubeconfigs writes the kubeconfigs of the programs and of the administrator, and gives the administrator's access
// to the API server.
func makeKubeconfigs(n node) (*apiClient, error) {
	if _, err := kubeadm("init", "phase", "kubeconfig", "all", "--config="+kubeadmConfigFile, "--kubeconfig-dir="+kubeconfigDirectory); err != nil {
		return nil, err
	}
	// kubeadm runs kube-proxy as a pod and has no phase for its kubeconfig. The user is the one that the API server's
	// own ClusterRoleBinding system:node-proxier names.
	proxy, err := kubeadm("kubeconfig", "user", "--client-name=system:kube-proxy", "--config="+kubeadmConfigFile)
	if err != nil {
		return nil, err
	}
	if err := write(filepath.Join(kubeconfigDirectory, "kube-proxy.conf"), string(proxy), 0o600); err != nil {
		return nil, err
	}
	content, err := os.ReadFile(filepath.Join(kubeconfigDirectory, "admin.conf"))
	if err != nil {
		return nil, fmt.Errorf("kubeadm left no kubeconfig of the administrator: %w", err)
	}
	admin, err := parseKubeconfig(content)
	if err != nil {
		return nil, err
	}
	content, err = yaml.Marshal(admin.renamed("default"))
	if err != nil {
		return nil, fmt.Errorf("the kubeconfig of the administrator could not be written: %w", err)
	}
	for _, path := range []string{adminKubeconfig, n.kubeconfig} {
		if path == "" {
			continue // K3S_KUBECONFIG_OUTPUT is not set
		}
		if err := write(path, string(content), 0o600); err != nil {
			return nil, err
		}
	}
	return newAPIClient(admin)
}

func kubeadm(args ...string) ([]byte, error) {
	command := exec.Command("kubeadm", args...)
	output, err := command.Output()
	if failure, ok := err.(*exec.ExitError); ok {
		return nil, fmt.Errorf("kubeadm %v failed (%w): %s%s", args, err, output, failure.Stderr)
	} else if err != nil {
		return nil, fmt.Errorf("kubeadm could not be started: %w; is it in the image?", err)
	}
	return output, nil
}

// documents renders objects as one file.
func documents(objects ...object) (string, error) {
	var file string
	for _, each := range objects {
		text, err := yaml.Marshal(each)
		if err != nil {
			return "", fmt.Errorf("%v could not be rendered: %w", each["kind"], err)
		}
		file += "---\n" + string(text)
	}
	return file, nil
}
