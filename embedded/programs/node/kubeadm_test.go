package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

func TestKubeadmConfig(t *testing.T) {
	text, err := kubeadmConfig(node{name: "k3d-lab-server-0", address: "172.20.0.3", kubernetes: kubernetesVersion{"v1.26.13", 26}, options: options{port: 7443, tlsSANs: []string{"k3d-lab-serverlb"}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"advertiseAddress: 172.20.0.3", "bindPort: 7443", "kubernetesVersion: v1.26.13", "name: k3d-lab-server-0", "clusterName: default", "controlPlaneEndpoint: 127.0.0.1:7443",
		"  - 127.0.0.1\n", "  - 0.0.0.0\n", "  - k3d-lab-serverlb\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("expected %q in\n%s", want, text)
		}
	}
}

func TestKubeadmConfigHasTheFormatOfTheVersion(t *testing.T) {
	for minor, expected := range map[int]string{25: "v1beta3", 29: "v1beta3", 32: "v1beta4", 34: "v1beta4"} {
		text, err := kubeadmConfig(node{kubernetes: kubernetesVersion{minor: minor}})
		if err != nil || strings.Count(text, "apiVersion: kubeadm.k8s.io/"+expected) != 2 {
			t.Errorf("1.%d: expected two documents of %s, seen %v and\n%s", minor, expected, err, text)
		}
	}
}

func TestReadAdminKubeconfigPrefersTheUserWithRights(t *testing.T) {
	directory := t.TempDir()
	if _, err := readAdminKubeconfig(directory); err == nil {
		t.Error("expected an error if kubeadm has written no kubeconfig")
	}
	for _, name := range []string{"admin.conf", "super-admin.conf"} {
		if err := os.WriteFile(filepath.Join(directory, name), []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
		if content, err := readAdminKubeconfig(directory); err != nil || string(content) != name {
			t.Errorf("expected %s, seen %q and %v", name, content, err)
		}
	}
}

const kubeadmKubeconfig = `
apiVersion: v1
kind: Config
clusters: [{name: default, cluster: {server: "https://127.0.0.1:6443", certificate-authority-data: Y2E=}}]
users: [{name: kubernetes-admin, user: {client-certificate-data: Y2VydA==, client-key-data: a2V5}}]
contexts: [{name: kubernetes-admin@default, context: {cluster: default, user: kubernetes-admin}}]
current-context: kubernetes-admin@default
preferences: {}
`

func TestKubeconfigHasTheNamesThatK3dReads(t *testing.T) {
	parsed, err := parseKubeconfig([]byte(kubeadmKubeconfig))
	if err != nil {
		t.Fatal(err)
	}
	text, err := yaml.Marshal(parsed.withName("default"))
	if err != nil {
		t.Fatal(err)
	}
	reparsed, err := parseKubeconfig(text)
	if err != nil {
		t.Fatal(err)
	}
	if reparsed.Clusters[0].Name != "default" || reparsed.Users[0].Name != "default" || reparsed.Contexts[0].Name != "default" ||
		reparsed.Contexts[0].Context.User != "default" || reparsed.Contexts[0].Context.Cluster != "default" || reparsed.CurrentContext != "default" {
		t.Errorf("expected the name default everywhere, seen\n%s", text)
	}
	if user := reparsed.Users[0].User; string(user.Certificate) != "cert" || string(user.Key) != "key" || string(reparsed.Clusters[0].Cluster.CA) != "ca" {
		t.Errorf("expected unchanged credentials, seen\n%s", text)
	}
	if parsed.Users[0].Name != "kubernetes-admin" {
		t.Error("expected the original to be unchanged")
	}
}

func TestKubeconfigWithoutUser(t *testing.T) {
	if _, err := parseKubeconfig([]byte("clusters: [{name: a}]")); err == nil || !strings.Contains(err.Error(), "seen 1, 0 and 0") {
		t.Errorf("expected an error with the numbers of entries, seen %v", err)
	}
}
