package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"

	"sigs.k8s.io/yaml"
)

// object is an object of YAML or JSON.
type object = map[string]any

// kubeadmConfig returns the configuration from which kubeadm creates certificates and kubeconfigs. Nothing else of
// kubeadm is used.
func kubeadmConfig(n node) (string, error) {
	apiVersion := "kubeadm.k8s.io/v1beta4"
	if n.kubernetes.minor < 31 {
		apiVersion = "kubeadm.k8s.io/v1beta3"
	}
	return marshalDocuments(object{
		"apiVersion":       apiVersion,
		"kind":             "InitConfiguration",
		"localAPIEndpoint": object{"advertiseAddress": n.address, "bindPort": n.port},
		// Set explicitly, so that kubeadm does not search for a container runtime.
		"nodeRegistration": object{"name": n.name, "criSocket": "unix://" + containerdSocket},
	}, object{
		"apiVersion": apiVersion,
		"kind":       "ClusterConfiguration",
		// k3d finds cluster, user and context in the kubeconfig by the name "default" (pkg/client/kubeconfig.go,
		// KubeconfigGet, dereferences the entry unchecked); kubeadm takes the cluster's name from here.
		"clusterName": "default",
		// Without a version kubeadm would ask the internet for the newest one, and it rejects other minor versions than
		// its own.
		"kubernetesVersion":    n.kubernetes.text,
		"certificatesDir":      pkiDirectory,
		"controlPlaneEndpoint": fmt.Sprintf("127.0.0.1:%d", n.port),
		"networking":           object{"serviceSubnet": serviceSubnet, "podSubnet": podSubnet, "dnsDomain": clusterDomain},
		"apiServer":            object{"certSANs": append([]string{"127.0.0.1", "0.0.0.0", "localhost"}, n.tlsSANs...)},
		// For an external etcd kubeadm creates no certificates: it is reached by plain HTTP on the loopback interface.
		"etcd": object{"external": object{"endpoints": []string{etcdURL}}},
	})
}

// createCertificates writes the certificate authorities, and the certificates and keys that they sign.
func createCertificates() error {
	_, err := kubeadm("init", "phase", "certs", "all", "--config="+kubeadmConfigFile)
	return err
}

// createKubeconfigs writes the kubeconfigs of the programs and of the administrator, and returns a client of the API
// server with the administrator's credentials.
func createKubeconfigs(n node) (*apiClient, error) {
	if _, err := kubeadm("init", "phase", "kubeconfig", "all", "--config="+kubeadmConfigFile, "--kubeconfig-dir="+kubeconfigDirectory); err != nil {
		return nil, err
	}
	// kubeadm runs kube-proxy as a pod and has no phase for its kubeconfig. The user is the subject of the API server's
	// built-in ClusterRoleBinding system:node-proxier.
	proxy, err := kubeadm("kubeconfig", "user", "--client-name=system:kube-proxy", "--config="+kubeadmConfigFile)
	if err != nil {
		return nil, err
	}
	if err := writeFile(filepath.Join(kubeconfigDirectory, "kube-proxy.conf"), string(proxy), 0o600); err != nil {
		return nil, err
	}
	content, err := readAdminKubeconfig(kubeconfigDirectory)
	if err != nil {
		return nil, err
	}
	admin, err := parseKubeconfig(content)
	if err != nil {
		return nil, err
	}
	content, err = yaml.Marshal(admin.withName("default"))
	if err != nil {
		return nil, fmt.Errorf("the administrator's kubeconfig could not be rendered: %w", err)
	}
	for _, path := range []string{adminKubeconfig, n.kubeconfig} {
		if path == "" {
			continue // K3S_KUBECONFIG_OUTPUT is not set
		}
		if err := writeFile(path, string(content), 0o600); err != nil {
			return nil, err
		}
	}
	return newAPIClient(admin)
}

// readAdminKubeconfig returns the administrator's kubeconfig of kubeadm. From Kubernetes 1.29 on, the user of admin.conf
// has no rights before a ClusterRoleBinding exists, and super-admin.conf has the user that needs none.
func readAdminKubeconfig(directory string) ([]byte, error) {
	content, err := os.ReadFile(filepath.Join(directory, "super-admin.conf"))
	if errors.Is(err, fs.ErrNotExist) {
		content, err = os.ReadFile(filepath.Join(directory, "admin.conf"))
	}
	if err != nil {
		return nil, fmt.Errorf("the administrator's kubeconfig of kubeadm could not be read: %w", err)
	}
	return content, nil
}

// kubeadm runs kubeadm and returns its standard output.
func kubeadm(args ...string) ([]byte, error) {
	command := exec.Command("kubeadm", args...)
	output, err := command.Output()
	if failure, ok := err.(*exec.ExitError); ok {
		return nil, fmt.Errorf("kubeadm %v failed (%w): %s%s", args, err, output, failure.Stderr)
	} else if err != nil {
		return nil, fmt.Errorf("kubeadm could not be started: %w; check that the image contains it", err)
	}
	return output, nil
}

// marshalDocuments returns objects as the YAML documents of one file.
func marshalDocuments(objects ...object) (string, error) {
	var file string
	for _, document := range objects {
		text, err := yaml.Marshal(document)
		if err != nil {
			return "", fmt.Errorf("%v could not be rendered: %w", document["kind"], err)
		}
		file += "---\n" + string(text)
	}
	return file, nil
}
